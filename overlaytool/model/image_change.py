"""What differs between two images."""

from __future__ import annotations

from msgspec import Struct

from overlaytool.model.image import Budget

NO_PACKAGE = ""
"""The name of what no package owns: what the build itself makes."""


class FileChange(Struct, frozen=True, kw_only=True):
    """A file that came, went, or is another one now. Sizes in bytes; a further hard link has size 0."""

    before: str | None
    """Its path in the old image, None where it is new."""
    after: str | None
    """Its path in the new one; another one where only numbers in it differ, as of a new version."""
    size_before: int
    size_after: int
    package: str
    """Category and name; empty where no package owns it."""

    @property
    def growth(self) -> int:
        """Bytes more, or less."""
        return self.size_after - self.size_before

    @property
    def same_size(self) -> bool:
        """Whether it is there on both sides with as many bytes: contents, permissions or target differ."""
        return self.before is not None and self.after is not None and not self.growth


class PackageChange(Struct, frozen=True, kw_only=True):
    """A package whose versions or whose bytes differ; empty name: the files of no package."""

    name: str
    before: tuple[str, ...]
    """Versions in the old image."""
    after: tuple[str, ...]
    size_before: int
    size_after: int

    @property
    def growth(self) -> int:
        """Bytes more, or less."""
        return self.size_after - self.size_before


class PackageCost(Struct, frozen=True, kw_only=True):
    """What one package brought that nothing else asked for: itself and what only came because of it."""

    name: str
    size: int
    """Bytes of all of them."""
    packages: tuple[str, ...]
    """The new packages that it needs, itself among them, with versions."""
    shared: tuple[str, ...]
    """Those of them that another of these needs too."""


class ComponentChange(Struct, frozen=True, kw_only=True):
    """One part: the base image, an initrd, a system extension."""

    name: str
    present_before: bool
    present_after: bool
    size_before: int
    size_after: int
    files: tuple[FileChange, ...]
    """The largest difference first."""
    packages: tuple[PackageChange, ...]
    """The largest difference first."""

    @property
    def growth(self) -> int:
        """Bytes more, or less."""
        return self.size_after - self.size_before


class OptionChange(Struct, frozen=True, kw_only=True):
    """An option of the kernel's configuration; None where it is not known at all."""

    name: str
    before: str | None
    after: str | None


class ImageChange(Struct, frozen=True, kw_only=True):
    """All that differs between two images."""

    old: str
    """The path that was named."""
    new: str
    version_before: str
    version_after: str
    kernel_before: str
    kernel_after: str
    components: tuple[ComponentChange, ...]
    options: tuple[OptionChange, ...]
    licenses_added: tuple[str, ...]
    licenses_removed: tuple[str, ...]
    costs: tuple[PackageCost, ...]
    """What each new package that no other new one needs has brought, the largest first."""
    budgets_before: tuple[Budget, ...]
    budgets_after: tuple[Budget, ...]
    unread: tuple[str, ...]
    """Parts of either that could not be read: what is said of them here is not the whole."""
    untold: tuple[str, ...]
    """What could not be compared, since one of the two does not say it."""

    @property
    def growth(self) -> int:
        """Bytes more, or less, in all parts."""
        return sum(each.growth for each in self.components)
