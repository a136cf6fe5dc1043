"""Hides overlaytool's own files from git in this clone only, in ``.git/info/exclude``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from overlaytool.errors import CheckoutError, GitError, WriteError
from overlaytool.git.repository import Repository


def exclude(checkout: Path, places: Iterable[Path]) -> tuple[str, ...]:
    """Keep files and directories of a checkout out of ``git status``, in this clone alone.

    :param places: those that are not below the checkout, or not there, are left out.
    :return: the lines that are new, ``/outgoing/``; nothing where the checkout is no clone.
    :raises WriteError: where the file cannot be written.
    """
    top = checkout.resolve()
    lines = [
        f"/{place.resolve().relative_to(top).as_posix()}{'/' if place.is_dir() else ''}"
        for place in places
        if place.exists() and place.resolve() != top and place.resolve().is_relative_to(top)
    ]
    try:
        repository = Repository.open(checkout)
        file = top / repository.line("rev-parse", "--git-path", "info/exclude")
    except (CheckoutError, GitError):
        return ()
    if not lines or repository.top.resolve() != top:
        return ()
    try:
        known = file.read_text(encoding="utf-8") if file.is_file() else ""
        new = tuple(line for line in lines if line not in known.splitlines())
        if new:
            file.parent.mkdir(parents=True, exist_ok=True)
            added = "".join(f"{line}\n" for line in new)
            file.write_text(f"{known.rstrip()}\n{added}".lstrip("\n"), encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{file} cannot be written: {error.strerror}") from None
    return new
