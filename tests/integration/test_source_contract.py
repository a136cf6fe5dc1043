"""The resolver's two sources, trees on disk and lines of text, give the same answers to the same questions.

Most tests of the resolver use the text: what they show holds for real trees because of these.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import FIXTURES
from text_source import CLASSES, TextSource

from overlaytool import workflow
from overlaytool.errors import MalformedAtomError
from overlaytool.model.dependency import FlagChanges, Origin, View
from overlaytool.model.resolution import RejectionKind, Root

NOTHING: FlagChanges = frozenset()
TEXT = """
[stable]
dev-libs/one-1
dev-libs/one-2     keywords="~amd64"
dev-libs/slotted-1 slot="1/5"
dev-libs/bare-1    keywords=""
dev-libs/never-1   keywords="-amd64 arm64"
[overlay]
dev-libs/one-1
dev-libs/own-4-r1
[gentoo]
dev-libs/one-3     iuse="x +y" rdepend="x? ( dev-libs/slotted:1[z] ) dev-libs/own" bdepend="dev-libs/tool"
dev-libs/one-10
dev-libs/strict-1  iuse="x +y" required="x"
other-cat/one-7
"""

Source = Any
"""A TextSource or a TreeSource: two implementations of PackageSource, with candidates of their own."""


def write_ebuild(tree: Path, line: str) -> None:
    """The ebuild of a line of text, as a file."""
    cpv, *words = shlex.split(line)
    values = dict(word.split("=", 1) for word in words)
    category, _, name_version = cpv.partition("/")
    package = name_version.partition("-")[0]
    variables = {
        "EAPI": "8",
        "DESCRIPTION": "x",
        "HOMEPAGE": "https://example.org",
        "LICENSE": "MIT",
        "SLOT": values.get("slot", "0"),
        "KEYWORDS": values.get("keywords", "amd64 arm64"),
        "IUSE": values.get("iuse", ""),
        "REQUIRED_USE": values.get("required", ""),
        **{name.upper(): values.get(name, "") for name in CLASSES},
    }
    directory = tree / category / package
    directory.mkdir(parents=True, exist_ok=True)
    text = "".join(f'{name}="{value}"\n' for name, value in variables.items())
    (directory / f"{name_version}.ebuild").write_text(text)


@pytest.fixture(scope="module")
def on_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """The text as files in copies of the fixtures; opened once, since nothing changes them."""
    top = tmp_path_factory.mktemp("contract")
    checkout, gentoo = top / "scripts", top / "gentoo"
    shutil.copytree(FIXTURES / "flatcar-mini", checkout, symlinks=True)
    shutil.copytree(FIXTURES / "gentoo-mini", gentoo, symlinks=True)
    third_party = checkout / "sdk_container/src/third_party"
    trees = {
        "stable": third_party / "portage-stable",
        "overlay": third_party / "coreos-overlay",
        "gentoo": gentoo,
    }
    tree = trees["stable"]
    for line in filter(None, map(str.strip, TEXT.splitlines())):
        if line.startswith("["):
            tree = trees[line.strip("[]")]
        else:
            write_ebuild(tree, line)
    with (gentoo / "profiles/categories").open("a") as categories:
        categories.write("other-cat\n")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            patch.setenv(variable, str(top / "home"))
        with workflow.open_workspace(checkout=checkout, gentoo=gentoo) as workspace:
            yield workspace.source


@pytest.fixture(params=["text", "disk"])
def source(request: pytest.FixtureRequest) -> Source:
    """Both, one after the other."""
    return TextSource(TEXT) if request.param == "text" else request.getfixturevalue("on_disk")


def view_of(source: Source, name: str = "amd64-usr") -> View:
    """A view by its name."""
    view: View = next(view for view in source.views if view.name == name)
    return view


def one(source: Source, cpv: str) -> Any:
    """A candidate by its CPV, of the sources first."""
    package = cpv.rpartition("-r1")[0] or cpv
    package = package.rpartition("-")[0]
    offered = [*source.source_candidates("gentoo", package), *source.checkout_candidates(package)]
    return next(candidate for candidate in offered if candidate.cpv == cpv)


def shown(candidates: Any) -> list[tuple[str, Origin]]:
    """CPV and kind of tree of each candidate."""
    return [(candidate.cpv, candidate.origin) for candidate in candidates]


def test_views_are_the_boards_and_then_the_build_host(source: Source) -> None:
    assert [view.name for view in source.views] == ["amd64-usr", "arm64-usr", "host"]
    assert [source.arch(view) for view in source.views] == ["amd64", "arm64", "amd64"]


def test_candidates_come_by_version_and_the_overlay_first_on_a_tie(source: Source) -> None:
    assert shown(source.checkout_candidates("dev-libs/one")) == [
        ("dev-libs/one-2", Origin.STABLE),
        ("dev-libs/one-1", Origin.OVERLAY),
        ("dev-libs/one-1", Origin.STABLE),
    ]
    assert [cpv for cpv, _ in shown(source.source_candidates("gentoo", "dev-libs/one"))] == [
        "dev-libs/one-10",
        "dev-libs/one-3",
    ]


def test_an_import_replaces_portage_stable_s_ebuilds_and_not_the_overlay_s(source: Source) -> None:
    assert shown(source.after_import("gentoo", "dev-libs/one")) == [
        ("dev-libs/one-10", Origin.SOURCE),
        ("dev-libs/one-3", Origin.SOURCE),
        ("dev-libs/one-1", Origin.OVERLAY),
    ]


def test_packages_are_found_by_name_and_by_tree(source: Source) -> None:
    assert set(source.packages_named("one")) == {"dev-libs/one", "other-cat/one"}
    assert {"dev-libs/own", "other-cat/one"} <= set(source.all_packages())
    assert source.source_names() == ("gentoo",)
    held = [origin for origin in (Origin.STABLE, Origin.OVERLAY) if source.holds(origin, "dev-libs/own")]
    assert held == [Origin.OVERLAY]
    assert not source.checkout_candidates("dev-libs/absent")


@pytest.mark.parametrize(
    ("cpv", "keyword", "hidden"),
    [
        ("dev-libs/one-3", "~amd64", False),
        ("dev-libs/one-2", "~amd64", True),
        ("dev-libs/bare-1", "**", True),
        ("dev-libs/never-1", None, True),
    ],
)
def test_keywords_hide_and_say_what_to_accept(
    source: Source, cpv: str, keyword: str | None, hidden: bool
) -> None:
    candidate, view = one(source, cpv), view_of(source)
    if cpv != "dev-libs/one-3":  # an ebuild with the plain keyword needs none accepted
        assert source.keyword(view, candidate) == keyword
    obstacles = source.obstacles(view, candidate)
    assert [obstacle.kind for obstacle in obstacles] == ([RejectionKind.KEYWORD] if hidden else [])
    assert all((entry.cpv, entry.repository) == (cpv, candidate.repository) for entry in obstacles)
    assert source.unkeyworded(candidate) == (cpv == "dev-libs/bare-1")


@pytest.mark.parametrize(
    ("text", "admitted"),
    [
        ("dev-libs/one", {"1", "2", "3", "10"}),
        (">=dev-libs/one-3", {"3", "10"}),
        ("<dev-libs/one-10", {"1", "2", "3"}),
        ("=dev-libs/one-1*", {"1"}),
        ("~dev-libs/one-2", {"2"}),
    ],
)
def test_an_atom_admits_versions(source: Source, text: str, admitted: set[str]) -> None:
    atom = source.parse_atom(text)
    names = [f"dev-libs/one-{version}" for version in ("1", "2", "3", "10")]
    assert {name.rpartition("-")[2] for name in names if source.admits(one(source, name), atom)} == admitted


@pytest.mark.parametrize(
    ("cpv", "text", "kind"),
    [
        ("dev-libs/one-3", "dev-libs/one[y]", None),
        ("dev-libs/one-3", "<dev-libs/one-3", RejectionKind.VERSION),
        ("dev-libs/one-3", "dev-libs/one:2", RejectionKind.SLOT),
        ("dev-libs/slotted-1", "dev-libs/slotted:1/5=", None),
        ("dev-libs/slotted-1", "dev-libs/slotted:1/6", RejectionKind.SLOT),
        ("dev-libs/one-3", "dev-libs/one[x]", RejectionKind.USE),
        ("dev-libs/one-3", "dev-libs/one[absent]", RejectionKind.USE),
        ("dev-libs/one-3", "dev-libs/one[absent(+)]", None),
        ("dev-libs/one-3", "dev-libs/one[absent(-)]", RejectionKind.USE),
    ],
)
def test_a_mismatch_has_its_kind(source: Source, cpv: str, text: str, kind: RejectionKind | None) -> None:
    found = source.mismatch(view_of(source), one(source, cpv), source.parse_atom(text), NOTHING)
    assert (found.kind if found else None) == kind


def test_a_change_of_flags_counts_in_every_answer(source: Source) -> None:
    candidate, view = one(source, "dev-libs/one-3"), view_of(source)
    changes = frozenset({("x", True), ("y", False)})
    assert source.mismatch(view, candidate, source.parse_atom("dev-libs/one[x,-y]"), changes) is None
    assert source.optional_flags(view, candidate, NOTHING) == ("y",)
    assert source.optional_flags(view, candidate, changes) == ("x",)
    assert source.describe(view, candidate, changes).use == ("x",)


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("dev-libs/one[x]", (("x", True),)),
        ("dev-libs/one[x,-y]", (("y", False), ("x", True))),
        ("dev-libs/one[y]", ()),
        ("dev-libs/one[absent]", None),
        ("dev-libs/one[absent(+),x]", (("x", True),)),
    ],
)
def test_flags_that_satisfy_an_atom(source: Source, text: str, flags: tuple[Any, ...] | None) -> None:
    atom, candidate = source.parse_atom(text), one(source, "dev-libs/one-3")
    assert source.flags_to_change(view_of(source), candidate, atom, NOTHING) == flags


def demanded(source: Source, view: str, changes: FlagChanges) -> dict[str, tuple[Root, set[str]]]:
    """The dependencies of one ebuild, by class."""
    demands = source.demands(view_of(source, view), one(source, "dev-libs/one-3"), changes)
    return {
        str(demand.dep_class): (demand.root, {str(atom) for atom in demand.dependency.children})
        for demand in demands
        if demand.dependency.children
    }


@pytest.mark.parametrize(("view", "root"), [("amd64-usr", Root.BOARD), ("host", Root.HOST)])
def test_each_dependency_class_has_its_root(source: Source, view: str, root: Root) -> None:
    assert demanded(source, view, NOTHING) == {
        "BDEPEND": (Root.HOST, {"dev-libs/tool"}),
        "RDEPEND": (root, {"dev-libs/own"}),
    }


def test_a_use_condition_is_evaluated(source: Source) -> None:
    found = demanded(source, "amd64-usr", frozenset({("x", True)}))
    assert found["RDEPEND"][1] == {"dev-libs/slotted:1[z]", "dev-libs/own"}


def test_required_use_is_held_against_the_flags(source: Source) -> None:
    candidate, view = one(source, "dev-libs/strict-1"), view_of(source)
    assert source.required_use_violation(view, candidate, NOTHING) == "x"
    assert source.required_use_violation(view, candidate, frozenset({("x", True)})) is None


def test_slot_subslot_and_flags_are_described(source: Source) -> None:
    view = view_of(source)
    slotted = source.describe(view, one(source, "dev-libs/slotted-1"), NOTHING)
    assert (slotted.slot, slotted.subslot) == ("1", "5")
    plain = source.describe(view, one(source, "dev-libs/one-3"), NOTHING)
    assert (plain.slot, plain.subslot, plain.iuse, plain.use) == ("0", "0", ("x", "y"), ("y",))
    assert plain.keywords == ("amd64", "arm64")


@pytest.mark.parametrize("text", ["dev-libs/one[", "=dev-libs/one", "one two", ">=dev-libs/one-x"])
def test_text_that_is_no_atom_is_refused(source: Source, text: str) -> None:
    with pytest.raises(MalformedAtomError):
        source.parse_atom(text)


def test_an_atom_keeps_its_version_under_another_name(source: Source) -> None:
    renamed: Callable[[Any, str], Any] = source.renamed
    assert str(renamed(source.parse_atom(">=dev-libs/one-3[x]"), "new-cat/uno")) == ">=new-cat/uno-3[x]"
