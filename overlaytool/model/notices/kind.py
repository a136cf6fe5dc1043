"""A kind of notice, and how one becomes the record that plans and documents hold."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct
from msgspec.structs import asdict

from overlaytool.model.resolution import Notice


class NoticeKind(Struct, frozen=True, kw_only=True):
    """Base of the kinds. The fields of a kind fill in the ``{names}`` of what it says and of its hint.

    A kind's docstring says when it is given; docs/notices.md is made from these classes.
    """

    reference: ClassVar[str]
    """A stable word for scripts: ``image-masked``."""
    says: ClassVar[str]
    """The message, without a full stop."""
    hint: ClassVar[str | None] = None
    """What to do; None where nothing has to be done."""

    @property
    def notice(self) -> Notice:
        """The record of it."""
        values = asdict(self)
        hint = self.hint.format(**values) if self.hint is not None else None
        return Notice(reference=self.reference, message=self.says.format(**values), hint=hint)
