"""Turns pkgcore's exceptions about files that it cannot read into errors with a file and a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pkgcore.ebuild.errors import MalformedAtom
from pkgcore.ebuild.profiles import ProfileError
from pkgcore.package.errors import MetadataException
from pkgcore.repository.errors import RepoError
from snakeoil.bash import BashParseError

from overlaytool.errors import CheckoutError, MalformedAtomError, MetadataError, OverlaytoolError
from overlaytool.support.files import read_bytes

_HINT = "git status in that tree shows whether the file was changed"
_BASH = re.compile(
    r"error parsing '(?P<file>.*)' on or before line (?P<line>\d+)(?:: err (?P<reason>.*))?", re.S
)


@contextmanager
def pkgcore_faults_as_errors() -> Iterator[None]:
    """Turn the errors of pkgcore that come out of a command into ours.

    :raises CheckoutError: for a file of a profile or repository.
    :raises MetadataError: for an ebuild.
    """
    try:
        yield
    except (ProfileError, BashParseError, MetadataException, RepoError, MalformedAtom) as error:
        raise _ours(error) from error


def _ours(error: Exception) -> OverlaytoolError:
    if isinstance(error, MetadataException):
        return MetadataError(
            f"the metadata of {error.pkg} cannot be read",
            details=(" ".join(str(error.msg()).split()),),
            hint="ask for another version, or report it to the tree's owner",
        )
    if isinstance(error, ProfileError):
        file = Path(error.path, error.filename or "")
        return _of_file(file, str(error.error), _line(file, error.error))
    found = _BASH.fullmatch(str(error)) if isinstance(error, BashParseError) else None
    if found is not None:
        return _of_file(Path(found["file"]), found["reason"] or "it is not closed", int(found["line"]))
    if isinstance(error, MalformedAtom):
        return MalformedAtomError("a tree has what is no package atom", details=(str(error),), hint=_HINT)
    return CheckoutError("a tree cannot be read", details=(str(error),), hint=_HINT)


def _of_file(file: Path, reason: str, line: int | None) -> CheckoutError:
    where = f", line {line}" if line else ""
    return CheckoutError(f"{file} cannot be read", details=(f"{reason}{where}",), hint=_HINT)


def _line(file: Path, error: object) -> int | None:
    """The first line that is not UTF-8, where that is what is wrong."""
    if not isinstance(error, UnicodeDecodeError):
        cause = getattr(error, "__cause__", None)
        if not isinstance(cause, UnicodeDecodeError):
            return None
    try:
        lines = read_bytes(file).split(b"\n")
    except OSError:
        return None
    for number, line in enumerate(lines, 1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            return number
    return None
