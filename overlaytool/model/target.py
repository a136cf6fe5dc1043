"""The names of targets: what a package can be built into, or built for."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import ClassVar, Self, cast


class TargetKind(StrEnum):
    """The kinds of targets. What is particular to each is in :mod:`overlaytool.flatcar.targets`."""

    IMAGE = "image"
    """The production image."""
    BOARD = "board"
    """What is built for a board beside the image: binary packages."""
    SDK = "sdk"
    """The tools of the build host."""
    BASE_SYSEXT = "base-sysext"
    """A system extension that comes with the image: containerd, docker."""
    SYSEXT = "sysext"
    """A system extension that is an image file of its own."""
    OEM = "oem"
    """What an image has for one vendor or cloud."""
    DEV = "dev"
    """The developer container."""
    SDK_BUILD = "sdk-build"
    """What only the SDK's own build asks for: ``sdk-build:stage1``."""


NAMED = frozenset({TargetKind.BASE_SYSEXT, TargetKind.SYSEXT, TargetKind.OEM, TargetKind.SDK_BUILD})
"""The kinds of which there are several: the name follows a colon."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+_.-]*")


class Into(str):
    """A target's name: ``image``, ``board``, ``sdk``, ``sysext:zfs``, ``oem:azure``, ``base-sysext:docker``.

    In documents it is this text. The same text always gives the same object.
    """

    __slots__ = ()
    IMAGE: ClassVar[Into]
    BOARD: ClassVar[Into]
    SDK: ClassVar[Into]
    _known: ClassVar[dict[str, Into]] = {}

    def __new__(cls, text: str) -> Self:
        """:raises ValueError: for text that names no kind of target."""
        known = cls._known.get(text)
        if known is None:
            kind, colon, name = text.partition(":")
            if (
                kind not in TargetKind
                or bool(colon) != (kind in NAMED)
                or (colon and not _NAME.fullmatch(name))
            ):
                raise ValueError(f"{text!r} is no target: {', '.join(forms())}")
            known = cls._known[str(text)] = super().__new__(cls, text)
        return cast("Self", known)

    @property
    def kind(self) -> TargetKind:
        """The part before the colon."""
        return TargetKind(self.partition(":")[0])

    @property
    def name(self) -> str:
        """The part after the colon; empty where there is only one target of the kind."""
        return self.partition(":")[2]


Into.IMAGE, Into.BOARD, Into.SDK = Into("image"), Into("board"), Into("sdk")


def forms() -> tuple[str, ...]:
    """How a target can be written, for messages."""
    return tuple(f"{kind}:NAME" if kind in NAMED else str(kind) for kind in TargetKind)


def encode_target(value: object) -> str:
    """For msgspec's ``enc_hook``: a target's name as text.

    :raises NotImplementedError: for anything else.
    """
    if isinstance(value, Into):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} has no place in a document")


def decode_target(kind: type, value: object) -> object:
    """For msgspec's ``dec_hook``: a target's name from text.

    :raises ValueError: for text that names none, and for anything else.
    """
    if kind is Into and isinstance(value, str):
        return Into(value)
    raise ValueError(f"expected {kind.__name__}")
