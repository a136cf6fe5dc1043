"""What blocks a package is found in the text of ebuilds and eclasses, also where a variable hides a name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from overlaytool.ebuild.blockers import Blockers

type Found = Callable[[str, str], frozenset[str]]


@pytest.fixture
def blocking(tmp_path: Path) -> Found:
    """What blocks a package, of a tree with one ebuild that has a line."""

    def found(line: str, package: str) -> frozenset[str]:
        for name, text in {
            "stable/dev-libs/owner/owner-1.2-r3.ebuild": f'EAPI=8\ninherit outer\nRDEPEND="{line}"\n',
            "stable/dev-libs/other/other-1.ebuild": "EAPI=8\n",
            "overlay/dev-libs/third/third-1.ebuild": "EAPI=8\n",
        }.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        with Blockers([tmp_path / "stable", tmp_path / "overlay"]) as blockers:
            return blockers.of([package])

    return found


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("!app-misc/new", "app-misc/new"),
        ("!!<app-misc/new-2:0", "app-misc/new"),
        ("!<app-misc/new-${PV}", "app-misc/new"),
        ("!app-misc/${PN}", "app-misc/owner"),
        ("!<${CATEGORY}/${PN}-tools-${PV}", "dev-libs/owner-tools"),
        ("!~dev-libs/${P}", "dev-libs/owner"),
        ("!app-misc/ne${SUFFIX}", "app-misc/new"),
        ("!${MY_CATEGORY}/new-2", "app-misc/new"),
        ("!app-misc/$PN-data", "app-misc/owner-data"),
    ],
)
def test_a_blocker_is_found_with_its_variables(blocking: Found, line: str, package: str) -> None:
    assert blocking(line, package) == {"dev-libs/owner"}


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("!app-misc/new", "app-misc/newer"),
        ("app-misc/new", "app-misc/new"),
        ("!app-misc/${PN}", "app-misc/new"),
        ("!${CATEGORY}/new", "app-misc/new"),
        ("!app-misc/${NAME}", "app-misc/new"),
        ("!app-misc/old${SUFFIX}", "app-misc/new"),
        ("!${EROOT}/${NAME}", "app-misc/new"),
    ],
)
def test_what_names_another_package_or_none_at_all_is_left_alone(
    blocking: Found, line: str, package: str
) -> None:
    assert blocking(line, package) == frozenset()


def test_an_eclass_blocks_for_all_that_inherit_it(blocking: Found, tmp_path: Path) -> None:
    (tmp_path / "stable/eclass").mkdir(parents=True)
    (tmp_path / "stable/eclass/outer.eclass").write_text("inherit inner\n")
    (tmp_path / "stable/eclass/inner.eclass").write_text('RDEPEND="!<app-misc/new-2"\n')
    assert blocking("", "app-misc/new") == {"dev-libs/owner"}
