"""Lists that are only about sorted: one line more goes where a person would put it."""

from __future__ import annotations

import pytest

from overlaytool.flatcar.order import atom_key, atom_name, place, place_by_category


@pytest.mark.parametrize(
    ("atom", "name"),
    [
        ("sys-process/htop", "sys-process/htop"),
        ("=sys-process/htop-3.4.1-r2", "sys-process/htop"),
        (">=dev-libs/b-2:0/2=[ssl,-doc]", "dev-libs/b"),
        ("!!<dev-libs/b-2", "dev-libs/b"),
        ("=app-containers/runc-1.4*", "app-containers/runc"),
        ("~sys-fs/fuse-3.17.2", "sys-fs/fuse"),
        ("sys-boot/grub:2", "sys-boot/grub"),
        ("dev-libs/foo-2d", "dev-libs/foo-2d"),
        ("=dev-git/git-2.1", "dev-git/git"),
    ],
)
def test_name_of_an_atom(atom: str, name: str) -> None:
    assert atom_name(atom) == name


def test_versions_count_as_numbers() -> None:
    atoms = ["=a/b-1.10", "=a/b-1.9", "=a/b-1.9-r1", "=a/b-c-1", "a/a"]
    assert sorted(atoms, key=atom_key) == ["a/a", "=a/b-1.9", "=a/b-1.9-r1", "=a/b-1.10", "=a/b-c-1"]


@pytest.mark.parametrize(
    ("letters", "new", "expected"),
    [
        ("", "c", "c"),
        ("abde", "c", "abcde"),
        ("bcd", "a", "abcd"),
        ("abc", "d", "abcd"),
        ("zabdef", "c", "zabcdef"),
        ("abdefa", "c", "abcdefa"),
        ("yzbcd", "a", "yzabcd"),
        ("abcyz", "x", "abcxyz"),
    ],
)
def test_lines_out_of_order_do_not_mislead(letters: str, new: str, expected: str) -> None:
    position = place([(letter,) for letter in letters], (new,))
    assert letters[:position] + new + letters[position:] == expected


def test_line_stays_with_its_category_even_where_that_is_out_of_order() -> None:
    keys = [atom_key(atom) for atom in ("sys-boot/grub", "app-misc/jq", "net-misc/curl", "sys-fs/zfs")]
    assert place_by_category(keys, atom_key("sys-boot/shim")) == 1
    assert place_by_category(keys, atom_key("sys-boot/efi")) == 0


def test_new_category_does_not_split_another() -> None:
    keys = [atom_key(atom) for atom in ("app-arch/tar", "app-arch/zip", "app-arch/gzip", "app-misc/jq")]
    assert place_by_category(keys, atom_key("app-cdr/x")) == 3
    assert place_by_category(keys, atom_key("app-aaa/x")) == 0


@pytest.mark.parametrize("text", ["", "=", "~~", ">=[", "a/b-\u00b2", "a/b-" + "9" * 5000])
def test_text_that_is_no_atom_has_a_place_too(text: str) -> None:
    assert sorted([atom_key(text), atom_key("a/b-1"), atom_key("c/d")])
