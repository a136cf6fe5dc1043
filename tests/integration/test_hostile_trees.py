"""Trees that nobody sane would write: each ends soon, with an answer or a documented error."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from support import THIRD_PARTY

from overlaytool import workflow
from overlaytool.errors import (
    CheckoutError,
    MalformedAtomError,
    MetadataError,
    OverlaytoolError,
    UnsatisfiableError,
)
from overlaytool.model.resolution import Request
from overlaytool.support.files import read_bytes
from overlaytool.workflow.workspace import open_workspace

PROFILES = THIRD_PARTY / "coreos-overlay/profiles/coreos"


class Trees(NamedTuple):
    """Copies to spoil."""

    checkout: Path
    gentoo: Path

    def write(self, cpv: str = "app-misc/x-1", **variables: str) -> Path:
        """An ebuild in Gentoo's tree."""
        package, _, version = cpv.rpartition("-")
        directory = self.gentoo / package
        directory.mkdir(parents=True, exist_ok=True)
        values = {"EAPI": "8", "DESCRIPTION": "x", "LICENSE": "MIT", "SLOT": "0", "KEYWORDS": "amd64 arm64"}
        file = directory / f"{package.partition('/')[2]}-{version}.ebuild"
        file.write_text("".join(f'{name}="{value}"\n' for name, value in (values | variables).items()))
        return file

    def plan(self, *atoms: str) -> list[str]:
        """The CPVs that a plan imports."""
        with open_workspace(checkout=self.checkout, gentoo=self.gentoo) as space:
            _, plan = workflow.plan(space, Request(atoms=atoms))
        return sorted({one.cpv for entry in plan.imports for one in entry.selected})


@pytest.fixture
def trees(checkout_tree: Path, gentoo_tree: Path) -> Trees:
    return Trees(checkout_tree, gentoo_tree)


DEEP = 10_000
INVALID = {
    "LICENSE group": {"LICENSE": "|| ("},
    "LICENSE operator": {"LICENSE": "|| MIT"},
    "LICENSE word": {"LICENSE": "MIT ^^"},
    "LICENSE depth": {"LICENSE": "( " * DEEP + "MIT" + " )" * DEEP},
    "REQUIRED_USE group": {"IUSE": "a", "REQUIRED_USE": "^^ ("},
    "REQUIRED_USE operator": {"IUSE": "a", "REQUIRED_USE": "?? a"},
    "REQUIRED_USE depth": {"IUSE": "a", "REQUIRED_USE": "|| ( " * DEEP + "a" + " )" * DEEP},
    "RDEPEND group": {"RDEPEND": "sys-libs/zlib )"},
    "RDEPEND atom": {"RDEPEND": ">=sys-libs/zlib"},
    "RDEPEND atom under a flag": {"IUSE": "a", "RDEPEND": "a? ( >=sys-libs )"},
    "RDEPEND depth": {"RDEPEND": "( " * 1000 + "sys-libs/zlib" + " )" * 1000},
    "RDEPEND digits": {"RDEPEND": ">=sys-libs/zlib-" + "9" * 5000},
    "SRC_URI arrow": {"SRC_URI": "https://example.org/a -> )"},
    "SRC_URI depth": {"SRC_URI": "( " * DEEP + "https://example.org/a" + " )" * DEEP},
}


def test_an_ebuild_with_invalid_metadata_is_passed_over_for_another(trees: Trees) -> None:
    for number, variables in enumerate(INVALID.values()):
        trees.write(f"app-misc/x{number}-1")
        trees.write(f"app-misc/x{number}-2", **variables)
    packages = [f"app-misc/x{number}" for number in range(len(INVALID))]
    assert trees.plan(*packages) == sorted(f"{package}-1" for package in packages)


def test_where_there_is_no_other_its_variable_is_named(trees: Trees) -> None:
    for number, variables in enumerate(INVALID.values()):
        trees.write(f"app-misc/x{number}-1", **variables)
    with open_workspace(checkout=trees.checkout, gentoo=trees.gentoo) as space:
        for number, kind in enumerate(INVALID):
            with pytest.raises((MetadataError, UnsatisfiableError)) as caught:
                workflow.plan(space, Request(atoms=(f"app-misc/x{number}",)))
            said = "\n".join((caught.value.message, *caught.value.details))
            assert kind.partition(" ")[0] in said
            assert max(map(len, said.splitlines())) < 2000


def spoil_mask(trees: Trees) -> Path:
    file = trees.gentoo / "profiles/package.mask"
    file.write_bytes(b"# because\n\n=app-misc/\xff-1\n")
    return file


def spoil_keywords(trees: Trees) -> Path:
    file = trees.checkout / PROFILES / "base/package.accept_keywords"
    file.write_bytes(b"# one\n\napp-misc/\xff ~amd64\n")
    return file


def spoil_defaults(trees: Trees) -> Path:
    file = trees.checkout / PROFILES / "base/make.defaults"
    file.write_text('A="b"\n\nB="open\n')
    return file


def spoil_parent(trees: Trees) -> Path:
    file = trees.checkout / PROFILES / "base/parent"
    file.write_text("# us\n\n.\n")
    return file


@pytest.mark.parametrize("spoil", [spoil_mask, spoil_keywords, spoil_defaults, spoil_parent])
def test_a_profile_file_that_cannot_be_read_is_named_with_its_line(
    spoil: Callable[[Trees], Path], trees: Trees
) -> None:
    trees.write(KEYWORDS="~amd64 ~arm64")
    file = spoil(trees)
    with pytest.raises(CheckoutError) as caught:
        trees.plan("app-misc/x")
    said = "\n".join((caught.value.message, *caught.value.details))
    assert str(file) in said and re.search("line [34]", said)


def test_parents_that_go_round_over_several_profiles_are_said(trees: Trees) -> None:
    trees.write()
    (trees.checkout / PROFILES / "base/parent").write_text("../amd64/generic\n")
    with pytest.raises(CheckoutError, match="its own parent"):
        trees.plan("app-misc/x")


def test_eclasses_that_inherit_each_other_are_said_with_file_and_line(trees: Trees) -> None:
    (trees.gentoo / "eclass/aa.eclass").write_text("inherit bb\n")
    (trees.gentoo / "eclass/bb.eclass").write_text("# us\n\ninherit aa\n")
    (trees.gentoo / "eclass/guarded.eclass").write_text("[[ ${seen} ]] || { seen=1; inherit guarded; }\n")
    for name in ("bb", "guarded"):
        file = trees.write(f"app-misc/{name}-1")
        file.write_text(file.read_text() + f"inherit {name}\n")
    with pytest.raises(MetadataError) as caught:
        trees.plan("app-misc/bb")
    said = "\n".join((caught.value.message, *caught.value.details))
    assert "more than 32 deep" in said and re.search(r"(aa.eclass, line 1|bb.eclass, line 3)$", said, re.M)
    assert trees.plan("app-misc/guarded") == ["app-misc/guarded-1"]


def test_parents_that_multiply_are_not_followed(trees: Trees) -> None:
    trees.write()
    for number in range(40):
        directory = trees.checkout / PROFILES / f"deep{number}"
        directory.mkdir()
        (directory / "parent").write_text(f"../deep{number + 1}\n" * 2)
    (trees.checkout / PROFILES / "deep40").mkdir()
    (trees.checkout / PROFILES / "base/parent").write_text("../deep0\n")
    with pytest.raises(CheckoutError, match="too many parents"):
        trees.plan("app-misc/x")


@pytest.mark.parametrize(
    "line",
    ["slotmove > 0 1", "move", "slotmove", "move a", "slotmove sys-libs/zlib 0 [[[", "move sys-libs/zlib (("],
)
def test_lines_of_updates_that_say_nothing_are_left_out(line: str, trees: Trees) -> None:
    (trees.gentoo / "profiles/updates").mkdir(exist_ok=True)
    (trees.gentoo / "profiles/updates/1Q-2026").write_text(line + "\n")
    trees.write(RDEPEND="sys-libs/zlib:0")
    assert trees.plan("app-misc/x") == ["app-misc/x-1"]


@pytest.mark.parametrize(
    "atom",
    [
        f">=sys-libs/zlib-{'9' * 5000}",
        f"=sys-libs/zlib-1-r{'9' * 5000}",
        "sys-libs/zlib:" + "9" * 100_000,
        ">",
        "~",
    ],
)
def test_an_atom_of_any_length_is_answered(atom: str, trees: Trees) -> None:
    with pytest.raises(MalformedAtomError) as caught:
        trees.plan(atom)
    assert len(caught.value.message) < 2000


def test_a_licence_of_2_to_the_30_choices_is_answered(trees: Trees) -> None:
    trees.write(LICENSE=" ".join(f"|| ( MIT BSD{number} )" for number in range(30)))
    assert trees.plan("app-misc/x") == ["app-misc/x-1"]


def test_any_of_groups_that_multiply_are_answered(trees: Trees) -> None:
    for number in range(40):
        for name in "lm":
            either = f"|| ( app-misc/l{number + 1} app-misc/m{number + 1} )"
            trees.write(f"app-misc/{name}{number}-1", RDEPEND=either)
    for name in "lm":
        trees.write(f"app-misc/{name}40-1", RDEPEND="app-misc/nowhere")
    with pytest.raises(UnsatisfiableError, match="app-misc/nowhere"):
        trees.plan("app-misc/l0")


def fifo(place: Path) -> None:
    os.mkfifo(place)


def endless(place: Path) -> None:
    place.symlink_to("/dev/zero")


def sparse(place: Path) -> None:
    place.touch()
    os.truncate(place, 8 << 30)


PLACES = {
    **{name: Path(f"gentoo/profiles/{name}") for name in ("package.mask", "repo_name", "eapi", "categories")},
    **{
        name: Path("scripts") / PROFILES / "base" / name
        for name in ("parent", "make.defaults", "package.use", "package.accept_keywords", "package.provided")
    },
    "updates": Path("gentoo/profiles/updates/1Q-2026"),
    "layout.conf": Path("gentoo/metadata/layout.conf"),
    "eclass": Path("gentoo/eclass/aa.eclass"),
    "Manifest": Path("gentoo/app-misc/x/Manifest"),
    "licence": Path("gentoo/licenses/MIT-new"),
    "other ebuild": Path("gentoo/app-misc/x/x-2.ebuild"),
    "file": Path("gentoo/app-misc/x/a.patch"),
    "md5-cache": Path("gentoo/metadata/md5-cache/app-misc/x-1"),
    "automation list": Path("scripts/.github/workflows/portage-stable-packages-list"),
    "version.txt": Path("scripts/sdk_container/.repo/manifests/version.txt"),
    "overlaytool.toml": Path("scripts/overlaytool.toml"),
}


@pytest.fixture
def limit() -> Iterator[None]:
    """Fail, and do not wait for ever."""

    def fail(*_: object) -> None:
        raise TimeoutError("it hangs")

    old = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


@pytest.mark.parametrize(
    ("place", "make"),
    [
        *((place, fifo) for place in PLACES),
        *(
            (place, make)
            for place in ("package.mask", "package.use", "Manifest")
            for make in (endless, sparse)
        ),
    ],
)
def test_what_is_no_file_of_a_sane_size_is_not_read(
    place: str, make: Callable[[Path], None], trees: Trees, tmp_path: Path, limit: None
) -> None:
    trees.write(LICENSE="MIT-new", SRC_URI="https://example.org/x.tar")
    file = tmp_path / PLACES[place]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    make(file)
    with (
        suppress(OverlaytoolError),
        open_workspace(checkout=trees.checkout, gentoo=trees.gentoo) as space,
    ):
        workflow.add(space, workflow.prepare(space, Request(atoms=("app-misc/x",))), date(2026, 8, 22))


@pytest.mark.parametrize("make", [fifo, endless, sparse])
def test_a_reader_takes_regular_files_of_a_sane_size_only(
    make: Callable[[Path], None], tmp_path: Path, limit: None
) -> None:
    make(tmp_path / "odd")
    with pytest.raises(OSError, match=r"regular file|MiB"):
        read_bytes(tmp_path / "odd")
    (tmp_path / "plain").write_bytes(b"text")
    assert read_bytes(tmp_path / "plain") == b"text"
    with pytest.raises(OSError, match="it has more than"):
        read_bytes(tmp_path / "plain", limit=3)
