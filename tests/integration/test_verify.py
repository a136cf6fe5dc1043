"""Portage itself on trees that provoke it, and what verify makes of its complaints."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from overlaytool.flatcar import checkout
from overlaytool.model import Action, CheckoutState, Import, Into, Plan, Verdict
from overlaytool.progress import SilentProgress
from overlaytool.verify.judge import Question, verify

CASES = tomllib.loads((Path(__file__).parents[1] / "cases/verify/provoke.toml").read_text())["case"]
PLAIN = {
    "EAPI": "8",
    "DESCRIPTION": '"A test"',
    "HOMEPAGE": '"https://example.org/"',
    "LICENSE": '"MIT"',
    "SLOT": '"0"',
    "KEYWORDS": '"amd64 arm64"',
}
pytestmark = pytest.mark.portage


def adding(*packages: str, commit: str | None = None) -> Plan:
    """A plan that adds packages from Gentoo and has done nothing else."""
    imports = tuple(
        Import(
            package=package,
            action=Action.ADD,
            source="gentoo",
            repository="portage-stable",
            selected=(),
            because=(),
        )
        for package in packages
    )
    return Plan(
        request=packages,
        into=Into.IMAGE,
        boards=("amd64-usr", "arm64-usr"),
        checkout=CheckoutState(commit=commit, version="9001.0.0"),
        sources=(),
        imports=imports,
        eclasses=(),
        licenses=(),
        keywords=(),
        use=(),
        metapackage=None,
        present=(),
        new_in_image=(),
        warnings=(),
        manual_work=(),
    )


def write_ebuild(tree: Path, cpv: str, body: str) -> None:
    """An ebuild whose body says only what it is about."""
    category, _, version = cpv.partition("/")
    package = tree / category / version.rsplit("-", 1)[0]
    package.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}={value}" for name, value in PLAIN.items() if f"{name}=" not in body.replace("_", "-")]
    order = [line for line in body.splitlines() if line.startswith("EAPI=")] + lines
    rest = [line for line in body.splitlines() if not line.startswith("EAPI=")]
    (package / f"{version}.ebuild").write_text("\n".join([*order, *rest, ""]))


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


def judge(case: dict[str, Any], found: checkout.Checkout) -> Verdict:
    """Portage's verdict on a case, for one board."""
    return verify(
        Question(
            checkout=found,
            boards=(found.board(case.get("board", "amd64-usr")),),
            atoms=tuple(case["atoms"]),
            into=Into(case.get("into", "image")),
            plan=adding(*case["new"]) if "new" in case else None,
        ),
        SilentProgress(),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_emerge_refuses_becomes_a_complaint(case: dict[str, Any], checkout_tree: Path) -> None:
    verdict = judge(case, set_up(case, checkout_tree))
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
        fields = asdict(complaint)
        for name, value in wanted.items():
            if name in ("message", "hint"):
                assert value in fields[name]
            else:
                assert fields[name] == (tuple(value) if isinstance(value, list) else value), (name, shown)
        assert complaint.hint
        assert complaint.message
