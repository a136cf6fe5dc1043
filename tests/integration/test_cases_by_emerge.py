"""What the cases' plans select is what emerge then takes, with nothing to complain of.

The cases are asked for all at once, since emerge needs seconds where a plan needs a few hundredths; those
that exclude others go into a second round.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from portage_root import emerge_pretend

from overlaytool import workflow
from overlaytool.model.resolution import Request, Resolution, Root, State

CASES = Path(__file__).resolve().parent.parent / "cases"
APART = {"version-revision", "blocks-nothing", "use-off", "htop-exact", "slot-equals"}
"""Cases of the second round: each wants a version or flag that a case of the first one does not."""
ELSEWHERE = {"htop-older", "htop-live"}
"""Their versions are in neither round."""
TAKEN = re.compile(r"^\[ebuild[^]]*\]\s+(\S+?)(?::\S+)?::\S+( to )?", re.MULTILINE)


def requests(apart: bool) -> tuple[str, ...]:
    """The atoms of all cases for the image of both boards that leave nothing to do by hand."""
    atoms: list[str] = []
    for file in sorted(CASES.glob("*.toml")):
        case = tomllib.loads(file.read_text())
        expect = case.get("expect", {})
        plain = set(case) == {"about", "request", "expect"} and not expect.get("arch_only")
        plain = plain and expect.get("metapackage") != []
        done = not expect.get("manual_work") and "license-not-accepted" not in expect.get("warnings", [])
        if plain and done and file.stem not in ELSEWHERE and (file.stem in APART) == apart:
            atoms += case["request"]
    return tuple(dict.fromkeys(atoms))


@pytest.mark.portage
@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
def test_emerge_takes_what_the_plan_selects(
    apart: bool, checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    with workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as workspace:
        planned = workflow.prepare(workspace, Request(atoms=requests(apart)))
        workflow.add(workspace, planned, date(2026, 8, 22))
    assert planned.plan.metapackage
    atoms = planned.plan.metapackage.added
    for board in planned.resolution.boards:
        result = emerge_pretend(checkout_tree, board.arch, tmp_path / board.name, *atoms)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "are necessary to proceed" not in result.stdout + result.stderr
        assert taken(result) == selected(planned.resolution, board.name)


def taken(result: subprocess.CompletedProcess[str]) -> set[tuple[Root, str]]:
    """Root and CPV of everything that emerge would merge."""
    return {
        (Root.BOARD if to_board else Root.HOST, cpv.split(":")[0])
        for cpv, to_board in TAKEN.findall(result.stdout)
    }


def selected(resolution: Resolution, board: str) -> set[tuple[Root, str]]:
    """The same as the resolution has it."""
    return {
        (package.root, package.cpv)
        for package in resolution.packages
        if package.board in (board, None) and package.state is not State.PROVIDED
    }


def test_most_cases_are_put_before_emerge(repository_templates: Any) -> None:
    assert len(requests(apart=False)) >= 50
    assert len(requests(apart=True)) >= len(APART)
