"""Portage's process: what it may read, how it is ended, and what is said when there is no Portage."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ebuilds import write_ebuild

from overlaytool.ebuild import runtime
from overlaytool.ebuild.cache import MetadataCache
from overlaytool.ebuild.export import Lookup
from overlaytool.errors import CheckoutError, HungError, ToolMissingError
from overlaytool.flatcar import checkout
from overlaytool.model.resolution import Root
from overlaytool.model.verdict import ComplaintKind
from overlaytool.progress import SilentProgress
from overlaytool.verify import emerge, root
from overlaytool.verify.emerge import MetadataLookup
from overlaytool.verify.judge import Question, verify

WATCH = """
import os, sys
opened = os.open({file!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)  # before the process is confined
def watch(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and arguments and isinstance(arguments[0], str):
        os.write(opened, (os.path.abspath(arguments[0]) + "\\n").encode())
busy = []
def once(event, arguments):
    if not busy:
        busy.append(1)
        try:
            watch(event, arguments)
        finally:
            busy.pop()
sys.addaudithook(once)
"""
HOSTS_PORTAGE = ("/etc/portage", "/etc/make", "/etc/profile.env", "/var/db", "/var/lib/portage", "/var/cache")


def question(path: Path, lookup: MetadataLookup, *atoms: str, **fields: Any) -> Question:
    """Portage is asked about one board."""
    found = checkout.find(path)
    return Question(checkout=found, boards=(found.board("amd64-usr"),), lookup=lookup, atoms=atoms, **fields)


@pytest.fixture
def lookup(tmp_path: Path) -> Iterator[Lookup]:
    """What sources for Portage; its bash ends with it."""
    cache = MetadataCache(tmp_path / "metadata")
    with Lookup(cache) as made:
        yield made
    cache.close()
    runtime.shut_down()


@pytest.mark.portage
def test_the_hosts_own_portage_is_neither_read_nor_obeyed(
    checkout_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lookup: Lookup
) -> None:
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch/sitecustomize.py").write_text(WATCH.format(file=str(tmp_path / "opened")))
    clean = emerge._environment

    def watched(directory: Path) -> dict[str, str]:
        environment = clean(directory)
        return environment | {"PYTHONPATH": f"{tmp_path}/watch:{environment['PYTHONPATH']}"}

    monkeypatch.setattr(emerge, "_environment", watched)
    for name, value in {
        "PORTAGE_CONFIGROOT": "/nonexistent",
        "ROOT": "/nonexistent",
        "PORTDIR_OVERLAY": "/nonexistent",
        "ACCEPT_KEYWORDS": "**",
        "USE": "-* nothing",
        "EMERGE_DEFAULT_OPTS": "--ask",
        "PORTAGE_REPOSITORIES": "[gentoo]\nlocation = /nonexistent\n",
    }.items():
        monkeypatch.setenv(name, value)
    write_ebuild(checkout.find(checkout_tree).portage_stable, "dev-libs/b-1", 'KEYWORDS="~amd64"')
    verdict = verify(question(checkout_tree, lookup, "dev-libs/b"), SilentProgress())
    assert [complaint.kind for complaint in verdict.complaints] == [ComplaintKind.KEYWORD]
    opened = (tmp_path / "opened").read_text().splitlines()
    assert any("portage-stable" in path for path in opened)
    assert not [path for path in opened if path.startswith(HOSTS_PORTAGE)]


@pytest.mark.portage
def test_an_ebuild_that_hangs_ends_with_portage(checkout_tree: Path, lookup: Lookup) -> None:
    write_ebuild(checkout.find(checkout_tree).portage_stable, "dev-libs/b-1", "while :; do :; done")
    started = time.monotonic()
    with pytest.raises(HungError, match="in 4 seconds"):
        verify(question(checkout_tree, lookup, "dev-libs/b", limit=4.0), SilentProgress())
    assert time.monotonic() - started < 15


@pytest.mark.portage
def test_ctrl_c_ends_it_with_all_that_it_started(checkout_tree: Path, home: Path) -> None:
    write_ebuild(checkout.find(checkout_tree).portage_stable, "dev-libs/b-1", "while :; do :; done")
    command = [sys.executable, "-m", "overlaytool", "-C", str(checkout_tree), "verify", "dev-libs/b"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(Path(emerge.__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    time.sleep(6)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    processes = subprocess.run(["ps", "-e", "-o", "args"], capture_output=True, text=True).stdout
    assert str(checkout_tree) not in processes


class Told:
    """Metadata as a test wants it told."""

    def __init__(
        self,
        asked: Callable[[Path, str], Mapping[str, str] | None],
        unasked: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._asked, self._unasked = asked, tuple((unasked or {}).items())

    def __call__(self, tree: Path, cpv: str) -> Mapping[str, str] | None:
        return self._asked(tree, cpv)

    def finished(self, tree: Path, start: int) -> Sequence[tuple[str, Mapping[str, str]]]:
        return self._unasked[start:]


@pytest.mark.portage
def test_a_lookup_that_fails_is_an_error_and_no_hang(checkout_tree: Path) -> None:
    def refuse(tree: Path, cpv: str) -> Mapping[str, str] | None:
        raise CheckoutError(f"nothing is known of {cpv}")

    with pytest.raises(CheckoutError, match="nothing is known of"):
        verify(question(checkout_tree, Told(refuse), "app-misc/jq"), SilentProgress())


@pytest.mark.portage
def test_metadata_that_is_not_of_this_ebuild_is_not_believed(checkout_tree: Path) -> None:
    wrong = {"EAPI": "8", "SLOT": "0", "RDEPEND": "dev-libs/nowhere", "_md5_": "0" * 32}
    for told in (Told(lambda tree, cpv: wrong), Told(lambda tree, cpv: None, {"app-misc/jq-1.8.1": wrong})):
        verdict = verify(question(checkout_tree, told, "app-misc/jq"), SilentProgress())
        assert not verdict.holds
        assert "dev-libs/nowhere" not in {complaint.atom for complaint in verdict.complaints}


@pytest.mark.portage
def test_a_profile_that_cannot_be_read_is_an_error_about_the_checkout(
    checkout_tree: Path, lookup: Lookup
) -> None:
    parent = checkout.find(checkout_tree).overlay / "profiles/coreos/amd64/parent"
    parent.write_text("portage-stable:no/such/profile\n")
    with pytest.raises(CheckoutError, match="profile"):
        verify(question(checkout_tree, lookup, "app-misc/jq"), SilentProgress())


@pytest.mark.portage
@pytest.mark.parametrize("root_deps", [False, True])
def test_old_build_dependencies_are_wanted_where_the_checkouts_emerge_looks_for_them(
    checkout_tree: Path, root_deps: bool, lookup: Lookup
) -> None:
    setup_board = (
        "for wrapper in 'emerge --root-deps' ebuild; do\n" if root_deps else "for wrapper in emerge\n"
    )
    (checkout_tree / "setup_board").write_text(setup_board)
    stable = checkout.find(checkout_tree).portage_stable
    write_ebuild(stable, "dev-libs/old-1", 'EAPI=6\nDEPEND="dev-libs/gone"')
    (complaint,) = verify(question(checkout_tree, lookup, "dev-libs/old"), SilentProgress()).complaints
    assert complaint.atom == "dev-libs/gone"
    assert complaint.root is (Root.BOARD if root_deps else Root.HOST)


@pytest.mark.portage
def test_old_build_dependencies_do_not_get_into_the_image_of_3665(
    checkout_3665: Path, lookup: Lookup
) -> None:
    (checkout_3665 / "setup_board").write_text("for wrapper in 'emerge --root-deps' ebuild; do\n")
    stable = checkout.find(checkout_3665).portage_stable
    write_ebuild(stable, "dev-libs/old-1", 'EAPI=6\nDEPEND="dev-lang/python"')
    verdict = verify(question(checkout_3665, lookup, "dev-libs/old"), SilentProgress())
    assert verdict.holds
    assert [view.judged for view in verdict.views] == [True, True]


def test_trees_are_called_what_their_profiles_call_them(checkout_3665: Path, checkout_tree: Path) -> None:
    assert root.repository_names(checkout.find(checkout_3665)) == ("portage-stable", "coreos")
    assert root.repository_names(checkout.find(checkout_tree)) == ("portage-stable", "coreos-overlay")


def test_no_portage_is_one_message_that_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(ToolMissingError) as caught:
        emerge.portage_version()
    assert "pip install 'overlaytool[verify]'" in str(caught.value.hint)


def test_another_pythons_portage_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "emerge").write_text("#!/bin/sh\n")
    (tmp_path / "emerge").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ToolMissingError) as caught:
        emerge.portage_version()
    assert caught.value.details[0].startswith(f"{tmp_path}/emerge belongs to another Python than")


@pytest.mark.parametrize("version", ["2.3.99", "3.0.30", "3.0.65"])
def test_a_portage_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    with pytest.raises(ToolMissingError, match=f"Portage {version} is too old"):
        emerge.portage_version()
