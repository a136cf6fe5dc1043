"""Chains of "because", for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from msgspec import to_builtins

from overlaytool.cli import console
from overlaytool.cli.console import Part
from overlaytool.model.resolution import Edge
from overlaytool.workflow.why import Chain, Why

SHOWN = 5
"""Chains of a kind; `--all` shows the others."""


def show(answer: Why, *, build_time: bool, everything: bool) -> None:
    """Print the chains, each from the request down to the package, the same ones of several boards once."""
    if not answer.chains:
        at_run_time = " at run time" if answer.build_time else ""
        console.show(f"{answer.package} is not in {answer.where}{at_run_time}")
        for other in answer.elsewhere:
            console.show("")
            console.show((f"it is in {other.where}", "bold"))
            for chain, places in _merged(other.chains):
                _show_chain(chain, places, other.where)
    _show_kind(answer.chains, answer.where, "", everything=everything)
    if build_time:
        _show_kind(answer.build_time, answer.where, "to build it", everything=everything)
    elif answer.build_time:
        count = len(_merged(answer.build_time))
        chains = f"{count} chain{'s' if count > 1 else ''} of what only builds need"
        console.say((f"{chains}: --build-time shows {'them' if count > 1 else 'it'}", "dim"))


def _show_kind(chains: Sequence[Chain], where: str, purpose: str, *, everything: bool) -> None:
    """Chains of one kind: all, or the first."""
    merged = _merged(chains)
    if merged and purpose:
        console.show("")
        console.show(("at build time only", "bold"))
    shown = merged if everything else merged[:SHOWN]
    for number, (chain, places) in enumerate(shown):
        if number:
            console.show("")
        _show_chain(chain, places, where)
    if len(shown) < len(merged):
        console.show("")
        console.show((f"{len(shown)} of {len(merged)}, --all shows the others", "dim"))


def _merged(chains: Sequence[Chain]) -> list[tuple[Chain, tuple[str, ...]]]:
    """The chains with the places that each begins in; those that differ only in the board are one."""
    found: dict[tuple[tuple[str, str, str, bool], ...], tuple[Chain, list[str]]] = {}
    for chain in chains:
        key = tuple((edge.child.cpv, edge.atom, edge.dep_class, edge.child.board is None) for edge in chain)
        _first, places = found.setdefault(key, (chain, []))
        places += [place for place in _places(chain) if place not in places]
    return [(chain, tuple(places)) for chain, places in found.values()]


def _places(chain: Chain) -> tuple[str, ...]:
    return (chain[0].child.board or "the build host",)


def _show_chain(chain: Chain, places: Sequence[str], where: str) -> None:
    for depth, edge in enumerate(chain):
        console.show(*_step(edge, places, where, depth, last=depth == len(chain) - 1))


def _step(edge: Edge, places: Sequence[str], where: str, depth: int, *, last: bool) -> Iterator[Part]:
    """One package of a chain."""
    if edge.parent is None:
        yield edge.child.cpv, "bold"
        yield f"  on {', '.join(places)}  "
        yield f"for {edge.atom} in {where}", "dim"
        return
    yield "  " * depth + "└ "
    yield edge.child.cpv, "bold" if last else ""
    yield f"  {edge.dep_class} {edge.atom}", "dim"
    if edge.child.board != edge.parent.board:
        yield f"  on the {edge.child.board or 'build host'}", "cyan"


def to_json(answer: Why) -> str:
    """The chains as lists of edges: all of both kinds, each board's own."""
    return json.dumps({"schema": 1, **to_builtins(answer, enc_hook=str)}, indent=2) + "\n"
