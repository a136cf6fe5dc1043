"""Edits of Flatcar's own are put onto newer copies where they apply, and are never lost without a word."""

from __future__ import annotations

from overlaytool.apply.reapplying import difference, reapplied
from overlaytool.ebuild.repository import order_of_file
from overlaytool.model.change import FileState

BASE = "EAPI=8\nSRC_URI=old\nIUSE=python\nRDEPEND=a\n"
OURS = "EAPI=8\nSRC_URI=old\nIUSE=\nRDEPEND=a\n"


def files(**texts: str) -> dict[str, FileState]:
    """``it_1=…`` as ``it-1.ebuild``; other names as they are."""
    return {
        (f"{name.replace('_', '-', 1)}.ebuild" if "_" in name else name): FileState(
            mode=0o100644, content=text.encode()
        )
        for name, text in texts.items()
    }


def merge(ours: bytes, base: bytes, theirs: bytes) -> bytes | None:
    """A merge of lines at the same places."""
    lines = []
    for our, old, new in zip(*(text.split(b"\n") for text in (ours, base, theirs)), strict=True):
        if our not in (old, new) and new != old:
            return None
        lines.append(new if our == old else our)
    return b"\n".join(lines)


def test_an_edit_moves_on_to_the_ebuild_that_replaces_the_edited_one() -> None:
    made = reapplied(
        files(it_1=BASE), files(it_1=OURS), files(it_2=BASE.replace("old", "new")), merge, order_of_file
    )
    state = made.files["it-2.ebuild"]
    assert state is not None and state.content.decode() == OURS.replace("old", "new")
    assert not made.conflicts


def test_an_edit_that_contradicts_the_new_text_is_a_conflict() -> None:
    theirs = files(it_2=BASE.replace("python", "python test"))
    made = reapplied(files(it_1=BASE), files(it_1=OURS), theirs, merge, order_of_file)
    assert (made.files, made.conflicts) == ({}, ("it-2.ebuild",))


def test_an_edit_that_gentoo_has_by_now_leaves_nothing_to_do() -> None:
    theirs = files(it_1=OURS.replace("RDEPEND=a", "RDEPEND=b"))
    made = reapplied(files(it_1=BASE), files(it_1=OURS), theirs, lambda *_texts: None, order_of_file)
    assert (made.files, made.conflicts) == ({}, ())


def test_an_edited_ebuild_that_goes_without_a_newer_one_is_a_conflict() -> None:
    both = {**files(it_1=BASE), **files(it_2=BASE)}
    made = reapplied(both, {**both, **files(it_1=OURS)}, files(it_2=BASE), merge, order_of_file)
    assert made.conflicts == ("it-1.ebuild",)


def test_files_of_our_own_are_kept_and_a_live_ebuild_gets_no_edit() -> None:
    base, ours = files(it_1=BASE), {**files(it_1=OURS), **files(fix="patch")}
    made = reapplied(base, ours, {**files(it_1=BASE), **files(it_9999="EAPI=8\n")}, merge, order_of_file)
    assert sorted(made.files) == ["fix", "it-1.ebuild"]
    assert not made.conflicts


def test_a_version_that_we_had_before_gentoo_goes_when_gentoo_has_a_newer_one() -> None:
    base = files(it_1=BASE, Manifest="one\n")
    ours = {**base, **files(it_2=BASE, Manifest="one\ntwo\n")}
    made = reapplied(base, ours, files(it_1=BASE, it_3=BASE, Manifest="one\n"), merge, order_of_file)
    assert (made.files, made.conflicts) == ({}, ())
    kept = reapplied(base, ours, files(it_1=BASE, Manifest="one\n"), merge, order_of_file)
    assert sorted(kept.files) == ["Manifest", "it-2.ebuild"]


def test_the_difference_is_shown_as_a_diff() -> None:
    lines = difference(files(it_1=BASE), files(it_1=OURS)).splitlines()
    assert lines[:2] == ["--- a/it-1.ebuild", "+++ b/it-1.ebuild"]
    assert "-IUSE=python" in lines and "+IUSE=" in lines


def test_an_edit_is_not_handed_back_to_a_release_candidate() -> None:
    base = files(it_2=BASE)
    theirs = {**base, **files(it_1=BASE)}
    theirs["it-2_rc1.ebuild"] = theirs["it-1.ebuild"]
    made = reapplied(base, files(it_2=OURS), theirs, merge, order_of_file)
    assert list(made.files) == ["it-2.ebuild"]
