"""What is left where no step gives emerge an ebuild for an atom: a person, a flag less, or a reason why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from overlaytool.dependency import Atom, Candidate, Origin, View, atoms_in
from overlaytool.model import Notice
from overlaytool.resolve.graph import Ask, Conflict, Restart

if TYPE_CHECKING:
    from overlaytool.resolve.closure import Closure


def leave_to_person[C: Candidate](closure: Closure[C], atom: Atom, ask: Ask[C]) -> bool:
    """Note the work for a package of coreos-overlay, which is not overwritten; whether it is one."""
    if not closure.source.holds(Origin.OVERLAY, atom.package):
        return False
    held = ", ".join(candidate.cpv for candidate in closure.source.checkout_candidates(atom.package))
    closure.decisions.manual.setdefault(
        atom.package,
        Notice(
            reference="overlay-package",
            message=f"{ask.name} needs {atom}, but coreos-overlay holds {held}",
            hint=f"update {atom.package} in coreos-overlay by hand; overlaytool does not overwrite it",
        ),
    )
    return True


def do_without[C: Candidate](closure: Closure[C], atom: Atom, ask: Ask[C]) -> None:
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
            or any(
                other == atom
                for demand in source.demands(node.view, node.candidate, fewer)
                for other in atoms_in(demand.dependency)
            )
        ):
            continue
        flags = closure.decisions.use.setdefault((node.view.root, package), {})
        flags[flag] = (False, ask.because(atom))
        closure.decisions.dropped[(package, flag)] = Notice(
            reference="use-dropped",
            message=f"USE {flag} of {node.cpv} is switched off: it asks for {atom}, which cannot be had",
            hint=f"request {package}[{flag}] to see why",
        )
        raise Restart


def refuse_replacement[C: Candidate](closure: Closure[C], view: View, atom: Atom, ask: Ask[C]) -> None:
    """Say so where an update that the plan needs takes away the version that is asked for.

    :raises Conflict: then.
    """
    source = closure.decisions.imports.get(atom.package)
    if source is None:
        return
    for candidate in closure.source.checkout_candidates(atom.package):
        if closure.serves(view, candidate, (atom,), candidate.slot):
            chain = closure.graph.chain(ask.parent)
            raise Conflict(
                f"updating {atom.package} from {source} takes {candidate.cpv} away",
                (f"{ask.name} needs {atom}", *(f"by {link.child.cpv}" for link in chain)),
                ((ask.parent.view, ask.parent.cpv, f"it needs {atom}"),) if ask.parent else (),
            )
