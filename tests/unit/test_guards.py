"""What eclasses say about EAPIs is read from their text where it stands there plainly, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from overlaytool.ebuild.guards import Guards, guard_of, surely_inherited

DIE = 'die "${ECLASS}: EAPI ${EAPI:-0} not supported"'
GUARD = f"# Copyright\n\ncase ${{EAPI}} in\n\t7|8) ;;\n\t*) {DIE} ;;\nesac\n"
BRACKETS = (
    'case "${EAPI:-0}" in\n\t[678])\n\t\t;;\n\t*)\n\t\tdie "${ECLASS}: EAPI=${EAPI} too old"\n\t\t;;\nesac\n'
)
NESTED = (
    "case ${EAPI} in\n\t8)\n\t\tcase ${WITH} in\n\t\t\tx) ;;\n\t\t\t*) die 'no such' ;;\n\t\tesac\n\t\t;;\n"
    f"\t*) {DIE} ;;\nesac\n"
)


@pytest.mark.parametrize(
    ("text", "eapis", "line"), [(GUARD, "78", 5), (BRACKETS, "678", 5), (NESTED, "8", 8)]
)
def test_the_eapis_that_do_not_end_in_the_last_branch(text: str, eapis: str, line: int) -> None:
    guard = guard_of(text)
    assert guard is not None
    assert (guard.eapis, guard.line) == (frozenset(eapis), line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "case ${EAPI} in\n\t7) die 'no' ;;\n\t8) ;;\nesac\n",
        'case ${EAPI} in\n\t7) ;;\n\t*) eqawarn "old" ;;\nesac\n',
        'case ${EAPI} in\n\t7) ;;\n\t*) die "$(< file)" ;;\nesac\n',
        'case ${EAPI} in\n\t7*) ;;\n\t*) die "no" ;;\nesac\n',
        'if x; then\n\tcase ${EAPI} in\n\t7) ;;\n\t*) die "no" ;;\n\tesac\nfi\n',
    ],
    ids=["nothing", "no last branch", "no death", "computed", "a pattern", "a condition"],
)
def test_what_is_written_otherwise_is_left_to_bash(text: str) -> None:
    assert guard_of(text) is None


def test_only_what_is_under_no_condition_is_surely_inherited() -> None:
    text = (
        "inherit a \\\n\tb # c\n[[ ${PV} == 9999 ]] && inherit d\n\tinherit e\n# inherit f\n"
        "if [[ ${PV} == 9999 ]]; then\ninherit g\nfi\nif x; then inherit h; fi\n"
        "src_prepare() {\ninherit i\n}\ninherit ${J} k\n"
    )
    assert list(surely_inherited(text)) == ["a", "b", "k"]


def test_what_an_eclass_runs_once_counts_as_under_no_condition() -> None:
    text = (
        "if [[ -z ${_X_ECLASS} ]]; then\n_X_ECLASS=1\n\ninherit a\n\nif [[ ${Y} ]]; then\ninherit b\nfi\nfi\n"
    )
    assert list(surely_inherited(text)) == ["a"]


@pytest.fixture
def guards(tmp_path: Path) -> Guards:
    (tmp_path / "strict.eclass").write_text(GUARD)
    (tmp_path / "outer.eclass").write_text("inherit strict\n")
    (tmp_path / "loop.eclass").write_text("inherit loop\n")
    return Guards(lambda name: tmp_path / f"{name}.eclass")


def test_an_eapi_is_refused_as_bash_would_say_it_also_by_an_eclass_of_an_eclass(guards: Guards) -> None:
    said = "strict: EAPI 5 not supported, (strict.eclass, line 5: called die)"
    assert guards.refusal("EAPI=5\ninherit strict\n", "5") == said
    assert guards.refusal("EAPI=5\ninherit outer\n", "5") == said
    assert guards.refusal("EAPI=7\ninherit strict\n", "7") is None


def test_missing_and_circular_eclasses_refuse_nothing(guards: Guards) -> None:
    assert guards.refusal("EAPI=5\ninherit absent loop\n", "5") is None
