"""Whether the metadata of an ebuild can be read at all: checked before anything parses it.

Portage masks an ebuild with an invalid LICENSE or RDEPEND; so it is passed over here, and others go on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from overlaytool.ebuild.evaluate import USE_CONDITION, evaluate_structure
from overlaytool.errors import MalformedAtomError

DEPENDENCIES = ("DEPEND", "RDEPEND", "BDEPEND", "PDEPEND", "IDEPEND")
LONGEST = 1 << 20
"""Characters of one variable. The longest SRC_URI of Gentoo's tree has a tenth of that."""

_LICENSE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9+_.-]*")
_GROUPED = re.compile(r"[()|^?]")


def problem(metadata: Mapping[str, object]) -> str | None:
    """Why the metadata of an ebuild is invalid, in words; None where it is not.

    :param metadata: variable to value, as the ebuild has it.
    """
    for key, value in metadata.items():
        if not isinstance(value, str):
            continue
        if len(value) > LONGEST:
            return f"{key} has {len(value)} characters"
        reason = _CHECKS[key](value) if key in _CHECKS else None
        if reason is not None:
            return f"{key} is invalid: {reason}"
    return None


def _grouped(text: str) -> str | None:
    """Groups that nest properly, ``||`` and USE conditions before them (PMS section 8.2)."""
    if _GROUPED.search(text) is None:
        return None
    try:
        evaluate_structure(text)
    except MalformedAtomError as error:
        return error.details[0]
    return None


def _license(text: str) -> str | None:
    reason = _grouped(text)
    if reason is not None:
        return reason
    for word in text.split():
        if (
            word not in ("||", "(", ")")
            and not USE_CONDITION.fullmatch(word)
            and not _LICENSE.fullmatch(word)
        ):
            return f"{word[:80]!r} is no licence"
    return None


def _required_use(text: str) -> str | None:
    """The same with the operators of PMS section 7.3.4; without their groups they are dependency strings."""
    words = text.split()
    if any(
        word in ("^^", "??") and words[place + 1 : place + 2] != ["("] for place, word in enumerate(words)
    ):
        return "an operator without a group"
    return _grouped(" ".join(word for word in words if word not in ("^^", "??")))


def _src_uri(text: str) -> str | None:
    """Addresses, each with another name after an arrow or none (PMS section 7.3.2)."""
    reason = _grouped(text)
    words = text.split()
    if reason is None and "->" in words:
        for place, word in enumerate(words):
            if word == "->" and not (_is_plain(words, place - 1) and _is_plain(words, place + 1)):
                return "an arrow without a name"
    return reason


def _is_plain(words: Sequence[str], place: int) -> bool:
    return 0 <= place < len(words) and words[place] not in ("(", ")", "||", "->") and words[place][-1] != "?"


_CHECKS = {
    **dict.fromkeys((*DEPENDENCIES, "PROPERTIES", "RESTRICT"), _grouped),
    "LICENSE": _license,
    "REQUIRED_USE": _required_use,
    "SRC_URI": _src_uri,
}
