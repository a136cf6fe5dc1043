"""The order for a worker of a survey: trees and question; and the check that the worker has the same."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from msgspec import Struct

from overlaytool.survey.line import SCHEMA

READERS = ("pkgcore", "snakeoil", "msgspec")
"""Libraries whose version may change an answer."""


class Order(Struct, frozen=True, kw_only=True):
    """One survey's question, for every worker."""

    checkout: str
    """Path of the checkout."""
    sources: tuple[tuple[str, str], ...]
    """Names and paths of the trees to import from, in order."""
    boards: tuple[str, ...]
    into: str
    accept_keywords: bool
    trust: bool
    """Whether ebuilds of any tree may be sourced where a worker cannot contain them."""
    trees: str
    """The digest of all their content, in hex: :attr:`.content.Content.total`. Empty: not to be checked."""
    code: str
    """The digest of overlaytool itself: :func:`code`."""

    @property
    def question(self) -> bytes:
        """A digest of what is asked about each package; not of the trees."""
        state = blake2b(digest_size=16)
        names = ",".join(name for name, _path in self.sources)
        for part in (SCHEMA, self.code, names, ",".join(self.boards), self.into, self.accept_keywords):
            state.update(f"{part}\0".encode())
        return state.digest()

    @property
    def name(self) -> str:
        """Something that another order does not have, short."""
        return blake2b(self.question + self.trees.encode(), digest_size=8).hexdigest()


@cache
def code() -> str:
    """A digest of this overlaytool, edited or not, and of the libraries that it reads trees with, in hex."""
    state = blake2b(digest_size=16)
    top = Path(__file__).parents[1]
    for path in sorted((*top.rglob("*.py"), *top.rglob("*.bash"))):
        state.update(str(path.relative_to(top)).encode() + path.read_bytes())
    for name in READERS:
        try:
            state.update(f"{name} {version(name)}".encode())
        except PackageNotFoundError:
            state.update(name.encode())
    return state.hexdigest()
