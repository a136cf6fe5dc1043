"""What a result was made from, as digests: of each package, of the checkout, of what every answer needs.

A package's digest covers all that a resolver can learn of it in any of the trees: its ebuilds and Manifests,
the eclasses that they may inherit, the lines that profiles and ``profiles/updates`` have about it. So an
answer holds as long as the digests of all packages that were asked about are the same, and the general one.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path

from overlaytool.ebuild.blockers import BLOCKER
from overlaytool.ebuild.eclass import WORD, inherit_lines

CHECKOUT = "*checkout"
"""Stands for every package and eclass of the checkout, where an answer depends on all that it selects."""
IMAGE = "*image"
"""Stands for the names of what the targets have today."""
NO_CATEGORIES = frozenset({"profiles", "eclass", "licenses", "metadata", "scripts", "acct", ".git"})
ABOUT_PACKAGE = re.compile(r"[-!~<>=]*([A-Za-z0-9+_][A-Za-z0-9+_.-]*/[A-Za-z0-9+_][A-Za-z0-9+_.-]*)")
BLOCKING = re.compile(BLOCKER.encode())
ALL = "*"
"""Among inherited eclasses: the name is in a variable, so it may be any."""


class Tree:
    """One ebuild repository, read once."""

    def __init__(self, path: Path) -> None:
        """:param path: of the tree."""
        self.path = path
        self.packages: dict[str, bytes] = {}
        """``category/name`` to the digest of its ebuilds and its Manifest."""
        self.inherits: dict[str, frozenset[str]] = {}
        """``category/name`` to the eclasses that its ebuilds name, or :data:`ALL`."""
        self.lines: dict[str, list[bytes]] = defaultdict(list)
        """``category/name`` to what profiles say about it."""
        self.blockers: set[tuple[str, bytes]] = set()
        """Who blocks what: packages, and eclasses by their names."""
        self._general = blake2b(digest_size=16)
        self.eclasses: dict[str, tuple[bytes, frozenset[str]]] = {}
        """Name to digest and the eclasses that it inherits."""
        for category in _directories(path):
            for package in _directories(path / category):
                self._read_package(f"{category}/{package}")
        for file in sorted((path / "eclass").glob("*.eclass")):
            content = _bytes(file)
            self.eclasses[file.stem] = (_digest(content), _inherited(content))
            self._read_blockers(file.stem, content)
        self._read_profiles()
        for place in ("licenses", "metadata"):
            names = sorted(entry.name for entry in (path / place).glob("*") if entry.is_file())
            self._add_general(place, "\n".join(names).encode())
        self._add_general("layout", _bytes(path / "metadata/layout.conf"))

    def _read_package(self, package: str) -> None:
        state = blake2b(digest_size=16)
        inherits: set[str] = set()
        found = False
        with os.scandir(self.path / package) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            ebuild = name.endswith(".ebuild")
            if not ebuild and name != "Manifest":
                continue
            found |= ebuild
            content = _bytes(self.path / package / name)
            state.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape"))
            state.update(content)
            if ebuild:
                inherits |= _inherited(content)
                self._read_blockers(package, content)
        if found:
            self.packages[package] = state.digest()
            self.inherits[package] = frozenset(inherits)

    def _read_blockers(self, who: str, content: bytes) -> None:
        if b"!" in content:
            self.blockers.update((who, blocker) for blocker in BLOCKING.findall(content))

    def _read_profiles(self) -> None:
        top = self.path / "profiles"
        for file in sorted(path for path in top.rglob("*") if path.is_file()):
            relative = file.relative_to(top)
            content = _bytes(file)
            if relative.parts[0] == "updates":
                self._read_updates(content)
            elif (
                any(part.startswith("package.") for part in relative.parts) or "package.mask" in relative.name
            ):
                self._read_lines(str(relative), content)
            elif not relative.name.endswith((".desc", ".md")) and relative.parts[0] != "desc":
                self._add_general(str(relative), content)

    def _read_lines(self, file: str, content: bytes) -> None:
        """Lines about packages, each with the comments before it; lines about more than one are general."""
        comments = b""
        for line in content.splitlines():
            if not line.strip():
                comments = b""
            elif line.lstrip().startswith(b"#"):
                comments += line + b"\n"
            else:
                entry = b"%s\0%s%s" % (file.encode(errors="surrogateescape"), comments, line)
                about = ABOUT_PACKAGE.match(line.decode(errors="replace").strip())
                if about is None or b"*/" in line or b"/*" in line:
                    self._add_general(file, entry)
                    continue
                for name in _prefixes(about[1]):
                    self.lines[name].append(entry)

    def _read_updates(self, content: bytes) -> None:
        for line in content.splitlines():
            for word in line.decode(errors="replace").split():
                about = ABOUT_PACKAGE.match(word)
                if about is not None:
                    for name in _prefixes(about[1]):
                        self.lines[name].append(line)

    def _add_general(self, name: str, content: bytes) -> None:
        self._general.update(f"{name}\0{len(content)}\0".encode(errors="surrogateescape") + content)

    @property
    def general(self) -> bytes:
        """Of what is about no single package."""
        return self._general.digest()


class Content:
    """The digests of a checkout and the trees to import from."""

    def __init__(self, own: Sequence[Path], sources: Mapping[str, Path], others: Iterable[Path] = ()) -> None:
        """
        :param own: the checkout's repositories.
        :param sources: trees to import from by name, in order.
        :param others: files and directories of the checkout that name targets.
        """
        self._own = tuple(Tree(path) for path in own)
        self._sources = {name: Tree(path) for name, path in sources.items()}
        self._others = tuple(others)
        self._answers: dict[str, bytes] = {}
        self._reached: dict[str, bytes] = {}

    @property
    def _trees(self) -> tuple[Tree, ...]:
        return (*self._own, *self._sources.values())

    def packages(self) -> tuple[str, ...]:
        """Every package of the sources, sorted."""
        return tuple(sorted({name for tree in self._sources.values() for name in tree.packages}))

    def source_of(self, package: str) -> str:
        """The first source that has a package.

        :raises StopIteration: where none has.
        """
        return next(name for name, tree in self._sources.items() if package in tree.packages)

    def digest(self, name: str) -> bytes:
        """Of a package, whether any tree has it or not; or of what :meth:`answer` was given.

        :raises KeyError: for another name with a star.
        """
        known = self._answers.get(name)
        if known is None:
            if name == CHECKOUT:
                known = self.checkout
            elif name.startswith("*"):
                raise KeyError(name)
            else:
                known = self._package(name)
            self._answers[name] = known
        return known

    def answer(self, name: str, digest: bytes) -> None:
        """Give what cannot be read from files a digest."""
        self._answers[name] = digest

    def key(self, asked: Iterable[str]) -> bytes:
        """Of all that an answer was made from, names and digests."""
        state = blake2b(self.general, digest_size=16)
        for name in asked:
            state.update(name.encode())
            state.update(self.digest(name))
        return state.digest()

    def _package(self, name: str) -> bytes:
        state = blake2b(digest_size=16)
        inherits: set[str] = set()
        for number, tree in enumerate(self._trees):
            found = tree.packages.get(name)
            if found is not None:
                state.update(b"%d" % number + found)
                inherits |= tree.inherits[name]
            for line in tree.lines.get(name, ()):
                state.update(b"%d" % number + line)
        for eclass in sorted(inherits):
            state.update(self._reach(eclass))
        return state.digest()

    def _reach(self, name: str) -> bytes:
        """Of an eclass in all trees, and of all that it inherits, directly or not."""
        if name not in self._reached:
            seen, pending = {name}, [name]
            while pending:
                here = pending.pop()
                for tree in self._trees:
                    for other in tree.eclasses.get(here, (b"", frozenset()))[1] - seen:
                        seen.add(other)
                        pending.append(other)
            names = sorted({name for tree in self._trees for name in tree.eclasses} if ALL in seen else seen)
            state = blake2b(digest_size=16)
            for each in names:
                for tree in self._trees:
                    state.update(each.encode() + tree.eclasses.get(each, (b"-",))[0])
            self._reached[name] = state.digest()
        return self._reached[name]

    @cached_property
    def checkout(self) -> bytes:
        """Of every package and eclass of the checkout."""
        state = blake2b(digest_size=16)
        for tree in self._own:
            for package, digest in sorted(tree.packages.items()):
                state.update(package.encode() + digest)
            for name, (digest, _inherits) in sorted(tree.eclasses.items()):
                state.update(name.encode() + digest)
            for name, lines in sorted(tree.lines.items()):
                state.update(name.encode() + b"".join(lines))
        return state.digest()

    @cached_property
    def general(self) -> bytes:
        """Of what every answer depends on: profiles, targets, blockers."""
        state = blake2b(digest_size=16)
        for tree in self._trees:
            state.update(tree.general)
        for who in self._who_blocks():
            state.update(who)
        for file in _files(self._others):
            state.update(_bytes(file))
        return state.digest()

    def _who_blocks(self) -> Iterator[bytes]:
        """Every blocker of the checkout, and who inherits those of eclasses."""
        blocking: set[str] = set()
        for tree in self._own:
            for who, blocker in sorted(tree.blockers):
                yield who.encode() + blocker
                blocking.add(who)
        eclasses = {name: inherits for tree in self._own for name, (_, inherits) in tree.eclasses.items()}
        while grown := {name for name, inherits in eclasses.items() if inherits & blocking} - blocking:
            blocking |= grown
        for tree in self._own:
            for package, inherits in sorted(tree.inherits.items()):
                if inherits & blocking:
                    yield package.encode()

    @cached_property
    def total(self) -> str:
        """Of everything, in hex: two workers with the same have the same trees."""
        state = blake2b(self.general + self.checkout, digest_size=16)
        for name, tree in self._sources.items():
            state.update(name.encode())
            for package, digest in sorted(tree.packages.items()):
                state.update(package.encode() + digest)
            for eclass, (digest, _inherits) in sorted(tree.eclasses.items()):
                state.update(eclass.encode() + digest)
            for package, lines in sorted(tree.lines.items()):
                state.update(package.encode() + b"".join(lines))
        return state.hexdigest()


def _prefixes(text: str) -> tuple[str, ...]:
    """``a/b-c-1`` as ``a/b``, ``a/b-c``, ``a/b-c-1``: a name with or without what may be its version."""
    category, _, name = text.partition("/")
    return tuple(
        f"{category}/{part}" for part in accumulate(name.split("-"), lambda one, more: f"{one}-{more}")
    )


def _inherited(content: bytes) -> frozenset[str]:
    if b"inherit" not in content:
        return frozenset()
    found: set[str] = set()
    for line in inherit_lines(content.decode(errors="replace")):
        found.update(WORD.findall(line))
        if "$" in line:
            found.add(ALL)
    return frozenset(found)


def _directories(path: Path) -> list[str]:
    with os.scandir(path) as entries:
        return sorted(
            entry.name
            for entry in entries
            if entry.name not in NO_CATEGORIES and not entry.name.startswith(".") and entry.is_dir()
        )


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        yield from sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else (place,)


def _bytes(path: Path) -> bytes:
    """What is in a file; of one that cannot be read, that it cannot."""
    try:
        return path.read_bytes()
    except OSError as error:
        return f"\0{error.errno}".encode()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
