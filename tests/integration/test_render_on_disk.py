"""A plan rendered and applied on the fixture trees: what is read stays, what is written is right."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

from plans import edit, imported, keyword, plan

from overlaytool.apply.render import render
from overlaytool.apply.work_tree import apply, pending
from overlaytool.flatcar.tree import DiskTree
from overlaytool.model.change import StepKind
from overlaytool.model.plan import Plan

DAY = date(2026, 8, 22)
STABLE = "sdk_container/src/third_party/portage-stable"


def htop() -> Plan:
    """Htop, from gentoo-mini, as a plan made by hand."""
    return plan(
        request=("sys-process/htop",),
        imports=(imported("sys-process/htop", "sys-process/htop-3.5.3"),),
        keywords=(keyword("=sys-process/htop-3.5.3"),),
        metapackage=edit("sys-process/htop"),
    )


def stamps(root: Path) -> dict[str, tuple[int, int, int]]:
    """Modification and change times and sizes of everything below."""
    found = {}
    for path in (root, *root.rglob("*")):
        status = path.lstat()
        found[str(path)] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
    return found


def test_rendering_touches_neither_tree(gentoo_tree: Path, checkout_tree: Path, tmp_path: Path) -> None:
    before = stamps(gentoo_tree), stamps(checkout_tree)
    assert render(htop(), DiskTree(checkout_tree), {"gentoo": gentoo_tree}, {}, DAY).net
    assert not pending(checkout_tree, tmp_path / "state")
    assert (stamps(gentoo_tree), stamps(checkout_tree)) == before


def test_applied_plan_is_what_git_then_sees(gentoo_tree: Path, checkout_tree: Path, tmp_path: Path) -> None:
    source = stamps(gentoo_tree)
    change_set = render(htop(), DiskTree(checkout_tree), {"gentoo": gentoo_tree}, {}, DAY)
    apply(change_set, checkout_tree, tmp_path / "state")
    assert stamps(gentoo_tree) == source
    status = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all", "--no-renames"],
        cwd=checkout_tree,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(line[3:] for line in status.stdout.splitlines()) == [
        change.path for change in change_set.net
    ]
    copied = subprocess.run(
        ["diff", "-r", gentoo_tree / "sys-process/htop", checkout_tree / STABLE / "sys-process/htop"],
        check=False,
    )
    assert copied.returncode == 0


def test_applied_plan_renders_to_nothing(gentoo_tree: Path, checkout_tree: Path, tmp_path: Path) -> None:
    change_set = render(htop(), DiskTree(checkout_tree), {"gentoo": gentoo_tree}, {}, DAY)
    assert [step.kind for step in change_set.steps] == [
        StepKind.PACKAGE,
        StepKind.KEYWORDS,
        StepKind.METAPACKAGE,
        StepKind.AUTOMATION,
        StepKind.CHANGELOG,
    ]
    apply(change_set, checkout_tree, tmp_path / "state")
    before = stamps(checkout_tree)
    again = render(htop(), DiskTree(checkout_tree), {"gentoo": gentoo_tree}, {}, date(2027, 1, 1))
    assert again.steps == ()
    assert apply(again, checkout_tree, tmp_path / "state") == ()
    assert apply(change_set, checkout_tree, tmp_path / "state") == ()
    after = stamps(checkout_tree)
    assert {path for path in before if before[path] != after.get(path)} <= {
        str(checkout_tree / ".git/overlaytool/lock")
    }
