"""What the last run for a board has done, kept in the user's state directory so that it is not done again."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from overlaytool.errors import WriteError
from overlaytool.model.build import BuildRun, StageName, StageRecord
from overlaytool.model.target import decode_target, encode_target


def directory(state: Path, container: str) -> Path:
    """Where the journal and the logs of a container are."""
    return state / "sdk" / container


def load(state: Path, container: str, board: str) -> BuildRun | None:
    """The last run for a board, None where there is none that can be read."""
    try:
        return msgspec.json.decode(
            _file(state, container, board).read_bytes(), type=BuildRun, dec_hook=decode_target
        )
    except (OSError, ValueError, msgspec.MsgspecError):
        return None  # written by another version, or cut off by a full disk: nothing is known of it


def save(state: Path, run: BuildRun) -> None:
    """Write the run down.

    :raises WriteError: when that is not possible.
    """
    path = _file(state, run.container, run.request.board)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(
            json.dumps(msgspec.to_builtins(run, enc_hook=encode_target), indent=1) + "\n", encoding="utf-8"
        )
        new.replace(path)
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror}") from error


def _file(state: Path, container: str, board: str) -> Path:
    return directory(state, container) / f"run-{board}.json"


def with_record(run: BuildRun, record: StageRecord) -> BuildRun:
    """The run with that stage ended; whatever came after it has to be done again."""
    order = list(StageName)
    earlier = tuple(known for known in run.stages if order.index(known.stage) < order.index(record.stage))
    return BuildRun(
        request=run.request,
        container=run.container,
        container_id=run.container_id,
        build_id=run.build_id,
        fingerprint=run.fingerprint,
        stages=(*earlier, record),
    )
