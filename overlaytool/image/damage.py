"""What a reader's library throws at a damaged or hostile image, as one kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from overlaytool.errors import ImageError, OverlaytoolError


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Say which file it is, where an error of a part of it does not.

    :raises ImageError: the same, with the path.
    """
    try:
        yield
    except ImageError as error:
        if str(path) in error.message:
            raise
        raise ImageError(f"{path}: {error.message}", details=error.details, hint=error.hint) from error


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever goes wrong inside into an :class:`ImageError` about ``what``.

    The libraries check little of what a disk declares, so a damaged one ends in almost any exception:
    EOFError, struct.error, IndexError, zlib.error, RecursionError. All of them say the same here.

    :raises ImageError: when anything but an error of ours comes out of the block.
    """
    try:
        yield
    except OverlaytoolError:
        raise
    except OSError as error:
        raise ImageError(f"{what} cannot be read", details=(error.strerror or str(error),)) from error
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise ImageError(
            f"{what} cannot be read: it is damaged, or made in a way that is not known here",
            details=(f"{type(error).__name__}: {said}" if said else type(error).__name__,),
        ) from error
