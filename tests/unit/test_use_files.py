"""What the files about USE in a profile say of one package."""

from __future__ import annotations

from pathlib import Path

import pytest
from pkgcore.ebuild.cpv import VersionedCPV

from overlaytool.ebuild.use_files import PackageUse, UseFiles, change


def flags(lines: list[str], cpv: str, start: set[str], iuse: frozenset[str] = frozenset()) -> set[str]:
    """The flags that are on after what a file says of a version."""
    on = set(start)
    for said in PackageUse(lines).about(VersionedCPV(cpv)):
        said.apply(on, iuse)
    return on


@pytest.mark.parametrize("lines", [["=cat/a-1 x", "cat/a -x"], ["cat/a -x", "=cat/a-1 x"]])
def test_the_more_specific_atom_counts_wherever_it_stands(lines: list[str]) -> None:
    assert flags(lines, "cat/a-1", set()) == {"x"}
    assert flags(lines, "cat/a-2", {"x"}) == set()


def test_of_two_alike_the_later_line_counts() -> None:
    assert flags([">=cat/a-1 x", ">=cat/a-2 -x"], "cat/a-3", set()) == set()


def test_a_line_that_cannot_be_read_says_nothing() -> None:
    assert flags(["cat/a[ x", "cat/a y"], "cat/a-1", set()) == {"y"}


@pytest.mark.parametrize(
    ("words", "result"),
    [
        (["-*", "z"], {"z"}),
        (["-cards_*", "z"], {"other", "z"}),
        (["cards_*"], {"cards_a", "cards_b", "other"}),
    ],
)
def test_an_asterisk_stands_for_all_flags_of_a_variable(words: list[str], result: set[str]) -> None:
    on = {"cards_a", "other"}
    change(words).apply(on, frozenset({"cards_a", "cards_b"}))
    assert on == result


def test_two_changes_made_one_do_what_both_do() -> None:
    both = change(["a", "-b", "c"]).then(change(["-a", "b"]))
    assert both is not None
    on = {"b", "e"}
    both.apply(on, frozenset())
    assert on == {"b", "c", "e"}


@pytest.mark.parametrize("second", [["-*"], ["-c_*", "d"], ["c_*"]])
def test_a_change_that_depends_on_what_is_on_stays_one_of_its_own(second: list[str]) -> None:
    assert change(["a", "c_x"]).then(change(second)) is None


def test_a_directory_of_files_is_read_as_one_in_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "package.use").mkdir()
    for name, text in {
        "b": "cat/a -x  # no\n",
        "a": "# all\ncat/a x y\n",
        ".c": "cat/a z\n",
        "d~": "cat/a z\n",
    }.items():
        (tmp_path / "package.use" / name).write_text(text)
    found = UseFiles().about_packages(str(tmp_path), "package.use")
    assert found is not None
    on: set[str] = set()
    for said in found.about(VersionedCPV("cat/a-1")):
        said.apply(on, frozenset())
    assert on == {"y"}
    assert UseFiles().about_all(str(tmp_path), "use.mask") is None
