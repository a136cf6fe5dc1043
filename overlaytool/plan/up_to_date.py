"""Copies that a plan need not make: the checkout has the very same files."""

from __future__ import annotations

from msgspec.structs import replace

from overlaytool.flatcar.checkout import TREES
from overlaytool.flatcar.tree import Tree, digest_of
from overlaytool.model.plan import Action, Import, Plan


def without_what_is_there(plan: Plan, tree: Tree) -> Plan:
    """The plan without updates that would change no file; they are listed as up to date instead.

    :param tree: the checkout.
    """
    same = [entry for entry in plan.imports if entry.action is Action.UPDATE and _is_there(entry, tree)]
    there = {selected.cpv for entry in same for selected in entry.selected}
    return replace(
        plan,
        imports=tuple(entry for entry in plan.imports if entry not in same),
        up_to_date=tuple(sorted(there)),
    )


def _is_there(entry: Import, tree: Tree) -> bool:
    place = f"{TREES}/{entry.repository}/{entry.package}"
    states = {path: tree.read(path) for path in tree.list(place)}
    files = {path.removeprefix(f"{place}/"): state for path, state in states.items() if state is not None}
    return bool(files) and digest_of(files) == entry.digest
