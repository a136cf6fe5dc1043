"""The text of a pull request: what it says, and that it says no more than is known."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from records import edge, package, resolution

from overlaytool.model.plan import (
    Action,
    CheckoutState,
    EclassImport,
    Import,
    KeywordChange,
    MetapackageEdit,
    Plan,
    Selected,
    TreeCommit,
    UseChange,
)
from overlaytool.model.resolution import Because, DepClass, Into, Notice, Root, State
from overlaytool.model.series import Series, SeriesCommit, SeriesRecord
from overlaytool.plan.compare import differences
from overlaytool.series import package_table, pull_request
from overlaytool.support import markdown

COMMIT = "5c1942efa446ed15b1d1eeb7f5a3b3d4d8a453a8"


def selected(cpv: str, *boards: str) -> tuple[Selected, ...]:
    return tuple(Selected(cpv=cpv, board=board, root=Root.BOARD) for board in boards)


def record(**plan_fields: object) -> SeriesRecord:
    """dev-libs/a, which brings dev-libs/b in two versions."""
    asked = edge(None, "dev-libs/a-1")
    answer = resolution(
        [
            package("dev-libs/b-2", State.ADD, size=2048, license="MIT", use=("ssl",), keywords=("amd64",)),
            package("arm64-usr:dev-libs/b-3", State.ADD, size=3000, keywords=("amd64", "~arm64")),
            package("dev-libs/a-1", State.ADD, license="|| ( GPL-2 BSD )"),
            package("arm64-usr:dev-libs/a-1", State.ADD, license="|| ( GPL-2 BSD )"),
        ],
        [asked, edge("dev-libs/a-1", "dev-libs/b-2")],
    )
    plan = Plan(
        request=("a",),
        into=Into.IMAGE,
        boards=("amd64-usr", "arm64-usr"),
        checkout=CheckoutState(commit="0" * 40, version="1"),
        sources=(TreeCommit(name="gentoo", commit=COMMIT),),
        imports=(
            Import(
                package="dev-libs/b",
                action=Action.ADD,
                source="gentoo",
                repository="portage-stable",
                selected=(*selected("dev-libs/b-2", "amd64-usr"), *selected("dev-libs/b-3", "arm64-usr")),
                because=tuple(
                    Because(parent="dev-libs/a-1", atom=">=dev-libs/b-2", dep_class=dep_class)
                    for dep_class in (DepClass.DEPEND, DepClass.RDEPEND)
                ),
            ),
            Import(
                package="dev-libs/a",
                action=Action.ADD,
                source="gentoo",
                repository="portage-stable",
                selected=selected("dev-libs/a-1", "amd64-usr", "arm64-usr"),
                because=(Because(parent=None, atom="dev-libs/a", dep_class=DepClass.RDEPEND),),
            ),
        ),
        eclasses=(),
        licenses=(),
        keywords=(),
        use=(),
        metapackage=MetapackageEdit(file="m", added=("dev-libs/a",), arch_only=(), revision=(320, 321)),
        present=(),
        new_in_image=("dev-libs/a-1", "dev-libs/b-2"),
        warnings=(),
        manual_work=(),
    )
    commits = (SeriesCommit(commit="1" * 40, subject="dev-libs/b: Add from Gentoo", step="dev-libs/b"),)
    return SeriesRecord(
        series=Series(branch="add-a", base="0" * 40, base_branch="main", commits=commits),
        plan=replace(plan, **plan_fields),
        resolution=answer,
        trees=(),
    )


def text(kept: SeriesRecord, *, changelog: bool = True) -> str:
    return pull_request.text(kept, kept.series, (), graph="", changelog=changelog)


def test_the_table_has_a_row_for_each_package_with_who_asked() -> None:
    rows = package_table.table(record()).splitlines()
    assert rows[2] == (
        "| `dev-libs/b` | 2 (amd64-usr), 3 (arm64-usr) | Gentoo 5c1942efa4 | MIT, GPL-2 "
        "| `amd64`, none for arm64; `amd64 ~arm64` | `ssl` | 4.9 KiB | `dev-libs/a-1` (DEPEND, RDEPEND) |"
    )
    assert rows[3] == (
        "| `dev-libs/a` | 1 | Gentoo 5c1942efa4 | \\|\\| ( GPL-2 BSD ) | `amd64 arm64` "
        "| – | – | **the request** |"
    )


def test_the_title_names_the_packages_in_full_whatever_was_typed() -> None:
    assert pull_request.title(record()) == "Add dev-libs/a"


def test_what_was_not_run_is_an_open_box_and_the_changelog_box_is_true() -> None:
    kept = record()
    assert "- [x]" not in text(kept, changelog=False)
    assert text(kept).count("- [x]") == 1
    assert text(kept).count("- [ ] not run:") == 5
    assert "The size on disk was not measured" in text(kept)


def test_everything_that_comes_beside_packages_is_named_with_its_reason() -> None:
    kept = record(
        eclasses=(
            EclassImport(
                name="foo",
                action=Action.UPDATE,
                source="gentoo",
                needed_by=("dev-libs/b-2",),
                inherited_by=("x/y-1", "x/z-1"),
            ),
        ),
        keywords=(
            KeywordChange(
                atom="=dev-libs/b-3", keywords=("~arm64",), file="k", comment="Fixes #7, says @ada."
            ),
        ),
        use=(
            UseChange(
                atom="dev-libs/c",
                flags=("ssl",),
                file="u",
                because=Because(parent="dev-libs/b-2", atom="dev-libs/c[ssl]", dep_class=DepClass.RDEPEND),
                comment="Required by dev-libs/b.",
            ),
        ),
        manual_work=(Notice(reference="overlay", message="coreos-overlay holds dev-libs/d"),),
    )
    said = text(kept)
    assert "- eclass `foo` (update), inherited by `dev-libs/b-2`; 2 ebuilds of the tree inherit" in said
    assert "- keyword `=dev-libs/b-3 ~arm64`: Fixes `#7,` says `@ada.`" in said
    assert "- USE `dev-libs/c ssl`: Required by dev-libs/b." in said
    assert "- **coreos-overlay holds dev-libs/d**" in said


def test_a_request_for_the_sdk_says_nothing_of_the_image() -> None:
    said = text(record(into=Into.SDK, new_in_image=()))
    assert "What the image gains" not in said
    assert "sudo emerge --oneshot dev-libs/a" in said


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 1024**2, "5.0 MiB"), (3 * 1024**3, "3.0 GiB")],
)
def test_sizes_are_in_powers_of_1024(count: int, words: str) -> None:
    assert markdown.size(count) == words


def test_code_and_fences_hold_backticks() -> None:
    assert markdown.code("a`b") == "`` a`b ``"
    assert markdown.fenced("```\nx", "text") == "````text\n```\nx\n````\n"
    assert markdown.escaped("a_b *c* <d> #1 @e") == "a\\_b \\*c\\* \\<d\\> `#1` `@e`"


# --- what is different after the base moved -------------------------------------------------------


def test_the_same_plan_on_another_commit_and_revision_is_no_difference() -> None:
    old, new = (
        record(),
        record(
            checkout=CheckoutState(commit="9" * 40, version="2"),
            metapackage=MetapackageEdit(file="m", added=("dev-libs/a",), arch_only=(), revision=(321, 322)),
        ),
    )
    assert differences(old.plan, new.plan) == ()


def test_each_difference_is_a_line() -> None:
    old = record().plan
    first, second = old.imports
    new = replace(
        old,
        imports=(replace(second, selected=selected("dev-libs/a-2", "amd64-usr")),),
        keywords=(KeywordChange(atom="=dev-libs/a-2", keywords=(), file="k", comment="c"),),
        metapackage=None,
        manual_work=(Notice(reference="r", message="do it"),),
    )
    assert first.package == "dev-libs/b"
    assert differences(old, new) == (
        "package dev-libs/a: add from gentoo into portage-stable, dev-libs/a-1 on amd64-usr,"
        " dev-libs/a-1 on arm64-usr, now add from gentoo into portage-stable, dev-libs/a-2 on amd64-usr",
        "package dev-libs/b is not needed any more",
        "keyword =dev-libs/a-2 is new: unstable on all boards",
        "the metapackage has dev-libs/a already",
        "manual work is new: do it",
    )
