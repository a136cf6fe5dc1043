"""One exit status for each kind of error, and the documents name them all."""

from __future__ import annotations

import re
from pathlib import Path

from overlaytool import errors
from overlaytool.errors import IMAGE_REFUSED, WORK_LEFT, OverlaytoolError

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, OverlaytoolError) and kind is not OverlaytoolError
]


def test_no_two_kinds_of_error_share_an_exit_status() -> None:
    statuses = [kind.exit_status for kind in KINDS]
    assert len({*statuses, WORK_LEFT, IMAGE_REFUSED}) == len(statuses) + 2
    assert min(statuses) == 2  # wrong usage, as everywhere


def test_the_documents_list_every_exit_status() -> None:
    page = Path(__file__).parents[2].joinpath("docs/exit-status.md").read_text(encoding="utf-8")
    listed = {int(number) for number in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert listed == {0, 1, 2, WORK_LEFT, IMAGE_REFUSED, 70, 130, *(kind.exit_status for kind in KINDS)}
