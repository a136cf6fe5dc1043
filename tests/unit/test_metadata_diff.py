"""Two versions' metadata are compared item by item; what is seldom worth a look is folded away."""

from __future__ import annotations

import pytest

from overlaytool.model.review import FieldChange
from overlaytool.plan.metadata_diff import MetadataDiff, items


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b c/d", ("a/b", "c/d")),
        ("ssl? ( a/b ldap? ( c/d ) )", ("ssl? a/b", "ssl? ldap? c/d")),
        ("|| ( a/b ( c/d e/f ) ) g/h", ("|| ( a/b ( c/d e/f ) )", "g/h")),
        ("x? ( || ( a/b c/d ) )", ("x? || ( a/b c/d )",)),
        ("( a/b )", ("a/b",)),
        ("", ()),
    ],
)
def test_a_dependency_is_an_item_with_its_conditions(text: str, expected: tuple[str, ...]) -> None:
    assert items("RDEPEND", text) == expected


@pytest.mark.parametrize("text", ["a/b )", "ssl? ( a/b", "ssl? a/b", "|| a/b", "|| ( a/b"])
def test_text_whose_groups_do_not_match_is_one_item(text: str) -> None:
    assert items("RDEPEND", text) == (text,)


def test_flags_that_eclasses_write_out_for_each_python_are_one() -> None:
    text = "python_targets_python3_12? ( a/b[python_targets_python3_12(-)?,python_targets_python3_13(-)?] )"
    assert items("RDEPEND", text) == ("python_targets_*? a/b[python_targets_*?]",)


def test_keywords_are_words() -> None:
    assert items("KEYWORDS", "amd64 ~arm64") == ("amd64", "~arm64")


def compared(old: dict[str, str], new: dict[str, str], text: str) -> MetadataDiff:
    return MetadataDiff(old, new, texts=("", text), fields=("IUSE", "BDEPEND", "RDEPEND"))


def test_what_comes_and_goes_is_named() -> None:
    found = compared(
        {"RDEPEND": "a/b c/d", "IUSE": "ssl"},
        {"RDEPEND": "c/d >=e/f-2", "IUSE": "+ssl"},
        'RDEPEND="a/b >=e/f-2"',
    )
    assert found.fields == [
        FieldChange(field="IUSE", removed=("ssl",), added=("+ssl",)),
        FieldChange(field="RDEPEND", removed=("a/b",), added=(">=e/f-2",)),
    ]
    assert not found.eclass_only and not found.noise


def test_a_dependency_that_neither_ebuild_names_comes_through_an_eclass() -> None:
    found = compared({"BDEPEND": "dev-lang/old"}, {"BDEPEND": ">=dev-lang/rust-1.80 x/y"}, "x/y")
    assert found.eclass_only == ["BDEPEND -dev-lang/old", "BDEPEND +>=dev-lang/rust-1.80"]
    assert found.fields == [FieldChange(field="BDEPEND", removed=(), added=("x/y",))]


def test_a_package_that_the_ebuild_names_by_a_variable_counts_as_named() -> None:
    found = compared({}, {"RDEPEND": "dev-qt/qtbase"}, 'RDEPEND="${CATEGORY}/qtbase"')
    assert found.fields == [FieldChange(field="RDEPEND", removed=(), added=("dev-qt/qtbase",))]


@pytest.mark.parametrize(
    "item",
    ["verify-sig? sec-keys/openpgp-keys-x", ">=dev-build/automake-1.16", "|| ( dev-build/libtool x/y )"],
)
def test_verify_sig_and_autotools_are_noise(item: str) -> None:
    text = item.replace("? ", "? ( ") + " )" if "? " in item else item
    found = compared({}, {"BDEPEND": text}, text)
    assert found.noise == [f"BDEPEND +{item}"]
    assert not found.fields


def test_flags_of_a_new_python_come_through_an_eclass() -> None:
    found = compared({"IUSE": "ssl"}, {"IUSE": "ssl python_targets_python3_14 test"}, "")
    assert found.eclass_only == ["IUSE +python_targets_python3_14"]
    assert found.fields == [FieldChange(field="IUSE", removed=(), added=("test",))]


def test_a_name_that_only_begins_like_a_dependency_is_not_the_ebuilds_own() -> None:
    new = {"RDEPEND": "python_targets_x? ( dev-lang/python:3.15 )"}
    homepage = 'HOMEPAGE="https://example.org/python-json"'
    assert compared({}, new, homepage).fields == []
    assert compared({}, new, 'RDEPEND="${LANG}/python:3.15"').fields != []
