"""Reads metapackages, and adds a line to one as a person would write it.

``coreos-0.0.1.ebuild`` holds the lines; ``coreos-0.0.1-r320.ebuild`` is a symlink to it, whose revision
has to grow with every change: with the old one, a binary package of the old contents is reused and the
new package is silently left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.errors import CheckoutError
from overlaytool.flatcar import targets
from overlaytool.flatcar.checkout import OVERLAY
from overlaytool.flatcar.dependency_block import Block, Entry, not_understood, parse
from overlaytool.flatcar.dependency_lines import copy_block, group_lines, insert, members, take_out
from overlaytool.flatcar.order import atom_name
from overlaytool.flatcar.tree import SYMLINK, Tree
from overlaytool.model.target import Into, TargetKind

_ACCOUNTS = ("acct-group", "acct-user")
_LINK = re.compile(r"(?P<stem>.+)-r(?P<revision>\d+)\.ebuild")


class Metapackage(Struct, frozen=True, kw_only=True):
    """A metapackage's ebuild as it is in a checkout."""

    file: str
    """The plain ebuild, relative to the checkout."""
    link: str
    """The symlink with the revision, relative to the checkout; the ebuild again where that has it itself."""
    revision: int
    variable: str
    """Where new lines go: RDEPEND, or DEPEND for the SDK."""
    text: str
    blocks: tuple[Block, ...]
    """Of ``variable`` only, in the file's order."""

    @property
    def atoms(self) -> tuple[str, ...]:
        """What it depends on, in the file's order, whatever the condition."""
        return tuple(entry.atom for entry in self._entries())

    def holds(self, atom: str, arch: str | None = None) -> bool:
        """Whether a line asks for ``atom`` already, on ``arch`` (None: on all of them).

        A line with a version or USE flags holds the bare package name too.
        """
        arches = _keywords(self.text)
        return any(
            (entry.atom == atom or (atom_name(atom) == atom and atom_name(entry.atom) == atom))
            and all(_counts(condition, arch, arches) for condition in entry.conditions)
            for entry in self._entries()
        )

    def line_beside(self, atom: str) -> str | None:
        """A line for all architectures about the package of ``atom``, where it is not about another slot."""
        name, slot = atom_name(atom), _slot(atom)
        return next(
            (
                entry.atom
                for entry in self._entries()
                if not entry.conditions
                and not entry.atom.startswith("!")
                and atom_name(entry.atom) == name
                and not (slot and _slot(entry.atom) and slot != _slot(entry.atom))
            ),
            None,
        )

    def link_of(self, revision: int) -> str:
        """The symlink's path at another revision."""
        return f"{self._unrevised}-r{revision}.ebuild"

    @property
    def is_link(self) -> bool:
        """Whether the revision is in a symlink's name; an OEM's is in that of the ebuild itself."""
        return self.link != self.file

    @property
    def _unrevised(self) -> str:
        """The ebuild's path without suffix and revision."""
        return re.sub(r"-r\d+$", "", self.file.removesuffix(".ebuild"))

    def bumped(self, committed: frozenset[str] | None) -> int:
        """The revision after a change: one more than the committed one, however many changes follow.

        :param committed: the names in its directory at HEAD; None where there is no commit to tell.
        """
        name = re.escape(self._unrevised.rpartition("/")[2])
        if committed is None or self.link.rpartition("/")[2] in committed:
            return self.revision + 1
        known = [
            int(found[1] or 0)
            for other in committed
            if (found := re.fullmatch(name + r"(?:-r(\d+))?\.ebuild", other))
        ]
        return self.revision if known and max(known) + 1 == self.revision else self.revision + 1

    def with_lines(self, atoms: Iterable[str], arch: str | None = None) -> Metapackage:
        """The metapackage with a line for each of ``atoms``; every other byte of its text is kept.

        :param arch: the architecture whose ``arch? ( )`` group the lines belong into; None: no group.
        :raises CheckoutError: where it is not clear where the line belongs.
        """
        edited = self
        for atom in atoms:
            if not edited.holds(atom, arch):
                edited = edited._with_line(atom, arch)
            if arch is None:
                edited = edited._without_conditional(atom)
        return edited

    @property
    def arches(self) -> frozenset[str]:
        """The arches that its KEYWORDS name; empty where they name none."""
        return _keywords(self.text)

    def _without_conditional(self, atom: str) -> Metapackage:
        """The same without lines for single arches, where there is a line for all of them."""
        for block in self.blocks:
            for entry in block.entries:
                arches = {condition.removesuffix("?") for condition in entry.conditions}
                if entry.atom == atom and arches and arches <= self.arches:
                    lines = self.text.splitlines(keepends=True)
                    if take_out(lines, block, entry):
                        text = "".join(lines)
                        edited = replace(self, text=text, blocks=_blocks(self.file, text, self.variable))
                        return edited._without_conditional(atom)
        return self

    def _entries(self) -> Iterable[Entry]:
        return (entry for block in self.blocks for entry in block.entries)

    def _with_line(self, atom: str, arch: str | None) -> Metapackage:
        if not self.blocks:
            return self._with_first_line(atom, arch)
        lines = self.text.splitlines(keepends=True)
        target = self._block_for(atom)
        if arch is None:
            insert(self.file, lines, target, target.plain, atom)
        else:
            self._insert_for_arch(lines, target, atom, arch)
        text = "".join(lines)
        return replace(self, text=text, blocks=_blocks(self.file, text, self.variable))

    def _with_first_line(self, atom: str, arch: str | None) -> Metapackage:
        """The ebuild with a variable of its own for the line, behind KEYWORDS or IUSE."""
        lines = self.text.splitlines(keepends=True)
        places = [place for place, line in enumerate(lines) if re.match(r"(?:KEYWORDS|IUSE)=.*\S$", line)]
        if not places:
            raise not_understood(self.file, 0, lines[0] if lines else "")
        line = f"{arch}? ( {atom} )" if arch else atom
        lines[places[-1] + 1 : places[-1] + 1] = ["\n", f'{self.variable}="\n', f"\t{line}\n", '"\n']
        text = "".join(lines)
        return replace(self, text=text, blocks=_blocks(self.file, text, self.variable))

    def _block_for(self, atom: str) -> Block:
        """The biggest block; for users and groups the one that holds nothing else, where there is one."""
        if atom.startswith(_ACCOUNTS):
            for block in self.blocks:
                if block.entries and all(entry.atom.startswith(_ACCOUNTS) for entry in block.entries):
                    return block
        return max(self.blocks, key=lambda block: len(block.plain))

    def _insert_for_arch(self, lines: list[str], target: Block, atom: str, arch: str) -> None:
        fitting = [
            (block, group)
            for block in self.blocks
            for group in block.groups
            if group.depth == 0 and group.condition == f"{arch}?"
        ]
        if fitting:
            block, group = max(fitting, key=lambda pair: len(members(*pair)))
            insert(self.file, lines, block, members(block, group), atom)
        elif any(entry.inline for entry in target.entries):
            insert(self.file, lines, target, target.plain, atom, f"{arch}? ( {atom} )")
        else:
            self._insert_group(lines, target, atom, arch)

    def _insert_group(self, lines: list[str], target: Block, atom: str, arch: str) -> None:
        """A new group: beside another architecture's, in its layout, else at the head of the block."""
        arches = _keywords(self.text)
        for block in self.blocks:
            for group in block.groups:
                other = group.condition.removesuffix("?")
                if group.depth or other not in arches:
                    continue
                if len(block.groups) == 1 and len(members(block, group)) == len(block.entries):
                    copy_block(self.file, lines, block, group, other, arch, atom)
                else:
                    lines[group.last + 1 : group.last + 1] = group_lines(lines[group.first], arch, atom)
                return
        head = min((entry.line for entry in target.plain if entry.alone), default=None)
        if head is None:
            raise not_understood(self.file, target.first, lines[target.first])
        lines[head:head] = group_lines(lines[head], arch, atom)


def read(tree: Tree, into: Into) -> Metapackage:
    """The metapackage that gets a request.

    :raises CheckoutError: when it is not there, or has a shape that is not understood.
    """
    package, variable = targets.metapackage(into), targets.facts(into).variable
    directory = f"{OVERLAY}/{package}"
    if into.kind is TargetKind.OEM:
        return _read_oem(tree, directory, variable)
    links = [
        (int(match["revision"]), path, match["stem"] + ".ebuild")
        for path in tree.list(directory)
        if (match := _LINK.fullmatch(path)) and (state := tree.read(path)) and state.mode == SYMLINK
    ]
    if not links:
        raise CheckoutError(
            f"{package} has no revision symlink",
            details=(f"looked for {directory}/{package.partition('/')[2]}-0.0.1-rN.ebuild",),
            hint="is this a checkout of flatcar/scripts, complete and without conflicts?",
        )
    revision, link, file = max(links)
    state = tree.read(file)
    target = tree.read(link)
    if state is None or target is None or target.content.decode(errors="replace") != file.rpartition("/")[2]:
        raise CheckoutError(
            f"{link} does not point at the plain ebuild beside it",
            hint="git status shows what was changed there",
        )
    text = _decode(file, state.content)
    return Metapackage(
        file=file,
        link=link,
        revision=revision,
        variable=variable,
        text=text,
        blocks=_blocks(file, text, variable),
    )


def _read_oem(tree: Tree, directory: str, variable: str) -> Metapackage:
    """An OEM's ebuild, which has a version of its own and may depend on nothing yet.

    :raises CheckoutError: when there is not exactly one.
    """
    found = [
        path for path in tree.list(directory) if re.fullmatch(rf"{re.escape(directory)}/[^/]+\.ebuild", path)
    ]
    state = tree.read(found[0]) if len(found) == 1 else None
    if state is None or state.mode == SYMLINK:
        raise CheckoutError(
            f"{directory} does not have one ebuild, but {len(found)}",
            details=tuple(path.rpartition("/")[2] for path in found),
            hint="add the package to the right one by hand",
        )
    text, revision = _decode(found[0], state.content), re.search(r"-r(\d+)\.ebuild$", found[0])
    return Metapackage(
        file=found[0],
        link=found[0],
        revision=int(revision[1]) if revision else 0,
        variable=variable,
        text=text,
        blocks=_blocks(found[0], text, variable, needed=False),
    )


def _decode(file: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise CheckoutError(f"{file} is not UTF-8 text") from None
    if "\r" in text:
        raise CheckoutError(
            f"{file} has carriage returns", hint="git config core.autocrlf false, then check out again"
        )
    return text


def _blocks(file: str, text: str, variable: str, *, needed: bool = True) -> tuple[Block, ...]:
    blocks = tuple(
        block for block in parse(file, text.splitlines(keepends=True)) if block.variable == variable
    )
    if needed and not blocks:
        raise CheckoutError(f"{file} assigns no {variable}", hint="add the package to this file by hand")
    return blocks


def _counts(condition: str, arch: str | None, arches: frozenset[str]) -> bool:
    """Whether the entries of a group with that condition count on ``arch``."""
    if arch is None:
        return False
    negated = condition.startswith("!")
    name = condition.lstrip("!").removesuffix("?")
    return name in arches and (name != arch if negated else name == arch)


def _slot(atom: str) -> str:
    """The slot that an atom names, without subslot and operator; empty where it names none."""
    return atom.partition("[")[0].partition(":")[2].partition("/")[0].rstrip("*=")


def _keywords(text: str) -> frozenset[str]:
    match = re.search(r'^KEYWORDS="([^"]*)"', text, re.MULTILINE)
    return frozenset(word.lstrip("~-") for word in match[1].split()) if match else frozenset()
