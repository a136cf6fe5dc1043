"""What is left where no step gives emerge an ebuild for an atom: a person, a flag less, or a reason why."""

from __future__ import annotations

from collections.abc import Iterator

from overlaytool.model.dependency import Atom, Candidate, FlagChanges, Origin, View, atoms_in
from overlaytool.model.notices.resolving import OverlayPackage, UseDropped
from overlaytool.model.resolution import RejectionKind
from overlaytool.resolve import rejections
from overlaytool.resolve.decisions import Exclusion
from overlaytool.resolve.graph import Ask, Conflict, Restart, Unsatisfied
from overlaytool.resolve.provider import PackageSource
from overlaytool.resolve.questions import Questions


def leave_to_person[C: Candidate](closure: Questions[C], view: View, atom: Atom, ask: Ask[C]) -> bool:
    """Note the work for a package of coreos-overlay, which is not overwritten; whether it is one.

    Where only flags that the profile fixes are in the way, another version would be of no help.
    """
    if not closure.source.holds(Origin.OVERLAY, atom.package) or _is_fixed(closure, view, atom):
        return False
    held = ", ".join(candidate.cpv for candidate in closure.source.checkout_candidates(atom.package))
    closure.decisions.manual.setdefault(
        atom.package,
        OverlayPackage(parent=ask.name, atom=str(atom), held=held, package=atom.package).notice,
    )
    return True


def _is_fixed[C: Candidate](closure: Questions[C], view: View, atom: Atom) -> bool:
    """Whether a visible ebuild of the checkout would do, but for flags that the profile masks or forces."""
    changes = closure.decisions.changes(view, atom.package)
    return any(
        not closure.chooser.hidden(view, candidate, closure.decisions)
        and (mismatch := closure.source.mismatch(view, candidate, atom, changes)) is not None
        and mismatch.kind is RejectionKind.FIXED
        for candidate in closure.source.checkout_candidates(atom.package)
    )


def refuse_flags[C: Candidate](closure: Questions[C], view: View, atom: Atom, ask: Ask[C]) -> None:
    """Say so where a flag is asked for both on and off.

    :raises Conflict: then.
    """
    decided = closure.decisions.use.get((view.root, atom.package), {})
    changes = closure.decisions.changes(view, atom.package)
    for candidate in closure.chooser.pool(atom.package, closure.decisions) if decided else ():
        if not closure.source.admits(candidate, atom) or closure.chooser.hidden(
            view, candidate, closure.decisions
        ):
            continue
        for flag, state in closure.source.flags_to_change(view, candidate, atom, changes) or ():
            if flag not in decided or decided[flag][0] == state:
                continue
            because = decided[flag][1]
            others = [
                node
                for node, _candidate in closure.graph.selected()
                if node.cpv == because.parent and node.view.root is view.root
            ]
            askers = [node for node in (ask.parent, *others) if node is not None and node.candidate]
            reason = f"it needs {atom}, and {because.parent or 'your request'} needs {because.atom}"
            raise Conflict(
                f"USE {flag} of {atom.package} is wanted both on and off on {view}",
                (
                    f"{ask.name} needs {atom}",
                    f"{because.parent or 'your request'} needs {because.atom}",
                    *_masked_beside(closure, ask),
                ),
                tuple(Exclusion(node.view, node.cpv, RejectionKind.CONFLICT, reason) for node in askers),
                ((view, ask.parent, atom),) if ask.parent else (),
            )


def _masked_beside[C: Candidate](closure: Questions[C], ask: Ask[C]) -> Iterator[str]:
    """The versions of who asks that a mask hides, and what the mask says: another one might not ask."""
    if ask.parent is None or ask.parent.candidate is None:
        return
    view, package = ask.parent.view, closure.source.parse_atom(ask.parent.candidate.package)
    masked = [
        rejection
        for rejection in rejections.rejections(closure.chooser, view, package, closure.decisions)
        if rejection.kind is RejectionKind.MASK
    ]
    for rejection in masked:
        yield f"{rejection.cpv} is not taken instead: {rejection.reason}"
    if masked:
        comment = rejections.mask_comment(closure.chooser, view, package, closure.decisions)
        yield from (f"  {line}" for line in comment)
        yield f"  --unmask '={masked[0].cpv}' lifts that for this plan"


def do_without[C: Candidate](closure: Questions[C], atom: Atom, ask: Ask[C]) -> None:
    """Switch the USE flag of an import off that alone asks for an atom that nothing satisfies.

    :raises Restart: when there is such a flag.
    """
    node = ask.parent
    if node is None or node.candidate is None or node.candidate.origin is not Origin.SOURCE:
        return
    source, package = closure.source, node.candidate.package
    changes = closure.decisions.changes(node.view, package)
    decided = {flag for flag, _state in changes}
    for flag in source.optional_flags(node.view, node.candidate, changes):
        fewer = changes | {(flag, False)}
        if (
            flag in decided
            or source.required_use_violation(node.view, node.candidate, fewer) is not None
            or _asks(source, node.view, node.candidate, fewer, atom)
        ):
            continue
        closure.decisions.set_flags(node.view.root, package, [(flag, False)], ask.because(atom))
        dropped = UseDropped(flag=flag, package=package, atom=str(atom))
        closure.decisions.dropped[(package, flag)] = dropped.notice
        raise Restart


def refuse_replacement[C: Candidate](closure: Questions[C], view: View, atom: Atom, ask: Ask[C]) -> None:
    """Say so where an update that the plan needs takes away the version that is asked for.

    :raises Conflict: then.
    """
    source = closure.decisions.imports.get(atom.package)
    if source is None or (ask.parent is None and atom.package in closure.decisions.updates):
        return
    for candidate in closure.source.checkout_candidates(atom.package):
        if closure.serves(view, candidate, (atom,), candidate.slot):
            chain = closure.graph.chain(ask.parent)
            asker = ask.parent
            raise Conflict(
                f"updating {atom.package} from {source} takes {candidate.cpv} away",
                (f"{ask.name} needs {atom}", *(f"by {link.child.cpv}" for link in chain)),
                (Exclusion(asker.view, asker.cpv, RejectionKind.CONFLICT, f"it needs {atom}"),)
                if asker and asker.candidate
                else (),
                ((view, asker, atom),) if asker else (),
            )


def give_up[C: Candidate](closure: Questions[C], failure: Unsatisfied[C]) -> tuple[Exclusion, ...]:
    """The candidates to do without so that nothing asks for what cannot be had; empty where that is no way.

    They are the versions of the asker that ask for it, where another version is left that does not: emerge
    looks further in the same way. Or, where an updated eclass is to blame, whatever the update is for.
    """
    broken = _broken_by_eclass(closure, failure)
    if broken is not None:
        return tuple(
            Exclusion(
                view, cpv, RejectionKind.METADATA, f"it needs a newer {name}.eclass, which breaks {broken}"
            )
            for name, (view, cpv) in closure.decisions.eclasses.items()
        )
    asker = failure.ask.parent
    if asker is None or asker.candidate is None:
        return ()
    view, chooser, decisions = asker.view, closure.chooser, closure.decisions.copy()
    atoms = tuple(dict.fromkeys(link.atom for link in closure.graph.links if link.child == asker))
    if asker.outside and closure.dependents is not None:
        asking = closure.dependents().of(asker.candidate.package)
        atoms = tuple(dict.fromkeys(entry.atom for entry in asking if entry.view == view))
    if not atoms:
        return ()
    reason = f"it needs {failure.atom}, which cannot be had"
    given_up: list[Exclusion] = []
    candidate: C | None = asker.candidate
    while candidate is not None and _asks(
        closure.source, view, candidate, decisions.changes(view, candidate.package), failure.atom
    ):
        given_up.append(Exclusion(view, candidate.cpv, RejectionKind.DEPENDENCY, reason))
        decisions.exclude(given_up[-1])
        candidate = chooser.best(view, atoms[0], decisions)
        if candidate is None:
            option = chooser.option(view, atoms, decisions)
            candidate = option.candidate if option else None
    return tuple(given_up) if candidate is not None else ()


def _broken_by_eclass[C: Candidate](closure: Questions[C], failure: Unsatisfied[C]) -> str | None:
    """The ebuild of the checkout that an updated eclass keeps from being sourced, or makes ask for more."""
    updated = closure.decisions.eclasses.keys()
    if not updated:
        return None
    for rejection in failure.rejections:
        if (
            rejection.kind is RejectionKind.METADATA
            and rejection.repository not in closure.source.source_names()
        ):
            return rejection.cpv
    asker = failure.ask.parent
    if asker is None or asker.candidate is None or asker.candidate.origin is Origin.SOURCE:
        return None
    return asker.cpv if updated & set(closure.source.inherited(asker.candidate)) else None


def _asks[C: Candidate](
    source: PackageSource[C], view: View, candidate: C, changes: FlagChanges, atom: Atom
) -> bool:
    """Whether a candidate depends on an atom."""
    return any(
        other == atom
        for demand in source.demands(view, candidate, changes)
        for other in atoms_in(demand.dependency)
    )
