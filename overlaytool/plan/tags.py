"""Targets as the changelog names them."""

from __future__ import annotations

from collections.abc import Collection

MOST_VENDORS = 3
"""OEM targets that are named; more are counted."""


def tags(targets: Collection[str], *, build_only: bool = False) -> tuple[str, ...]:
    """Targets as the changelog names them. Targets on top of the image are left out where the image is named.

    :param build_only: whether they only need it while something is built.
    """
    if build_only:
        return ("SDK",) if all(target.startswith("sdk") for target in targets) else ("build",)
    found = set()
    for target in targets:
        kind, _, name = target.partition(":")
        if kind in ("image", "board", "dev"):
            found.add({"image": "base", "board": "board", "dev": "dev"}[kind])
        elif kind in ("sdk", "sdk-build"):
            found.add("SDK")
        elif "image" not in targets:
            found.add(f"{'sysext' if kind == 'base-sysext' else kind}-{name}")
    vendors = {tag for tag in found if tag.startswith("oem-")}
    if len(vendors) > MOST_VENDORS:
        found = found - vendors | {f"oem ({len(vendors)})"}
    if found & {"base"} or any(tag.startswith("sysext-") for tag in found):
        found.discard("board")
    return tuple(sorted(found))
