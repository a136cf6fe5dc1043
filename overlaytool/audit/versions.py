"""Packages of which the boards, or the SDK, have different versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from overlaytool.audit.state import State
from overlaytool.model.finding import Finding, Severity

HOST = "host"


class VersionsOfBoards(Finding, frozen=True, kw_only=True):
    """A package of which one target has different versions on different boards."""

    reference = "versions-of-boards"
    severity = Severity.WARNING
    about = "packages"
    why = "Users of one architecture get another program: tested, fixed and documented is only one of them."
    hint = "accept the keyword that is missing on one of them: Keep versions on both arches in sync"

    versions: tuple[tuple[str, str], ...]
    """Board and version."""
    targets: tuple[str, ...]

    @property
    def message(self) -> str:
        found = ", ".join(f"{version} on {board}" for board, version in self.versions)
        return f"{self.subject} is {found} (for {', '.join(self.targets[:3])})"


class VersionsOfSdk(Finding, frozen=True, kw_only=True):
    """A package of which the SDK has another version than the boards."""

    reference = "versions-of-sdk"
    severity = Severity.NOTE
    about = "packages"
    why = "What is generated with the one on the build host may not fit what the image has."
    hint = "look at masks, keywords and USE of the SDK's profile; it may well be meant"

    host: str
    board: str

    @property
    def message(self) -> str:
        return f"{self.subject} is {self.host} in the SDK and {self.board} on the boards"


def check(state: State) -> Iterator[Finding]:
    """Compared target by target, since system extensions for one arch have versions of their own."""
    for package, where in state.everything.selected.items():
        targets: dict[str, dict[str, tuple[str, ...]]] = {}
        # the rest is package.provided, of which there is no program
        ebuilds = {candidate.cpv for candidate in state.source.checkout_candidates(package)}
        for (target, view), cpvs in where.items():
            real = tuple(cpv.removeprefix(f"{package}-") for cpv in cpvs if cpv in ebuilds)
            if real:
                targets.setdefault(str(target), {})[view] = real
        yield from _of_boards(state, package, targets)
        yield from _of_sdk(state, package, targets)


def _of_boards(
    state: State, package: str, targets: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> Iterator[Finding]:
    differing: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for target, views in targets.items():
        boards = tuple((view, " and ".join(versions)) for view, versions in views.items() if view != HOST)
        if len({versions for _board, versions in boards}) > 1:
            differing.setdefault(boards, []).append(target)
    for versions, names in differing.items():
        yield VersionsOfBoards(
            subject=package, file=state.path_of(package), versions=versions, targets=tuple(names)
        )


def _of_sdk(
    state: State, package: str, targets: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> Iterator[Finding]:
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for views in targets.values():
        for view, versions in views.items():
            found[view == HOST].update(versions)
    host, board = found[True], found[False]
    if host and board and not host & board:
        yield VersionsOfSdk(
            subject=package,
            file=state.path_of(package),
            host=" and ".join(sorted(host)),
            board=" and ".join(sorted(board)),
        )
