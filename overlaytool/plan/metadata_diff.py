"""Compares the metadata of two versions item by item, and chooses the items to show in full."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from overlaytool.model.review import FieldChange

GROUPED = frozenset(
    {
        *("REQUIRED_USE", "LICENSE", "RESTRICT", "PROPERTIES"),
        *("BDEPEND", "DEPEND", "RDEPEND", "PDEPEND", "IDEPEND"),
    }
)
"""Variables whose items stand in groups (PMS section 8.2)."""
DEPENDENCIES = frozenset({"BDEPEND", "DEPEND", "RDEPEND", "PDEPEND", "IDEPEND"})
_OPERATORS = frozenset({"||", "^^", "??"})
_ATOM_PACKAGE = re.compile(
    r"!{0,2}(?:[<>=~]=?)?(?P<package>[A-Za-z0-9_][\w+.-]*/[\w+-]*?[A-Za-z0-9_+])(?:-\d|[:\[*]|$)"
)
_NOISE = (
    re.compile(r"\bverify-sig\b"),
    re.compile(r"\bsec-keys/"),
    re.compile(r"\b(?:dev-build|sys-devel)/(?:auto(?:conf|make)(?:-wrapper|-archive)?|libtool)\b"),
    re.compile(r"\bsys-devel/gnuconfig\b"),
)
"""verify-sig and autotools dependencies: the maintainers leave them out of their reports."""
_SPACE = re.compile(r"\s+")
_EXPANDED = re.compile(
    r"(?P<variable>python_targets|python_single_target|lua_targets|lua_single_target|ruby_targets|llvm_slot"
    r"|abi_(?:x86|mips|s390))_(?P<value>\w+)(?P<default>\([+-]\))?(?P<operator>[?=]?)"
)
"""A flag of USE_EXPAND that eclasses write out for every value that they know."""
_REPEATED = re.compile(r"(?P<word>[^,\[\]\s]+)(?:,(?P=word))+")


def items(field: str, text: str) -> tuple[str, ...]:
    """The items of a variable: flags, keywords, or atoms with the conditions that they stand under.

    ``ssl? ( dev-libs/openssl:= )`` is one item, ``ssl? dev-libs/openssl:=``. An any-of group is one item,
    since its members belong together. Text whose parentheses do not match is one item as a whole.
    """
    if field not in GROUPED:
        return tuple(text.split())
    if field in DEPENDENCIES:
        text = _REPEATED.sub(r"\g<word>", _EXPANDED.sub(r"\g<variable>_*\g<operator>", text))
    try:
        return tuple(dict.fromkeys(_flat(iter(text.split()), ())))
    except ValueError:
        return (_SPACE.sub(" ", text).strip(),)


def _flat(words: Iterator[str], conditions: tuple[str, ...], *, nested: bool = False) -> Iterator[str]:
    """Items of one group, conditions in front.

    :raises ValueError: where parentheses do not match.
    """
    for word in words:
        if word == ")":
            if not nested:
                raise ValueError("a parenthesis is closed that was not opened")
            return
        if word in _OPERATORS:
            yield " ".join((*conditions, word, _whole(words)))
        elif word.endswith("?"):
            _expect_open(words)
            yield from _flat(words, (*conditions, word), nested=True)
        elif word == "(":
            yield from _flat(words, conditions, nested=True)
        else:
            yield " ".join((*conditions, word))
    if nested:
        raise ValueError("a parenthesis is not closed")


def _whole(words: Iterator[str]) -> str:
    """A group as text, from its opening to its closing parenthesis."""
    _expect_open(words)
    depth, taken = 1, ["("]
    for word in words:
        depth += (word == "(") - (word == ")")
        taken.append(word)
        if not depth:
            return " ".join(taken)
    raise ValueError("a parenthesis is not closed")


def _expect_open(words: Iterator[str]) -> None:
    if next(words, "") != "(":
        raise ValueError("a group has to follow")


class MetadataDiff:
    """What differs between the metadata of two ebuilds, sorted by how much a reviewer cares."""

    def __init__(
        self, old: Mapping[str, str], new: Mapping[str, str], *, texts: Sequence[str], fields: Sequence[str]
    ) -> None:
        """
        :param old: variable to raw text.
        :param texts: both ebuilds as they are written; an item that neither names comes through an eclass.
        :param fields: the variables to compare, in order.
        """
        self.fields: list[FieldChange] = []
        self.eclass_only: list[str] = []
        self.noise: list[str] = []
        self._text = "\n".join(texts)
        for field in fields:
            self._compare(field, items(field, old.get(field, "")), items(field, new.get(field, "")))

    def _compare(self, field: str, old: Sequence[str], new: Sequence[str]) -> None:
        removed = [item for item in dict.fromkeys(old) if item not in set(new)]
        added = [item for item in dict.fromkeys(new) if item not in set(old)]
        kept = (
            [self._keep(field, item, "-") for item in removed],
            [self._keep(field, item, "+") for item in added],
        )
        own_removed = tuple(item for item, keep in zip(removed, kept[0], strict=True) if keep)
        own_added = tuple(item for item, keep in zip(added, kept[1], strict=True) if keep)
        if own_removed or own_added:
            self.fields.append(FieldChange(field=field, removed=own_removed, added=own_added))

    def _keep(self, field: str, item: str, sign: str) -> bool:
        """Whether an item is shown in full; the others go to the line that they are folded into."""
        if any(noise.search(item) for noise in _NOISE):
            self.noise.append(f"{field} {sign}{item}")
            return False
        own = self._named(item) if field in DEPENDENCIES else not _EXPANDED.search(item)
        if not own:
            self.eclass_only.append(f"{field} {sign}{item}")
            return False
        return True

    def _named(self, item: str) -> bool:
        """Whether an ebuild's own text names a package of a dependency."""
        packages = [found["package"] for word in item.split() if (found := _ATOM_PACKAGE.match(word))]
        return not packages or any(
            package in self._text or _names(self._text, package.rpartition("/")[2]) for package in packages
        )


def _names(text: str, name: str) -> bool:
    """Whether a text has a package's bare name behind a slash, as in ``${CATEGORY}/name``."""
    return re.search(rf"/{re.escape(name)}(?![\w+-])", text) is not None
