"""One emerge of a job."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from overlaytool.model.verdict import ViewKind


class Run(Struct, frozen=True, kw_only=True):
    """One emerge of a job, as :mod:`overlaytool.verify.inside` wants it."""

    view: ViewKind
    target: str
    """The root: ``board``, ``production`` or ``host``."""
    atoms: tuple[str, ...]
    options: dict[str, Any]
    binaries_of: ViewKind | None = None
    use: tuple[str, ...] = ()
    """USE flags in the environment."""
    name: str | None = None
    """The system extension or OEM that it is about alone."""

    def as_job(self) -> dict[str, Any]:
        """The run as plain data."""
        plain = {
            "view": self.view,
            "target": self.target,
            "atoms": list(self.atoms),
            "options": self.options,
            "use": " ".join(self.use),
        }
        return plain if self.binaries_of is None else {**plain, "binaries_of": self.binaries_of}
