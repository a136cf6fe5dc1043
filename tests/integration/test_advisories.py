"""``advisories``: ranges as Portage's glsa-check reads them, the build's own gate, and the image's SBOM."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support import FIXTURES, THIRD_PARTY, RunCli

from overlaytool.ebuild.advisories import UnreadableAdvisory, applies, parse
from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.workflow import open_workspace

STABLE = THIRD_PARTY / "portage-stable"
GATE = "build_library/test_image_content.sh"

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE glsa SYSTEM "http://www.gentoo.org/dtd/glsa.dtd">
<glsa id="{id}">
  <title>curl:
    Flaws</title>
  <affected><package name="{package}" auto="yes" arch="{arch}">{ranges}</package></affected>
  <references><uri link="https://example.org/">CVE-2026-2</uri><uri>CVE-2026-1</uri></references>
</glsa>
"""


def document(ranges: str, *, arch: str = "*", package: str = "app-misc/it", name: str = "202601-01") -> bytes:
    """An advisory with these ranges."""
    return DOCUMENT.format(id=name, package=package, arch=arch, ranges=ranges).encode()


def limits(**ranges: str) -> str:
    """``vulnerable_lt="2"`` as an element; a second word is the slot."""
    made = []
    for name, value in ranges.items():
        tag, operator = name.split("_")
        version, _, slot = value.partition(" ")
        attribute = f' slot="{slot}"' if slot else ""
        made.append(f'<{tag} range="{operator}"{attribute}>{version}</{tag}>')
    return "".join(made)


@pytest.fixture(scope="module")
def ebuilds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, EbuildCandidate]:
    """One package in several versions, the last in another slot; by version."""
    base = tmp_path_factory.mktemp("advisories")
    top = Path(shutil.copytree(FIXTURES / "flatcar-mini", base / "scripts", symlinks=True))
    directory = top / STABLE / "app-misc/it"
    directory.mkdir(parents=True)
    for version in ("1.2", "1.2-r3", "1.10", "2.0_rc1", "2.0", "3.1"):
        slot = "3/3.1" if version == "3.1" else "0"
        (directory / f"it-{version}.ebuild").write_text(f'EAPI=8\nSLOT="{slot}"\nKEYWORDS="amd64"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(base))
        patch.setenv("HOME", str(base))
        with open_workspace(checkout=top, with_sources=False) as space:
            found = {
                candidate.listed.written: candidate
                for candidate in space.source.checkout_candidates("app-misc/it")
            }
            for candidate in found.values():
                assert candidate.slot
            return found


@pytest.mark.parametrize(
    ("ranges", "vulnerable"),
    [
        (limits(vulnerable_lt="1.10"), "1.2 1.2-r3"),
        (limits(vulnerable_le="1.2"), "1.2"),
        (limits(vulnerable_le="1.2-r3"), "1.2 1.2-r3"),
        (limits(vulnerable_lt="2.0"), "1.2 1.2-r3 1.10 2.0_rc1"),
        (limits(vulnerable_gt="2.0"), "3.1"),
        (limits(vulnerable_ge="2.0"), "2.0 3.1"),
        (limits(vulnerable_eq="1.2"), "1.2"),
        (limits(vulnerable_eq="1.2*"), "1.2 1.2-r3"),
        (limits(vulnerable_eq="1.1*"), ""),
        (limits(vulnerable_lt="3", unaffected_ge="2.0"), "1.2 1.2-r3 1.10 2.0_rc1"),
        (limits(vulnerable_lt="3", unaffected_rge="1.2-r2"), "1.2 1.10 2.0_rc1 2.0"),
        (limits(vulnerable_rlt="1.2-r3"), "1.2"),
        (limits(vulnerable_rle="1.2-r3"), "1.2 1.2-r3"),
        (limits(vulnerable_rgt="1.2"), "1.2-r3"),
        (limits(vulnerable_rge="1.2-r0"), "1.2 1.2-r3"),
        (limits(vulnerable_req="1.2-r3"), "1.2-r3"),
        (limits(vulnerable_ge="1 3"), "3.1"),
        (limits(vulnerable_ge="1 3/3.1"), "3.1"),
        (limits(vulnerable_ge="1 3/3.2"), ""),
        (limits(vulnerable_ge="1 0", unaffected_ge="2.0 *"), "1.2 1.2-r3 1.10 2.0_rc1"),
        (limits(vulnerable_rge="1.2-r0 3"), ""),
        (limits(vulnerable_lt="no version"), ""),
        (limits(vulnerable_xx="1.2", vulnerable_r="1.2"), ""),
        ("", ""),
    ],
)
def test_ranges_are_those_of_glsa_check(
    ranges: str, vulnerable: str, ebuilds: dict[str, EbuildCandidate]
) -> None:
    advisory = parse(document(ranges), "glsa-202601-01.xml", "there")
    found = [version for version, candidate in ebuilds.items() if applies(advisory, candidate, "amd64")]
    assert sorted(found) == sorted(vulnerable.split())


@pytest.mark.parametrize(
    ("arch", "applied"), [("*", True), ("amd64", True), ("x86 amd64", True), ("x86", False), ("x86 *", True)]
)
def test_an_advisory_for_other_arches_does_not_apply(
    arch: str, applied: bool, ebuilds: dict[str, EbuildCandidate]
) -> None:
    advisory = parse(document(limits(vulnerable_lt="9"), arch=arch), "glsa-202601-01.xml", "there")
    assert applies(advisory, ebuilds["2.0"], "amd64") is applied


def test_an_advisory_is_read_whole() -> None:
    advisory = parse(document(limits(vulnerable_lt="9")), "glsa-202601-01.xml", "there")
    assert (advisory.id, advisory.title, advisory.file) == ("202601-01", "curl: Flaws", "there")
    assert advisory.references == ("CVE-2026-1", "CVE-2026-2")


@pytest.mark.parametrize(
    "content",
    [
        b"<glsa",
        b"<other/>",
        b"\xff\xfe<\x00g\x00",
        document("").replace(b'glsa.dtd">', b'glsa.dtd" [<!ENTITY a SYSTEM "file:///etc/passwd">]>'),
        document("").replace(b"Flaws", b"&undefined;"),
    ],
)
def test_what_is_no_advisory_is_refused_and_no_entity_is_expanded(content: bytes) -> None:
    with pytest.raises(UnreadableAdvisory):
        parse(content, "glsa-202601-01.xml", "there")


def plant(top: Path, name: str, package: str, ranges: str) -> None:
    """Write an advisory into a checkout."""
    place = top / STABLE / "metadata/glsa"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"glsa-{name}.xml").write_bytes(document(ranges, package=package, name=name))


def allow(top: Path, *names: str) -> None:
    """Write GLSA_ALLOWLIST."""
    lines = "".join(f"\t{name} # because\n" for name in names)
    (top / GATE).write_text(f"GLSA_ALLOWLIST=(\n{lines})\n")


def test_the_gate_fails_on_what_is_in_the_image_unless_it_is_allowed(
    checkout_tree: Path, run_cli: RunCli
) -> None:
    plant(checkout_tree, "202601-01", "net-misc/curl", limits(vulnerable_lt="99"))
    plant(checkout_tree, "202601-02", "net-misc/curl", limits(vulnerable_lt="1"))
    plant(checkout_tree, "202601-03", "app-misc/absent", limits(vulnerable_lt="99"))
    args = ("-C", checkout_tree, "advisories")
    done = run_cli(*args, check=False)
    assert done.returncode == 1
    assert "These fail the build" in done.stdout
    assert "GLSA 202601-01  curl: Flaws: net-misc/curl-8.16.0-r1" in done.stdout
    assert "3 advisories: the build's check fails" in done.stdout
    assert "202601-02" not in done.stdout
    allow(checkout_tree, "202601-01", "201001-01")
    done = run_cli(*args)
    assert "GLSA_ALLOWLIST lets these pass" in done.stdout
    assert "stale exception: 201001-01" in done.stdout
    document = json.loads(run_cli(*args, "--format", "json").stdout)
    assert document["holds"] is True
    assert document["stale"] == ["201001-01"]
    (entry,) = document["advisories"]
    assert (entry["gate"], entry["allowed"], entry["cpv"]) == (True, True, "net-misc/curl-8.16.0-r1")
    assert "image" in entry["targets"]


def test_the_sbom_has_what_the_image_runs_and_is_the_same_each_time(
    checkout_tree: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    pytest.importorskip("cyclonedx")
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    file = tmp_path / "sbom.json"
    run_cli("-C", checkout_tree, "advisories", "--sbom", file)
    text = file.read_text()
    run_cli("-C", checkout_tree, "advisories", "--sbom", file)
    assert file.read_text() == text
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bom = json.loads(text)
    assert bom["metadata"]["component"]["name"] == "flatcar-amd64-usr"
    found = {component["bom-ref"]: component for component in bom["components"]}
    curl = found["net-misc/curl-8.16.0-r1"]
    assert curl["purl"] == "pkg:ebuild/net-misc/curl@8.16.0-r1"
    assert (curl["group"], curl["name"], curl["version"]) == ("net-misc", "curl", "8.16.0-r1")
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in bom["dependencies"]}
    assert any(ref.startswith("dev-libs/openssl-") for ref in needs["net-misc/curl-8.16.0-r1"])
    assert not [ref for ref in found if ref.startswith("dev-build/")]  # needed to build only
