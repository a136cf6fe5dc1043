"""What the stages really said, kept until the pull request is written.

One file of JSON lines for each content of the trees (`Evidence.tree`), in the user's state directory. A
series can so find what was tried on exactly its content, whether that was committed by then or not.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from overlaytool.errors import WriteError
from overlaytool.model.series import Evidence, Stage
from overlaytool.support.files import read_bytes

EXCERPT = 4000
"""Characters of output that are kept; the end, where programs say how it went."""


def record(state: Path, evidence: Evidence) -> None:
    """Keep what a stage said.

    :param state: the user's state directory, `Config.state`.
    :raises WriteError: when it cannot be written.
    """
    file = _file(state, evidence.tree)
    fields = msgspec.to_builtins(evidence) | {"output": evidence.output[-EXCERPT:]}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as lines:
            lines.write(json.dumps(fields, sort_keys=True).encode() + b"\n")
    except OSError as error:
        raise WriteError(f"{file} cannot be written: {error.strerror}") from error


def read(state: Path, tree: str) -> tuple[Evidence, ...]:
    """The last result of every stage that was tried on that content, cheapest stage first.

    A line that was cut short by a full disk or a crash is ignored.
    """
    try:
        lines = read_bytes(_file(state, tree)).splitlines()
    except OSError:
        return ()
    latest = {
        evidence.stage: evidence for evidence in map(_parse, lines) if evidence and evidence.tree == tree
    }
    return tuple(latest[stage] for stage in Stage if stage in latest)


def _file(state: Path, tree: str) -> Path:
    return state / "evidence" / f"{tree}.jsonl"


def _parse(line: bytes) -> Evidence | None:
    try:
        return msgspec.json.decode(line, type=Evidence)
    except (msgspec.MsgspecError, ValueError):
        return None
