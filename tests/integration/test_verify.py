"""Portage itself on trees that provoke it, and what verify makes of its complaints."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ebuilds import write_ebuild
from msgspec import to_builtins

from overlaytool.ebuild import runtime
from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.export import Lookup
from overlaytool.flatcar import checkout
from overlaytool.flatcar.targets import EXTRA_SYSEXTS
from overlaytool.model.resolution import Into
from overlaytool.model.verdict import Verdict, ViewKind
from overlaytool.progress import SilentProgress
from overlaytool.verify.judge import Question, verify
from overlaytool.verify.steps import Steps

CASES = tomllib.loads((Path(__file__).parents[1] / "cases/verify/provoke.toml").read_text())["case"]
pytestmark = pytest.mark.portage


@pytest.fixture(scope="session")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MetadataCache]:
    """What was sourced once in a session is not sourced again; bash ends with it."""
    cache = MetadataCache(tmp_path_factory.mktemp("metadata"))
    yield cache
    cache.close()
    runtime.shut_down()


def set_up(case: dict[str, Any], path: Path) -> checkout.Checkout:
    """A checkout with what a case adds."""
    found = checkout.find(path)
    for tree, name in ((found.portage_stable, "ebuilds"), (found.overlay, "overlay")):
        for cpv, body in case.get(name, {}).items():
            write_ebuild(tree, cpv, body)
    for name, text in case.get("files", {}).items():
        file = found.portage_stable.parent / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((file.read_text() if file.exists() else "") + text)
    return found


def judge(case: dict[str, Any], found: checkout.Checkout, cache: MetadataCache) -> Verdict:
    """Portage's verdict on a case, for one board."""
    with Lookup(cache) as lookup:
        return verify(
            Question(
                checkout=found,
                boards=(found.board(case.get("board", "amd64-usr")),),
                atoms=tuple(case["atoms"]),
                into=Into(case.get("into", "image")),
                steps=Steps(added=frozenset(case.get("new", ()))),
                lookup=lookup,
            ),
            SilentProgress(),
        )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_emerge_refuses_becomes_a_complaint(
    case: dict[str, Any], checkout_tree: Path, metadata: MetadataCache
) -> None:
    verdict = judge(case, set_up(case, checkout_tree), metadata)
    complaints = sorted(
        verdict.complaints, key=lambda complaint: (complaint.kind, str(complaint.atom), complaint.cpvs)
    )
    shown = "\n".join(map(str, complaints))
    assert verdict.holds is case.get("holds", False), shown
    expected = case.get("expect", [])
    assert len(complaints) == len(expected), shown
    expected = sorted(
        expected, key=lambda entry: (entry["kind"], str(entry.get("atom")), entry.get("cpvs", ()))
    )
    for complaint, wanted in zip(complaints, expected, strict=True):
        fields = to_builtins(complaint)
        for name, value in wanted.items():
            if name in ("message", "hint"):
                assert value in fields[name]
            else:
                assert fields[name] == (tuple(value) if isinstance(value, list) else value), (name, shown)
        assert complaint.hint
        assert complaint.message


def test_an_extension_whose_package_is_gone_is_complained_of(
    checkout_tree: Path, metadata: MetadataCache
) -> None:
    found = set_up({}, checkout_tree)
    shutil.rmtree(found.portage_stable / "app-misc/channel")
    verdict = judge({"atoms": []}, found, metadata)
    assert [(one.view, one.atom, one.target) for one in verdict.complaints] == [
        (ViewKind.EXTENSIONS, "app-misc/channel", None)
    ]
    assert {view.target for view in verdict.views if view.view is ViewKind.EXTENSIONS} == {
        None,
        "sysext:driver",
    }


def test_an_extension_is_asked_about_with_its_flags(checkout_tree: Path, metadata: MetadataCache) -> None:
    body = 'IUSE="more"\nRDEPEND="more? ( dev-libs/nowhere )"'
    found = set_up({"ebuilds": {"dev-libs/asks-1": body}}, checkout_tree)
    (checkout_tree / EXTRA_SYSEXTS).write_text(
        'EXTRA_SYSEXTS=(\n  "plain|dev-libs/asks"\n  "flags|dev-libs/asks|more|amd64"\n)\n'
    )
    verdict = judge({"atoms": []}, found, metadata)
    assert [(one.atom, one.target) for one in verdict.complaints] == [("dev-libs/nowhere", "sysext:flags")]


def test_extensions_that_cannot_be_in_one_root_are_asked_about_one_by_one(
    checkout_tree: Path, metadata: MetadataCache
) -> None:
    ebuilds = {"dev-libs/asks-1": 'RDEPEND="!dev-libs/other"', "dev-libs/other-1": ""}
    found = set_up({"ebuilds": ebuilds}, checkout_tree)
    (checkout_tree / EXTRA_SYSEXTS).write_text(
        'EXTRA_SYSEXTS=(\n  "one|dev-libs/asks"\n  "two|dev-libs/other"\n)\n'
    )
    verdict = judge({"atoms": []}, found, metadata)
    assert verdict.complaints == ()
    assert {view.target for view in verdict.views if view.view is ViewKind.EXTENSIONS} == {
        "sysext:one",
        "sysext:two",
    }
