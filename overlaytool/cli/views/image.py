"""Images and their differences in the terminal. What an image says is shown as text, whatever it contains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from overlaytool.cli import console
from overlaytool.cli.views.sdk import amount
from overlaytool.errors import ImageError
from overlaytool.model.image import (
    Budget,
    Component,
    FileKind,
    ImageContents,
    InstalledPackage,
    PartitionContent,
    VerityCheck,
)
from overlaytool.model.image_change import ComponentChange, FileChange, ImageChange, PackageChange

HASH_SHOWN = 16
"""Digits of a root hash that are shown where it holds."""
NOBODY = "(no package)"


def printable(text: str) -> str:
    """Text with what a terminal would act on, or cannot show, as escapes."""
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return f"\\x{ord(char) - 0xDC00:02x}" if 0xDC80 <= ord(char) <= 0xDCFF else ascii(char)[1:-1]


def refuse(unread: Sequence[str]) -> None:
    """End with an error where a part could not be read; the rest has been shown.

    :raises ImageError: when there is such a part.
    """
    if unread:
        raise ImageError(
            f"{len(unread)} part{'' if len(unread) == 1 else 's'} of the image cannot be read",
            details=tuple(printable(each) for each in unread),
        )


def show(image: ImageContents, *, top: int) -> None:
    """One image."""
    release = dict(image.release)
    name = release.get("PRETTY_NAME") or " ".join(filter(None, (release.get("ID"), image.version)))
    console.show((printable(name or image.subject), "bold"))
    if name:
        console.show((f"  {printable(image.subject)}", "dim"))
    for each in image.partitions:
        console.show("  ", _partition(each))
    for check in image.verity:
        console.show("  ", *_verity(check))
    if image.kernel_version:
        options = f", {len(image.kernel_config)} options" if image.kernel_config else ""
        console.show(f"  kernel {printable(image.kernel_version)}{options}")
    for budget in image.budgets:
        console.show("  ", *_budget(budget))
    for part in image.components:
        _show_component(part, top)
    for text in image.contradictions:
        console.show(("wrong: ", "bold red"), printable(text))
    for text in image.untold:
        console.say(("not known: ", "yellow"), printable(text))


def _partition(each: PartitionContent) -> str:
    partition = each.partition
    words = f"{partition.number:>2} {printable(partition.label):12} {amount(partition.size):>10}"
    if each.filesystem:
        used = f", {amount(each.used)} used" if each.used is not None else ""
        inside = f"{each.filesystem}{used}, {each.files:,} files of {amount(each.file_bytes)}"
    else:
        inside = str(each.content)
    priority = f", priority {partition.priority}" if partition.priority else ""
    return f"{words}  {printable(partition.type_name)}, {inside}{priority}"


def _verity(check: VerityCheck) -> Iterator[console.Part]:
    yield f"verity of {printable(check.subject)}: "
    if not check.holds:
        yield "does not hold", "bold red"
        return
    yield "holds", "green"
    where = ", ".join(printable(name) for name, _ in check.stated) or "nothing states it"
    yield f", root hash {check.computed[:HASH_SHOWN]}… over {amount(check.data_size)}, as in {where}"


def _budget(budget: Budget) -> Iterator[console.Part]:
    share = 100 * budget.used / budget.limit
    yield f"{budget.name}: {amount(budget.used)} of {amount(budget.limit)} ({share:.0f} %), "
    left = budget.limit - budget.used
    yield (f"{amount(left)} left", "green") if budget.kept else (f"{amount(-left)} too much", "bold red")


def _show_component(part: Component, top: int) -> None:
    files = sum(entry.kind is not FileKind.DIRECTORY for entry in part.files)
    packages = f", {len(part.packages)} packages" if part.packages else ""
    console.show((printable(part.name), "bold"), f": {files:,} files, {amount(part.size)}{packages}")
    largest = sorted(part.packages, key=lambda each: (-each.size, each.cpv))[:top]
    for package in largest:
        console.show("  ", *_package(package))
    if len(part.packages) > len(largest) and top:
        console.show((f"  {len(part.packages) - len(largest)} more packages", "dim"))
    if not part.packages and top:
        files_only = [entry for entry in part.files if entry.size]
        for entry in sorted(files_only, key=lambda each: (-each.size, each.path))[: min(top, 5)]:
            console.show(f"  {amount(entry.size):>10}  /{printable(entry.path)}")


def _package(package: InstalledPackage) -> Iterator[console.Part]:
    yield f"{amount(package.size):>10}  {printable(package.cpv)}"
    if package.licenses:
        yield f"  {printable(' '.join(package.licenses))}", "dim"


def show_change(change: ImageChange, *, top: int) -> None:
    """What differs between two images."""
    console.show(
        (f"{printable(change.version_before or change.old)} → ", "bold"),
        (printable(change.version_after or change.new), "bold"),
        f": {signed(change.growth)}",
    )
    if change.kernel_before != change.kernel_after:
        console.show(
            f"  kernel {printable(change.kernel_before) or '?'} → {printable(change.kernel_after) or '?'}"
        )
    before = {each.name: each for each in change.budgets_before}
    for budget in change.budgets_after:
        known = before.get(budget.name)
        console.show("  ", *_budget(budget), f", {signed(budget.used - known.used)}" if known else "")
    if change.costs:
        console.show(("new packages, each with what came because of it", "bold"))
    for cost in change.costs:
        others = [cpv for cpv in cost.packages if not cpv.startswith(f"{cost.name}-")]
        more = f"  with {', '.join(others)}" if others else ""
        shared = f"  (shared: {', '.join(cost.shared)})" if cost.shared else ""
        console.show(f"{amount(cost.size):>12}  {printable(cost.name + more + shared)}")
    for part in change.components:
        _show_part(part, top)
    _show_lists(change, top)


def _show_part(part: ComponentChange, top: int) -> None:
    if not part.files and not part.packages and part.present_before == part.present_after:
        console.show((printable(part.name), "bold"), ": no difference")
        return
    fate = "" if part.present_before and part.present_after else "new, " if part.present_after else "gone, "
    same = sum(each.same_size for each in part.files)
    more = f", {same:,} of them with as many bytes as before" if same else ""
    console.show(
        (printable(part.name), "bold"),
        f": {fate}{signed(part.growth)}, {len(part.files):,} files differ{more}",
    )
    _show_largest([_package_line(each) for each in part.packages[:top]], len(part.packages), "packages")
    _show_largest([_file_line(each) for each in part.files[:top]], len(part.files), "files")


def _show_largest(lines: Iterable[str], count: int, what: str) -> None:
    shown = 0
    for line in lines:
        console.show(line)
        shown += 1
    if count > shown:
        console.show(
            (f"  {count - shown:,} more {what}: --format json and -o FILE.html have them all", "dim")
        )


def _package_line(each: PackageChange) -> str:
    versions = ", ".join(each.before) or "–"
    if each.before != each.after:
        versions += f" → {', '.join(each.after) or '–'}"
    name = f"{each.name}  {versions}" if each.name else NOBODY
    return f"{signed(each.growth):>12}  {printable(name)}"


def _file_line(each: FileChange) -> str:
    paths = " → ".join(f"/{path}" for path in dict.fromkeys((each.before, each.after)) if path)
    mark = "+" if each.before is None else "-" if each.after is None else " "
    owner = f"  {each.package}" if each.package else ""
    return f"{signed(each.growth):>12} {mark} {printable(paths)}{printable(owner)}"


def _show_lists(change: ImageChange, top: int) -> None:
    for title, names in (
        ("licences it had not", change.licenses_added),
        ("licences it has no more", change.licenses_removed),
    ):
        if names:
            console.show((title, "bold"), f": {printable(', '.join(names))}")
    if change.options:
        console.show(("kernel configuration", "bold"), f": {len(change.options)} options differ")
    for option in change.options[:top]:
        values = f"{option.name}  {option.before or '–'} → {option.after or '–'}"
        console.show(f"  {printable(values)}")
    if len(change.options) > top:
        console.show((f"  {len(change.options) - top} more options", "dim"))
    for text in change.untold:
        console.say(("not known: ", "yellow"), printable(text))


def signed(size: int) -> str:
    """Bytes more or less, in the unit that reads best."""
    return "±0" if size == 0 else f"{'+' if size > 0 else '-'}{amount(abs(size))}"
