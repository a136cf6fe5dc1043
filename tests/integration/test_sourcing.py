"""Sourcing, and what spares it: metadata is what ebuild and eclasses say now; trees are left alone."""

from __future__ import annotations

from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from ebuilds import write_ebuild

from overlaytool import workflow
from overlaytool.ebuild import metadata
from overlaytool.ebuild.shell import Bash
from overlaytool.errors import MetadataError
from overlaytool.flatcar import checkout
from overlaytool.model.resolution import Request

ECLASSES = {
    "only comments": "# Nothing is left of it.\n",
    "read line by line": "alias mine=:\nmine\nunalias mine\n",
    "plain": 'kept() { :; }\nRDEPEND="app-misc/jq"\n',
}


def test_an_endless_ebuild_is_given_up(
    home: Path, checkout_tree: Path, gentoo_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "SOURCING_LIMIT", 1.0)
    write_ebuild(gentoo_tree, "app-misc/endless-1", "while :; do :; done")
    with (
        workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space,
        pytest.raises(MetadataError) as caught,
    ):
        workflow.plan(space, Request(atoms=("app-misc/endless",)))
    assert any("not sourced after 1 seconds" in line for line in caught.value.details)


@pytest.mark.parametrize("text", ECLASSES.values(), ids=ECLASSES)
def test_an_eclass_serves_all_that_inherit_it(
    home: Path, checkout_tree: Path, gentoo_tree: Path, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (checkout.find(checkout_tree).portage_stable / "eclass/kept.eclass").write_text(text)
    names = [f"app-misc/heir-{letter}" for letter in "abcdefgh"]  # more than there are workers
    for name, following in zip(names, [*names[1:], ""], strict=True):
        write_ebuild(gentoo_tree, f"{name}-1", f'inherit kept\nDEPEND="{following}"')
    with workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space:
        _resolution, plan = workflow.plan(space, Request(atoms=(names[0],)))
    assert sorted(entry.package for entry in plan.imports) == names
    assert capfd.readouterr().err == ""


def needs(checkout_tree: Path, gentoo_tree: Path, package: str) -> list[str]:
    """What a new run imports for a package, itself left out."""
    with workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space:
        _resolution, plan = workflow.plan(space, Request(atoms=(package,)))
    return sorted(entry.package for entry in plan.imports if entry.package != package)


@pytest.fixture
def leaves(gentoo_tree: Path) -> None:
    """Packages that need nothing."""
    for name in ("one", "two", "three"):
        write_ebuild(gentoo_tree, f"app-misc/{name}-1", "")


def test_an_edited_ebuild_and_an_edited_eclass_are_sourced_again(
    home: Path, checkout_tree: Path, gentoo_tree: Path, leaves: None
) -> None:
    eclass = checkout.find(checkout_tree).portage_stable / "eclass/asks.eclass"
    eclass.write_text('RDEPEND="app-misc/one"\n')
    write_ebuild(gentoo_tree, "app-misc/heir-1", "inherit asks")
    assert needs(checkout_tree, gentoo_tree, "app-misc/heir") == ["app-misc/one"]
    eclass.write_text('RDEPEND="app-misc/two"\n')
    assert needs(checkout_tree, gentoo_tree, "app-misc/heir") == ["app-misc/two"]
    write_ebuild(gentoo_tree, "app-misc/heir-1", 'inherit asks\nDEPEND="app-misc/three"')
    assert needs(checkout_tree, gentoo_tree, "app-misc/heir") == ["app-misc/three", "app-misc/two"]
    eclass.write_text('RDEPEND="app-misc/one"\n')
    write_ebuild(gentoo_tree, "app-misc/heir-1", "inherit asks")
    assert needs(checkout_tree, gentoo_tree, "app-misc/heir") == ["app-misc/one"]


def ship(tree: Path, cpv: str, eclass: Path, **metadata: str) -> None:
    """An entry of the tree's own md5-cache for what the ebuild and the eclass say now."""
    category, _, version = cpv.partition("/")
    ebuild = tree / category / version.rpartition("-")[0] / f"{version}.ebuild"
    entry = {
        "DEFINED_PHASES": "-",
        "DESCRIPTION": "Shipped",
        "EAPI": "8",
        "KEYWORDS": "amd64 arm64",
        "LICENSE": "MIT",
        "SLOT": "0",
        **metadata,
        "_eclasses_": f"{eclass.stem}\t{md5(eclass.read_bytes()).hexdigest()}",
        "_md5_": md5(ebuild.read_bytes()).hexdigest(),
    }
    place = tree / "metadata/md5-cache" / category / version
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(f"{key}={value}\n" for key, value in entry.items()))


def test_a_shipped_md5_cache_is_used_while_its_checksums_hold(
    home: Path, checkout_tree: Path, gentoo_tree: Path, leaves: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    eclass = checkout.find(checkout_tree).portage_stable / "eclass/asks.eclass"

    def after(change: str, body: str, text: str, name: str) -> list[str]:
        """What is imported where the entry is older than what the ebuild and the eclass say."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(home / change))
        eclass.write_text('RDEPEND="app-misc/one"\n')
        write_ebuild(gentoo_tree, f"app-misc/{name}-1", "inherit asks")
        ship(gentoo_tree, f"app-misc/{name}-1", eclass, RDEPEND="app-misc/two")
        write_ebuild(gentoo_tree, f"app-misc/{name}-1", body)
        eclass.write_text(text)
        return needs(checkout_tree, gentoo_tree, f"app-misc/{name}")

    asks_one, asks_three = 'RDEPEND="app-misc/one"\n', 'RDEPEND="app-misc/three"\n'
    assert after("nothing", "inherit asks", asks_one, "heir") == ["app-misc/two"]
    assert after("the ebuild", "# edited\ninherit asks", asks_one, "heir") == ["app-misc/one"]
    assert after("the eclass", "inherit asks", asks_three, "heir") == ["app-misc/three"]


def test_trees_are_left_as_they_were(
    home: Path, checkout_tree: Path, gentoo_tree: Path, leaves: None
) -> None:
    def state() -> dict[str, tuple[int, int, int]]:
        return {
            str(path): (path.lstat().st_mtime_ns, path.lstat().st_ctime_ns, path.lstat().st_ino)
            for tree in (checkout_tree, gentoo_tree)
            for path in [tree, *tree.rglob("*")]
        }

    write_ebuild(gentoo_tree, "app-misc/heir-1", 'RDEPEND="app-misc/one"')
    before = state()
    assert needs(checkout_tree, gentoo_tree, "app-misc/heir") == ["app-misc/one"]
    assert state() == before
    assert list((home / ".cache").rglob("*.sqlite"))


def sourced_ebuilds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows by the CPV of each ebuild that bash is given."""
    seen: list[str] = []
    get_keys = Bash.get_keys

    def noting(bash: Bash, package: Any, eclasses: Any) -> dict[str, str]:
        seen.append(package.cpvstr)
        return get_keys(bash, package, eclasses)

    monkeypatch.setattr(Bash, "get_keys", noting)
    return seen


def refused(checkout_tree: Path, gentoo_tree: Path, package: str) -> str:
    """What a new run says of a package that it cannot plan."""
    with (
        workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space,
        pytest.raises(MetadataError) as caught,
    ):
        workflow.plan(space, Request(atoms=(package,)))
    return "\n".join(caught.value.details)


@pytest.mark.parametrize(
    ("text", "said"),
    [("inherit dies", "dies: never"), ("inherit nowhere", "unknown eclass: nowhere"), ("die never", "never")],
)
def test_what_cannot_be_sourced_is_sourced_once_until_an_eclass_changes(
    home: Path,
    checkout_tree: Path,
    gentoo_tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    said: str,
) -> None:
    eclasses = checkout.find(checkout_tree).portage_stable / "eclass"
    (eclasses / "dies.eclass").write_text('die "dies: never"\n')
    write_ebuild(gentoo_tree, "app-misc/broken-1", text)
    seen = sourced_ebuilds(monkeypatch)
    first = refused(checkout_tree, gentoo_tree, "app-misc/broken")
    assert said in first
    assert seen == ["app-misc/broken-1"]
    assert refused(checkout_tree, gentoo_tree, "app-misc/broken") == first
    assert seen == ["app-misc/broken-1"]
    for name in ("dies", "nowhere"):
        (eclasses / f"{name}.eclass").write_text(f"{name}=mended\n")
    if text.startswith("inherit"):
        assert needs(checkout_tree, gentoo_tree, "app-misc/broken") == []
    else:
        assert refused(checkout_tree, gentoo_tree, "app-misc/broken") == first


def test_an_ebuild_whose_eclass_refuses_its_eapi_is_told_without_bash_as_bash_tells_it(
    home: Path, checkout_tree: Path, gentoo_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = 'case ${EAPI} in\n\t7) ;;\n\t*) die "${ECLASS}: EAPI ${EAPI:-0} not supported" ;;\nesac\n'
    eclasses = checkout.find(checkout_tree).portage_stable / "eclass"
    (eclasses / "strict.eclass").write_text(case)
    seen = sourced_ebuilds(monkeypatch)
    write_ebuild(gentoo_tree, "app-misc/old-1", "inherit strict")
    told = refused(checkout_tree, gentoo_tree, "app-misc/old")
    assert seen == []
    write_ebuild(gentoo_tree, "app-misc/old-1", "if true; then\ninherit strict\nfi")
    assert refused(checkout_tree, gentoo_tree, "app-misc/old") == told
    assert seen == ["app-misc/old-1"]
