"""RESTRICT and PROPERTIES of an ebuild (PMS sections 7.3.6, 7.3.7), and what a profile accepts of them.

Portage looks at them as at licences: ACCEPT_RESTRICT and ACCEPT_PROPERTIES of the last make.defaults that
sets them, ``*`` where none does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from overlaytool.ebuild.evaluate import words

VARIABLES = {"RESTRICT": "ACCEPT_RESTRICT", "PROPERTIES": "ACCEPT_PROPERTIES"}


def tokens(ebuild: Any, variable: str, use: Collection[str]) -> tuple[str, ...]:
    """The tokens of RESTRICT or PROPERTIES under these enabled USE flags, each once.

    :raises MalformedAtomError: when the variable cannot be parsed.
    """
    text = ebuild.data.get(variable, "")
    return tuple(dict.fromkeys(words(text, use))) if text else ()


def unaccepted(found: Iterable[str], accepted: Iterable[str]) -> Iterator[str]:
    """Those of the tokens that a profile does not accept.

    :param accepted: the value of ACCEPT_RESTRICT or ACCEPT_PROPERTIES, a word each.
    """
    found = tuple(found)
    allowed: set[str] = set()
    for word in accepted:
        if word == "*":
            allowed |= set(found)
        elif word == "-*":
            allowed.clear()
        elif word.startswith("-"):
            allowed.discard(word[1:])
        else:
            allowed.add(word)
    return (token for token in found if token not in allowed)
