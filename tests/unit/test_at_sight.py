"""What is read from an ebuild's text instead of sourcing it: never more than the text says for certain."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.description import distfile_names
from overlaytool.ebuild.evaluate import words
from overlaytool.ebuild.repository import Listed


def candidate(tmp_path: Path, text: str, version: str = "1.2") -> EbuildCandidate:
    """An ebuild of that text, as far as looking at it goes."""
    path = tmp_path / f"a-{version}.ebuild"
    path.write_text(text)
    repository = SimpleNamespace(tree=SimpleNamespace(text=Path.read_text), ebuild=lambda listed: path)
    return EbuildCandidate(Listed("dev-libs/a", version, 0, version), repository)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ('EAPI=8\nSLOT="0"\n', "0"),
        ("EAPI=8\nSLOT=2\n", "2"),
        ('EAPI=8\nSLOT="0/5" # libfoo.so.5\n', "0"),
        ('EAPI=8\nSLOT="0/${PV}"\n', "0"),
        ('EAPI=8\nSLOT="${PV}"\n', "1.2"),
        ('EAPI=8\nSLOT="${PV%%_*}"\n', "1.2"),
        ('EAPI=8\nSLOT="$(ver_cut 1)"\n', None),
        ('EAPI=8\nif use x; then\n\tSLOT="0"\nfi\n', None),
        ('EAPI=8\nSLOT="0"\n[[ ${PV} == 1* ]] && SLOT="1"\n', None),
        ("EAPI=8\ninherit slotted\n", None),
    ],
)
def test_a_slot_is_told_only_from_one_plain_line(tmp_path: Path, text: str, slot: str | None) -> None:
    assert candidate(tmp_path, text).slot_at_sight == slot


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('KEYWORDS="amd64 ~arm64"\n', {(), ("amd64", "~arm64")}),
        ('if true; then\n\tKEYWORDS="~amd64"\nelse\n\tKEYWORDS="arm64"\nfi\n', {(), ("~amd64",), ("arm64",)}),
        ('#KEYWORDS="amd64"\n', {()}),
        ('KEYWORDS="${OTHER} amd64"\n', None),
        ("inherit acct-group\n", None),
    ],
)
def test_keywords_are_told_as_all_that_they_may_be(
    tmp_path: Path, text: str, values: set[tuple[str, ...]] | None
) -> None:
    possible = candidate(tmp_path, text).possible_keywords
    assert (None if possible is None else set(possible)) == values


def test_a_live_ebuild_is_told_by_its_version_and_its_keywords(tmp_path: Path) -> None:
    assert candidate(tmp_path, "EAPI=8\n", "9999").live
    assert not candidate(tmp_path, 'EAPI=8\nKEYWORDS="amd64"\n', "9999").live
    assert not candidate(tmp_path, "EAPI=8\n", "1.999").live


def test_the_files_of_src_uri_follow_flags_and_renames() -> None:
    uri = "https://a.org/x.tar.gz -> y.tar.gz doc? ( https://a.org/doc.zip ) !doc? ( mirror://b/no.txt )"
    ebuild = SimpleNamespace(data={"SRC_URI": uri})
    assert distfile_names(ebuild, {"doc"}) == ("y.tar.gz", "doc.zip")
    assert distfile_names(ebuild, ()) == ("y.tar.gz", "no.txt")


def test_words_lay_groups_flat() -> None:
    assert list(words("|| ( GPL-2 MIT ) x? ( BSD )", {"x"})) == ["GPL-2", "MIT", "BSD"]
