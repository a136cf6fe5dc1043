"""What is found while an image is read, before it becomes one record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from overlaytool.errors import ImageError, ToolMissingError
from overlaytool.image import kernel, packages, reports
from overlaytool.image.filesystem import FileSystem
from overlaytool.model.image import (
    Budget,
    Component,
    FileEntry,
    FileKind,
    ImageContents,
    InstalledPackage,
    PartitionContent,
    VerityCheck,
)


class Findings:
    """What has been read so far; :meth:`contents` is the result."""

    def __init__(self, subject: str, *, digests: bool = False) -> None:
        """
        :param digests: whether the contents of files are of interest, too; it takes long to read them.
        """
        self.subject = subject
        self._digests = digests
        self.release: tuple[tuple[str, str], ...] = ()
        self.partitions: list[PartitionContent] = []
        self.verity: list[VerityCheck] = []
        self.computed: dict[str, str] = {}
        """Root hashes by subject."""
        self.stated: list[tuple[str, str]] = []
        """Root hashes of USR-A as they are written somewhere: where, and what."""
        self.kernel_version = ""
        self.kernel_config: tuple[tuple[str, str], ...] = ()
        self.components: list[Component] = []
        self.packages: list[tuple[InstalledPackage, ...]] = []
        """Lists of packages with their files, best first."""
        self.listed: tuple[InstalledPackage, ...] | None = None
        """The packages of the base image, where a report lists them."""
        self.budgets: list[Budget] = []
        self.contradictions: list[str] = []
        self.unread: list[str] = []
        self.untold: list[str] = []

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part of the image: if it cannot be read, the reason is recorded, and the other parts are read."""
        try:
            yield
        except (ImageError, ToolMissingError) as error:
            words = [error.message, *error.details, *([error.hint] if error.hint else [])]
            self.unread.append(f"{name}: {'; '.join(words)}")

    def files(self, inside: FileSystem) -> tuple[FileEntry, ...]:
        """All of a file system, with digests where these are wanted; from the first that fails on without.

        :raises ImageError: when the file system is damaged.
        """
        entries = list(inside.walk())
        if self._digests:
            known: dict[int, str] = {}
            with self.part("contents of files"):
                for number, entry in enumerate(entries):
                    if entry.kind is FileKind.FILE and entry.size:
                        digest = known.get(entry.inode) or inside.digest(entry)
                        entries[number] = replace(entry, digest=digest)
                        if entry.inode:
                            known[entry.inode] = digest
        return tuple(entries)

    def take_release(self, values: tuple[tuple[str, str], ...]) -> None:
        """The release, unless one is known."""
        self.release = self.release or values

    def take_config(self, options: tuple[tuple[str, str], ...]) -> None:
        """The kernel's configuration; two that differ contradict each other."""
        if self.kernel_config and options and options != self.kernel_config:
            count = len(set(options) ^ set(self.kernel_config))
            self.contradictions.append(f"two kernel configurations of this image differ in {count} lines")
        self.kernel_config = self.kernel_config or options

    def take_kernel(self, data: bytes, source: str) -> None:
        """A vmlinuz: version, budget, root hash, configuration, initrd."""
        about, initrd = kernel.read(data)
        if about.root_hash:
            self.stated.append((source, about.root_hash))
        if self.kernel_version and about.version != self.kernel_version:
            self.contradictions.append(f"{source} is {about.version}, not {self.kernel_version}")
        if self.kernel_version:
            return
        self.kernel_version = about.version
        self.budgets.append(Budget(name="kernel", used=about.size, limit=kernel.BUDGET))
        if about.config:
            self.take_config(reports.kernel_config(about.config))
        if initrd:
            self.components.append(
                Component(name="initrd", source=f"the archive in {source}", files=self.files(initrd))
            )
        else:
            self.untold.append(f"no initrd was found in {source}")

    def contents(self) -> ImageContents:
        """One record of all of it."""
        verity = tuple(
            replace(check, stated=tuple(self.stated)) if check.subject == "USR-A" else check
            for check in self.verity
        )
        for check in verity:
            if check.damaged_block is not None:
                self.contradictions.append(
                    f"{check.subject}: data block {check.damaged_block} is not what verity has hashed"
                )
            for where, value in check.stated:
                if value != check.computed:
                    self.contradictions.append(
                        f"{check.subject}: {where} has root hash {value}, its data has {check.computed}"
                    )
        for budget in self.budgets:
            if not budget.kept:
                self.contradictions.append(
                    f"{budget.name} takes {budget.used:,} bytes, {budget.used - budget.limit:,} more than"
                    f" its budget of {budget.limit:,}"
                )
        return ImageContents(
            subject=self.subject,
            release=self.release,
            partitions=tuple(self.partitions),
            verity=verity,
            kernel_version=self.kernel_version,
            kernel_config=self.kernel_config,
            components=tuple(self._owned(each) for each in self.components),
            budgets=tuple(self.budgets),
            contradictions=tuple(self.contradictions),
            unread=tuple(self.unread),
            untold=tuple(self.untold),
        )

    def _owned(self, component: Component) -> Component:
        """A part with its packages; those of the base are the listed ones, of others those with files in
        it."""
        if component.name in ("initrd", "real-initrd"):
            return component
        known = packages.combine(component.packages, *self.packages)
        owned = packages.own(known, component.files)
        if component.name == "base" and self.listed is not None:
            names = {each.cpv for each in self.listed}
            mine = [each for each in owned if each.cpv in names or each.files]
            return replace(component, packages=packages.combine(mine, self.listed))
        listed = {each.cpv for each in component.packages}
        return replace(component, packages=tuple(each for each in owned if each.files or each.cpv in listed))
