"""What is copied is what the plan was made from, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support import THIRD_PARTY

from overlaytool import workflow
from overlaytool.errors import StaleError
from overlaytool.model.resolution import Request
from overlaytool.workflow import Workspace
from overlaytool.workflow.planning import Planned, add, prepare
from overlaytool.workflow.workspace import open_workspace

TODAY = date(2026, 8, 22)
EBUILD = """EAPI=8
inherit twin
DESCRIPTION="Inherits an eclass that two trees have"
HOMEPAGE="https://example.org/"
LICENSE="MIT"
SLOT="0"
KEYWORDS="amd64 arm64"
"""


@pytest.fixture
def space(checkout_tree: Path, gentoo_tree: Path, guru_tree: Path) -> Iterator[Workspace]:
    """Both trees, each with an eclass of one name, and a package in each that inherits it."""
    for tree, word, package in (
        (gentoo_tree, "gentoo", "app-misc/ours"),
        (guru_tree, "guru", "app-misc/theirs"),
    ):
        (tree / "eclass").mkdir(exist_ok=True)
        (tree / "eclass/twin.eclass").write_text(f'# {word}\nRDEPEND=""\nTWIN={word}\n')
        (tree / package).mkdir(parents=True)
        name = package.partition("/")[2]
        (tree / package / f"{name}-1.ebuild").write_text(EBUILD)
    with open_workspace(checkout=checkout_tree, gentoo=gentoo_tree, sources=[guru_tree]) as opened:
        yield opened


def planned(space: Workspace, *atoms: str) -> Planned:
    return prepare(space, Request(atoms=atoms))


def test_the_eclass_that_was_sourced_is_the_one_that_is_copied(space: Workspace) -> None:
    made = planned(space, "app-misc/theirs")
    assert [(entry.name, entry.source) for entry in made.plan.eclasses] == [("twin", "guru")]
    add(space, made, TODAY)
    third_party = space.checkout.path / THIRD_PARTY
    assert "TWIN=guru" in (third_party / "coreos-overlay/eclass/twin.eclass").read_text()
    assert not (third_party / "portage-stable/eclass/twin.eclass").exists()


def test_each_tree_gets_the_eclass_that_its_own_packages_were_sourced_with(space: Workspace) -> None:
    made = planned(space, "app-misc/theirs", "app-misc/ours")
    add(space, made, TODAY)
    third_party = space.checkout.path / THIRD_PARTY
    assert "TWIN=guru" in (third_party / "coreos-overlay/eclass/twin.eclass").read_text()
    assert "TWIN=gentoo" in (third_party / "portage-stable/eclass/twin.eclass").read_text()


def edit_ebuild(guru: Path) -> None:
    with (guru / "app-misc/theirs/theirs-1.ebuild").open("a") as file:
        file.write("RDEPEND=app-misc/else\n")


def add_file(guru: Path) -> None:
    (guru / "app-misc/theirs/files").mkdir()
    (guru / "app-misc/theirs/files/new.patch").write_text("new")


def delete_ebuild(guru: Path) -> None:
    (guru / "app-misc/theirs/theirs-1.ebuild").unlink()
    (guru / "app-misc/theirs/metadata.xml").write_text("<pkgmetadata/>")


def make_executable(guru: Path) -> None:
    (guru / "app-misc/theirs/theirs-1.ebuild").chmod(0o755)


def edit_eclass(guru: Path) -> None:
    (guru / "eclass/twin.eclass").write_text("# edited\n")


@pytest.mark.parametrize("change", [edit_ebuild, add_file, delete_ebuild, make_executable, edit_eclass])
def test_a_source_that_changed_after_the_plan_is_refused(
    space: Workspace, change: Callable[[Path], None], guru_tree: Path
) -> None:
    made = planned(space, "app-misc/theirs")
    change(guru_tree)
    with pytest.raises(StaleError) as caught:
        add(space, made, TODAY)
    assert caught.value.details[0].startswith(("app-misc/theirs is not", "eclass/twin.eclass is not"))
    assert not (space.checkout.path / THIRD_PARTY / "coreos-overlay/app-misc/theirs").exists()


def test_a_source_that_changed_while_the_plan_was_made_is_refused(
    space: Workspace, guru_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from overlaytool.workflow import planning

    resolve = planning.resolve

    def and_edit(*arguments: Any, **options: Any) -> object:
        resolution = resolve(*arguments, **options)
        edit_ebuild(guru_tree)
        return resolution

    monkeypatch.setattr(planning, "resolve", and_edit)
    with pytest.raises(StaleError, match="was changed while the plan was made"):
        planned(space, "app-misc/theirs")


def test_digests_are_in_the_document_of_the_plan(space: Workspace) -> None:
    from overlaytool.plan.document import to_data

    _, plan = workflow.plan(space, Request(atoms=("app-misc/theirs",)))
    document = to_data(plan)
    digests = [entry["digest"] for key in ("imports", "eclasses") for entry in document[key]]
    assert len(digests) == 2 and all(len(digest) == 64 for digest in digests)
