"""What does not hold today: dependencies that nothing satisfies, and two ebuilds in one slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from overlaytool.audit.state import State
from overlaytool.model.finding import Finding, Severity
from overlaytool.model.reached import Missing


class UnsatisfiedDependency(Finding, frozen=True, kw_only=True):
    """A dependency of something that is built, which no ebuild of the checkout satisfies."""

    reference = "unsatisfied-dependency"
    severity = Severity.ERROR
    about = "packages"
    why = "emerge ends with an error as soon as the target is built from scratch."
    hint = "import what is missing (overlaytool add), or accept the keyword, lift the mask, set the USE flag"

    atom: str
    dep_class: str
    views: tuple[str, ...]
    targets: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def message(self) -> str:
        who = f"{self.subject} {self.dep_class}s on" if self.dep_class else f"{self.subject} asks for"
        why = f": {'; '.join(self.reasons[:3])}" if self.reasons else ""
        where = f"on {', '.join(self.views)} (for {', '.join(self.targets[:3])})"
        return f"{who} {self.atom}, which nothing satisfies {where}{why}"


class SlotClash(Finding, frozen=True, kw_only=True):
    """Two versions of a package that are both needed in one slot of one root."""

    reference = "slot-clash"
    severity = Severity.ERROR
    about = "packages"
    why = "Only one of them can be installed: emerge refuses, or breaks what needs the other."
    hint = "update what asks for the older one, or write a version that both accept"

    selected: str
    wanted: str
    atom: str
    views: tuple[str, ...]

    @property
    def message(self) -> str:
        taken = f"where {self.selected} is taken"
        return f"{self.subject} wants {self.wanted} ({self.atom}) {taken} on {', '.join(self.views)}"


def check(state: State) -> Iterator[Finding]:
    """Both, each once, with the views in which it is so."""
    missing: dict[tuple[str, str, str], list[Missing]] = {}
    for entry in state.everything.missing:
        who = entry.parent or ", ".join(map(str, entry.targets)) or "a target"
        missing.setdefault((who, entry.atom, entry.dep_class if entry.parent else ""), []).append(entry)
    for (who, atom, dep_class), entries in missing.items():
        yield _unsatisfied(state, who, atom, dep_class, entries)
    clashes: dict[tuple[str, str, str, str], list[str]] = {}
    for clash in state.everything.clashes:
        who = clash.parent or ", ".join(map(str, clash.targets))
        clashes.setdefault((who, clash.selected, clash.wanted, clash.atom), []).append(clash.view)
    for (who, selected, wanted, atom), views in clashes.items():
        yield SlotClash(
            subject=who,
            file=state.path_of(who),
            selected=selected,
            wanted=wanted,
            atom=atom,
            views=tuple(dict.fromkeys(views)),
        )


def _unsatisfied(
    state: State, who: str, atom: str, dep_class: str, entries: Sequence[Missing]
) -> UnsatisfiedDependency:
    reasons = [entry.reason for entry in entries if entry.reason]
    reasons += [f"{each.cpv} {each.reason}" for entry in entries for each in entry.rejections]
    return UnsatisfiedDependency(
        subject=who,
        file=state.path_of(who),
        atom=atom,
        dep_class=dep_class,
        views=tuple(dict.fromkeys(entry.view for entry in entries)),
        targets=tuple(dict.fromkeys(str(target) for entry in entries for target in entry.targets)),
        reasons=tuple(dict.fromkeys(reasons)),
    )
