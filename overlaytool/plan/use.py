"""Which lines package.use gets: one for each package, root and reason."""

from __future__ import annotations

from collections import defaultdict

from overlaytool.flatcar.mask_files import PROFILES
from overlaytool.model.plan import UseChange
from overlaytool.model.resolution import Resolution, Root, UseNeed, package_name
from overlaytool.plan.masks import with_reason

USE_FILES = {
    Root.BOARD: str(PROFILES / "targets/generic/package.use"),
    Root.HOST: str(PROFILES / "targets/sdk/package.use"),
}
USE_FILE_OF_BOTH = str(PROFILES / "base/package.use")


def use_changes(resolution: Resolution) -> tuple[UseChange, ...]:
    """One line for each package and root; one in ``base`` where both roots need the same."""
    roots: dict[tuple[str, tuple[str, ...]], list[Root]] = defaultdict(list)
    first: dict[tuple[str, tuple[str, ...]], UseNeed] = {}
    for need in resolution.use:
        roots[(need.atom, need.flags)].append(need.root)
        first.setdefault((need.atom, need.flags), need)
    return tuple(
        UseChange(
            atom=atom,
            flags=flags,
            file=USE_FILE_OF_BOTH if len(where) > 1 else USE_FILES[where[0]],
            because=first[(atom, flags)].because,
            comment=with_reason(_use_comment(first[(atom, flags)]), resolution.request.reason),
        )
        for (atom, flags), where in sorted(roots.items())
    )


def _use_comment(need: UseNeed) -> str:
    if need.dropped:
        return f"Switched off because {need.because.atom} cannot be had."
    if need.because.parent is None:
        return f"Asked for as {need.because.atom}."
    return f"Required by {package_name(need.because.parent)}."
