"""``overlaytool why``: which target has a package, on which boards, and by what chains."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support import RunCli

OVERLAY = "sdk_container/src/third_party/coreos-overlay"


@pytest.fixture
def explain(run_cli: RunCli, checkout_tree: Path) -> Callable[..., str]:
    """Run ``why`` on the fixtures' checkout; the output of both streams."""

    def run(*words: str, status: int = 0) -> str:
        done = run_cli("-C", checkout_tree, "why", *words, check=False)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    return run


def add(checkout: Path, package: str, body: str) -> None:
    """Write an ebuild into coreos-overlay."""
    name = package.rpartition("/")[2]
    place = checkout / OVERLAY / package
    place.mkdir(parents=True)
    text = f'EAPI=8\nDESCRIPTION="{name}"\nSLOT="0"\nKEYWORDS="amd64 arm64"\n{body}\n'
    (place / f"{name}-1.ebuild").write_text(text)


def ask_for(checkout: Path, *packages: str) -> None:
    """Let the image ask for packages, too."""
    (ebuild,) = (checkout / OVERLAY / "coreos-base/coreos").glob("coreos-0.0.1.ebuild")
    text = ebuild.read_text()
    ebuild.write_text(text + f'RDEPEND="${{RDEPEND}} {" ".join(packages)}"\n')


def test_the_same_chain_of_both_boards_is_shown_once(explain: Callable[..., str]) -> None:
    shown = explain("sys-libs/ncurses")
    first = shown.splitlines()[0]
    assert "on amd64-usr, arm64-usr" in first
    assert "the image today" in first


def test_what_only_builds_need_is_counted_and_shown_on_request(
    explain: Callable[..., str], checkout_tree: Path
) -> None:
    add(checkout_tree, "app-misc/only-tool", "")
    add(checkout_tree, "app-misc/builds-with-it", 'BDEPEND="app-misc/only-tool"')
    ask_for(checkout_tree, "app-misc/builds-with-it")
    shown = explain("app-misc/only-tool", status=1)
    assert "app-misc/only-tool is not in the image today at run time" in shown
    assert "1 chain of what only builds need: --build-time shows it" in shown
    assert "BDEPEND" not in shown
    shown = explain("app-misc/only-tool", "--build-time")
    assert "at build time only" in shown
    assert "app-misc/only-tool-1  BDEPEND app-misc/only-tool  on the build host" in shown


def test_chains_beyond_the_first_five_are_counted(explain: Callable[..., str], checkout_tree: Path) -> None:
    add(checkout_tree, "app-misc/popular", "")
    askers = [f"app-misc/asks-{letter}" for letter in "abcdefg"]
    for asker in askers:
        add(checkout_tree, asker, 'RDEPEND="app-misc/popular"')
    ask_for(checkout_tree, *askers)
    shown = explain("app-misc/popular")
    assert shown.count("└ app-misc/popular-1") == 5
    assert "5 of 7, --all shows the others" in shown
    shown = explain("app-misc/popular", "--all")
    assert shown.count("└ app-misc/popular-1") == 7
    assert "--all" not in shown


def test_another_target_that_has_the_package_is_named(
    explain: Callable[..., str], checkout_tree: Path, run_cli: RunCli
) -> None:
    add(checkout_tree, "app-misc/for-the-sdk", "")
    (ebuild,) = (checkout_tree / OVERLAY / "coreos-devel/sdk-depends").glob("sdk-depends-0.0.1.ebuild")
    ebuild.write_text(ebuild.read_text() + 'DEPEND="${DEPEND} app-misc/for-the-sdk"\n')
    shown = explain("app-misc/for-the-sdk")
    assert "app-misc/for-the-sdk is not in the image today" in shown
    assert "it is in the SDK" in shown
    assert "└ app-misc/for-the-sdk-1  DEPEND app-misc/for-the-sdk" in shown
    document = json.loads(
        run_cli("-C", checkout_tree, "why", "app-misc/for-the-sdk", "--format", "json").stdout
    )
    assert [entry["target"] for entry in document["elsewhere"]] == ["sdk"]
    assert document["chains"] == []
