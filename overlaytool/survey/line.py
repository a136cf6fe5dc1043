"""One package's line: what it would cost, or why it is refused. The same trees give the same bytes."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec import Struct, field

SCHEMA = 1


class Outcome(StrEnum):
    """What came of asking for a package."""

    FREE = "free"
    """On every board, and nothing changes but that the target asks for it."""
    POSSIBLE = "possible"
    """On every board, with what the line says."""
    PARTLY = "partly"
    """On some boards only."""
    MANUAL = "manual"
    """With work that a person has to do."""
    REFUSED = "refused"
    """Not at all."""
    FAILED = "failed"
    """overlaytool itself failed, or the worker died of it: nothing is known of the package."""


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a package cannot be had."""

    kind: str
    """The name of the error: ``masked``, ``keyword``, ``metadata``, ``unsatisfiable``, ``conflict``, …"""
    about: str | None
    """The package at which the search ended: the one asked for or one that it needs; None: no single one."""
    message: str
    chain: tuple[str, ...]
    """What led there and what was found, a line each."""
    hint: str | None
    """What to do about it."""


class Line(Struct, frozen=True, kw_only=True):
    """What one package would cost. Numbers count over all boards and the build host together."""

    schema: int = SCHEMA
    package: str
    """``category/name``."""
    source: str
    """The first tree that has it."""
    outcome: Outcome
    boards: tuple[str, ...] = ()
    """Where it can be had."""
    versions: tuple[str, ...] = ()
    """The CPVs that emerge would take, highest first where the boards differ."""
    description: str = ""
    licenses: str = ""
    """LICENSE of the first of these, USE conditionals evaluated."""
    adds: tuple[str, ...] = ()
    """Package directories that are new in the checkout, dependencies first."""
    updates: tuple[str, ...] = ()
    """Package directories of portage-stable that are replaced."""
    eclasses_added: tuple[str, ...] = ()
    eclasses_updated: tuple[str, ...] = ()
    license_texts: tuple[str, ...] = ()
    """Licence texts that the checkout lacks."""
    keywords: tuple[str, ...] = ()
    """Lines of package.accept_keywords."""
    use: tuple[str, ...] = ()
    """Lines of package.use."""
    download: int = 0
    """Bytes of all distfiles of what is copied and selected."""
    image: tuple[str, ...] = ()
    """The CPVs that the image gains."""
    masked: tuple[str, ...] = ()
    """What is said of masks in the production image."""
    warnings: tuple[str, ...] = ()
    """The other references of warnings, sorted: ``license-not-accepted``, ``use-dropped``, …"""
    manual_work: tuple[str, ...] = ()
    """What is left to a person, in words."""
    refusal: Refusal | None = None

    @property
    def imports(self) -> int:
        """How many directories are copied."""
        return len(self.adds) + len(self.updates)

    @property
    def can_be_had(self) -> bool:
        """Whether there is a plan for it, on one board at least."""
        return self.outcome not in (Outcome.REFUSED, Outcome.FAILED)

    @property
    def category(self) -> str:
        """The part before the slash."""
        return self.package.partition("/")[0]


class Answer(Struct, frozen=True, kw_only=True):
    """A line, and what it was made from."""

    line: Line
    asked: tuple[str, ...] = field(default_factory=tuple)
    """Every ``category/name`` that the trees were asked about, sorted, and names of :mod:`.content`."""


_encoder = msgspec.json.Encoder(order=None)
_decoder = msgspec.json.Decoder(Line)


def encode(line: Line) -> bytes:
    """One line of NDJSON, its newline included."""
    return _encoder.encode(line) + b"\n"


def decode(text: bytes) -> Line:
    """The line behind one line of NDJSON.

    :raises msgspec.MsgspecError: where it is none.
    """
    return _decoder.decode(text)
