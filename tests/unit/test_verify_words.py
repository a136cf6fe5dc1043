"""Findings of Portage as complaints: their words, their steps, and plans against what emerge takes."""

from __future__ import annotations

from typing import Any

import pytest

from overlaytool.model.plan import Selected
from overlaytool.model.resolution import Root
from overlaytool.model.verdict import ComplaintKind, ViewKind
from overlaytool.verify.complaints import atom_package, disagreements, read
from overlaytool.verify.steps import NO_STEPS, Steps

STABLE = "sdk_container/src/third_party/portage-stable"
OVERLAY = "sdk_container/src/third_party/coreos-overlay"
EMPTY: dict[str, Any] = {
    "root": "board",
    "atom": None,
    "cpvs": [],
    "candidates": [],
    "needs": [],
    "chain": [],
}


def finding(kind: str, **fields: Any) -> dict[str, Any]:
    """What Portage's process reports of one thing."""
    return EMPTY | {"kind": kind, "text": ""} | fields


@pytest.mark.parametrize(
    ("atom", "package"),
    [
        ("dev-libs/b", "dev-libs/b"),
        (">=dev-libs/b-2.1-r3[ssl,-x]", "dev-libs/b"),
        ("!!<dev-libs/b-c-2_rc1:0/3=", "dev-libs/b-c"),
        ("=dev-libs/b-1*", "dev-libs/b"),
        ("~x11-libs/gtk+-3", "x11-libs/gtk+"),
        ("dev-libs/b:2", "dev-libs/b"),
        ("dev-libs/b-2d", "dev-libs/b-2d"),
    ],
)
def test_an_atom_names_its_package(atom: str, package: str) -> None:
    assert atom_package(atom) == package


@pytest.mark.parametrize("view", list(ViewKind))
@pytest.mark.parametrize("kind", [kind for kind in ComplaintKind if kind is not ComplaintKind.SELECTION])
def test_every_kind_has_words_and_a_hint_whatever_is_known(kind: ComplaintKind, view: ViewKind) -> None:
    bare = finding(kind, atom="dev-libs/b", text="gone")
    full = bare | {"cpvs": ["dev-libs/b-1", "dev-libs/c-1"], "needs": ["x"], "chain": ["dev-libs/a-1"]}
    for one in (bare, full):
        complaint = read(one, view=view, board="amd64-usr", steps=NO_STEPS)
        assert complaint.message
        assert complaint.hint
        assert "{" not in complaint.message + complaint.hint


def test_a_complaint_concerns_the_nearest_step_of_the_change() -> None:
    steps = Steps(added=frozenset(("dev-libs/a", "dev-libs/b")), metapackage="coreos-base/coreos")
    chain = ["dev-libs/x-1", "dev-libs/b-1", "dev-libs/a-1", "coreos-base/coreos-0.0.1", "coreos-base/coreos"]
    asked = finding("no-ebuild", atom=">=dev-libs/gone-2", chain=chain)
    assert read(asked, view=ViewKind.BOARD, board="amd64-usr", steps=steps).step == "dev-libs/b"
    elsewhere = finding("no-ebuild", atom="dev-libs/gone", chain=["dev-libs/x-1", "coreos-base/coreos"])
    assert read(elsewhere, view=ViewKind.BOARD, board=None, steps=steps).step == "coreos-base/coreos"


def test_an_eclass_that_was_changed_is_the_step_of_what_misses_it() -> None:
    steps = Steps(added=frozenset(("dev-libs/b",)), eclasses=frozenset(("foo",)))
    died = finding("eclass", cpvs=["dev-libs/b-1"], text="foo.eclass could not be found by inherit()")
    assert read(died, view=ViewKind.BOARD, board="amd64-usr", steps=steps).step == "eclass/foo"


def test_differing_files_are_told_apart_as_steps() -> None:
    paths = [
        f"{STABLE}/dev-libs/new/new-1.ebuild",
        f"{STABLE}/dev-libs/new/Manifest",
        f"{STABLE}/dev-libs/old/old-2.ebuild",
        f"{STABLE}/eclass/foo.eclass",
        f"{STABLE}/licenses/MIT-0",
        f"{STABLE}/profiles/arch/amd64/use.mask",
        f"{OVERLAY}/coreos-base/coreos/coreos-0.0.1.ebuild",
        f"{OVERLAY}/coreos/config/env/dev-libs/new",
    ]
    steps = Steps.between(paths, lambda directory: not directory.endswith("/new"))
    assert steps == Steps(
        added=frozenset(("dev-libs/new",)),
        updated=frozenset(("dev-libs/old",)),
        eclasses=frozenset(("foo",)),
        metapackage="coreos-base/coreos",
    )


def test_what_emerge_takes_instead_of_what_the_plan_says_is_a_complaint() -> None:
    selected = (
        Selected(cpv="dev-libs/b-2", board="amd64-usr", root=Root.BOARD),
        Selected(cpv="dev-libs/b-2", board="arm64-usr", root=Root.BOARD),
        Selected(cpv="dev-util/t-1", board="amd64-usr", root=Root.HOST),
    )
    packages = [["board", "dev-libs/b-3"], ["host", "dev-util/t-1"], ["host", "dev-libs/b-2"]]
    (complaint,) = disagreements(selected, "amd64-usr", packages)
    assert complaint.kind is ComplaintKind.SELECTION
    assert complaint.message == "the plan selects dev-libs/b-2 for amd64-usr, emerge takes dev-libs/b-3"
    assert disagreements(selected, None, [["host", "dev-util/t-1"]]) == []
    (missing,) = disagreements(selected, None, [])
    assert missing.message == "the plan selects dev-util/t-1 for the build host, emerge takes none"
