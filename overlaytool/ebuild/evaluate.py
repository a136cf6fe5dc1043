"""Dependency strings (PMS section 8.2), parsed once and evaluated under a package's USE flags.

pkgcore parses each atom; the groups around them are read here, into plain tuples, since the same string
is evaluated for every board.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import NamedTuple

from pkgcore.ebuild.atom import atom as PkgcoreAtom
from pkgcore.ebuild.errors import MalformedAtom

from overlaytool.errors import MalformedAtomError
from overlaytool.model.dependency import AllOf, AnyOf, Atom, Dependency

USE_CONDITION = re.compile(r"(?P<negated>!?)(?P<flag>[A-Za-z0-9][A-Za-z0-9+_@-]*)\?")
USE_DEPENDENCY = re.compile(r"(?P<negated>!?)(?P<flag>[^?=!]+)(?P<kind>[?=])")

_parsed: dict[str, PkgcoreAtom] = {}
"""Every atom seen, by its text."""


DEEPEST = 100
"""Groups in one another. Gentoo's tree has no string with more than a tenth of that."""

LONGEST = 1000
"""Characters of an atom."""


class _Group(NamedTuple):
    """A group before evaluation: ``operator`` is ``""``, ``||``, or a USE condition as written."""

    operator: str
    children: tuple[_Group | str, ...]


def parse_atom(text: str) -> Atom:
    """An atom without USE conditionals.

    :raises MalformedAtomError: for text that PMS section 8.3 does not accept.
    """
    return _atom(text)


def parsed(atom: Atom) -> PkgcoreAtom:
    """pkgcore's atom behind one of ours."""
    return _parsed[atom.text]


def evaluate(text: str, use: Collection[str]) -> AllOf:
    """A dependency string under these enabled USE flags.

    :raises MalformedAtomError: when it cannot be parsed.
    """
    return _evaluate(text, frozenset(flag for flag in _flags_in(text) if flag in use))


@cache
def _evaluate(text: str, use: frozenset[str]) -> AllOf:
    """The same, given only the flags that the string depends on, so that boards share the cached result."""
    return AllOf(tuple(_evaluated(_parse(text).children, use)))


@cache
def _flags_in(text: str) -> frozenset[str]:
    """Every USE flag that a condition of the string is about."""
    return frozenset(_asked(_parse(text).children))


def _asked(children: tuple[_Group | str, ...]) -> Iterator[str]:
    for child in children:
        if isinstance(child, str):
            for flag in child.partition("[")[2].rstrip("]").split(","):
                if (found := USE_DEPENDENCY.fullmatch(flag)) is not None:
                    yield _without_default(found["flag"])
        else:
            if child.operator not in ("", "||"):
                yield child.operator.strip("!?")
            yield from _asked(child.children)


def words(text: str, use: Collection[str]) -> Iterator[str]:
    """The words of a LICENSE or SRC_URI under these enabled USE flags, groups laid flat.

    :raises MalformedAtomError: when it cannot be parsed.
    """
    return _words(_parse(text).children, use)


def lacking(text: str, have: Collection[str]) -> tuple[str, ...]:
    """The words that a LICENSE without USE conditions still needs: of any-of groups, those of the first.

    Empty where one choice has all. Each group is looked at once, however many choices all of them make.

    :raises MalformedAtomError: when it cannot be parsed.
    """
    return tuple(sorted(_lacking(_parse(text), have)))


def _lacking(group: _Group, have: Collection[str]) -> set[str]:
    parts = [
        ({child} - set(have)) if isinstance(child, str) else _lacking(child, have) for child in group.children
    ]
    if group.operator == "||":
        return next((part for part in parts if not part), parts[0] if parts else set())
    return set().union(*parts)


def _words(children: tuple[_Group | str, ...], use: Collection[str]) -> Iterator[str]:
    for child in children:
        if isinstance(child, str):
            yield child
        elif child.operator in ("", "||") or _holds(child.operator, use):
            yield from _words(child.children, use)


def evaluate_structure(text: str) -> None:
    """Look whether the groups of a string are in order; what stands in them is not looked at.

    :raises MalformedAtomError: where they are not.
    """
    _parse(text)


def every_atom(text: str) -> Iterator[Atom]:
    """The atoms of a string, whatever the USE flags.

    :raises MalformedAtomError: for the first that is none, or where the string cannot be parsed.
    """
    pending = list(_parse(text).children)
    while pending:
        child = pending.pop()
        if isinstance(child, str):
            yield _atom(_without_conditions(child, ()))
        else:
            pending += child.children


@cache
def _parse(text: str) -> _Group:
    """The string as a tree."""
    stack: list[tuple[str, list[_Group | str]]] = [("", [])]
    words = iter(text.split())
    for word in words:
        if word == ")":
            if len(stack) == 1:
                raise _malformed(text, "a closing parenthesis too many")
            operator, children = stack.pop()
            stack[-1][1].append(_Group(operator, tuple(children)))
        elif len(stack) > DEEPEST:
            raise _malformed(text, f"more than {DEEPEST} groups in one another")
        elif word == "(":
            stack.append(("", []))
        elif word == "||" or USE_CONDITION.fullmatch(word):
            if next(words, None) != "(":
                raise _malformed(text, f"{word} without a group")
            stack.append((word, []))
        else:
            stack[-1][1].append(word)
    if len(stack) > 1:
        raise _malformed(text, "a closing parenthesis too few")
    return _Group("", tuple(stack[0][1]))


def _evaluated(children: tuple[_Group | str, ...], use: Collection[str]) -> Iterator[Dependency]:
    """The children that the flags leave; in an any-of group, a conditional group counts as one."""
    for child in children:
        if isinstance(child, str):
            yield _atom(_without_conditions(child, use))
        elif child.operator == "||":
            yield AnyOf(tuple(_evaluated(child.children, use)))
        elif not child.operator or _holds(child.operator, use):
            inner = tuple(_evaluated(child.children, use))
            if inner:
                yield inner[0] if len(inner) == 1 else AllOf(inner)


def _holds(condition: str, use: Collection[str]) -> bool:
    negated = condition.startswith("!")
    return (condition[negated:-1] in use) != negated


def _without_default(flag: str) -> str:
    """A flag of a USE dependency without its ``(+)`` or ``(-)``."""
    return flag.removesuffix("(+)").removesuffix("(-)")


def _without_conditions(text: str, use: Collection[str]) -> str:
    """An atom with ``[flag?]``, ``[!flag?]``, ``[flag=]`` and ``[!flag=]`` decided (PMS section 8.3.4)."""
    head, bracket, flags = text.partition("[")
    if not bracket or ("?" not in flags and "=" not in flags):
        return text
    decided = []
    for flag in flags.rstrip("]").split(","):
        found = USE_DEPENDENCY.fullmatch(flag)
        if found is None:
            decided.append(flag)
            continue
        name, negated = found["flag"], bool(found["negated"])
        enabled = _without_default(name) in use
        if found["kind"] == "=":
            decided.append(name if enabled != negated else f"-{name}")
        elif enabled != negated:
            decided.append(f"-{name}" if negated else name)
    return f"{head}[{','.join(decided)}]" if decided else head


@cache
def _atom(text: str) -> Atom:
    if len(text) > LONGEST:
        raise MalformedAtomError(
            f"{text[:40]!r}... is no package atom", details=(f"it has {len(text)} characters",)
        )
    try:
        found = PkgcoreAtom(text)
    except (MalformedAtom, ValueError, IndexError, TypeError, AttributeError) as error:
        raise MalformedAtomError(
            f"{text!r} is no package atom",
            details=(str(error),),
            hint="write category/name, or =category/name-1.2, category/name:slot, category/name[flag]",
        ) from error
    _parsed[text] = found
    return Atom(text=text, package=found.key, blocks=found.blocks, blocks_strongly=found.blocks_strongly)


def _malformed(text: str, reason: str) -> MalformedAtomError:
    shown = repr(text) if len(text) <= LONGEST else f"{text[:40]!r}..."
    return MalformedAtomError(f"{shown} is no dependency string", details=(reason,))
