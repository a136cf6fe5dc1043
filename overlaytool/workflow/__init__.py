"""One function per command, composing the stages. Read this first, beginning with ``planning``.

    request --resolve--> resolution --plan--> plan --render--> change set --apply | commit--> files, series

=============  ====================================================
``workspace``  what a command works on
``planning``   plan, add, update
``why``        why
``series``     add --commit, pr
``proof``      verify, add --verify
``graph``      graph
``build``      sdk, doctor, add --build
``sync``       sync
``demo``       the trees of the demonstration
=============  ====================================================

What only one command needs is imported when that command is called.
"""

from overlaytool.workflow.planning import (
    Planned,
    add,
    check,
    interrupted,
    plan,
    prepare,
    recover,
    render,
    resolve,
)
from overlaytool.workflow.why import Why, why
from overlaytool.workflow.workspace import Workspace, open_workspace

__all__ = [
    "Planned",
    "Why",
    "Workspace",
    "add",
    "check",
    "interrupted",
    "open_workspace",
    "plan",
    "prepare",
    "recover",
    "render",
    "resolve",
    "why",
]
