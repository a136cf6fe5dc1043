"""The page's list of changes says what the plan does, the metapackage and USE among it, and who asks."""

from __future__ import annotations

from plans import FULL_PLAN, METAPACKAGE_FILE, USE_FILE, imported, plan

from overlaytool.model.plan import Action, Selected
from overlaytool.model.resolution import Root
from overlaytool.report import changes


def told(title: str) -> list[tuple[str, str]]:
    (found,) = (section for section in changes.sections(FULL_PLAN) if section["title"] == title)
    return [(line["text"], line["note"]) for line in found["lines"]]


def test_every_kind_of_change_has_its_section() -> None:
    assert [section["title"] for section in changes.sections(FULL_PLAN)] == [
        "Copy",
        "Copy eclasses",
        "Copy licences",
        "Accept keywords",
        "Set USE",
        "Metapackage",
        "The image gains",
        "Work for you",
        "Warnings",
    ]


def test_copies_name_version_source_and_boards_and_use_its_file() -> None:
    assert told("Copy")[0] == (
        "dev-libs/b 2.1",
        "add from gentoo, for amd64-usr; asked for by sys-process/htop-3.5.3",
    )
    assert told("Copy")[-1] == ("app-misc/fetch", "add from guru")
    assert told("Set USE") == [("dev-libs/c ssl -doc", "Required by dev-libs/b.")]
    (section,) = (each for each in changes.sections(FULL_PLAN) if each["title"] == "Set USE")
    assert section["note"] == USE_FILE.partition("/profiles/")[2]


def test_the_metapackage_shows_lines_groups_and_revision() -> None:
    assert told("Metapackage") == [
        ("+ sys-process/htop", ""),
        ("+ app-emulation/xen", "in the amd64? ( ) group"),
        (METAPACKAGE_FILE, "r320 becomes r321"),
    ]


def test_an_update_shows_both_versions() -> None:
    taken = Selected(cpv="a/b-2", board="amd64-usr", root=Root.HOST, replaces="a/b-1")
    (section,) = changes.sections(plan(imports=(imported("a/b", action=Action.UPDATE, selected=(taken,)),)))
    assert section["lines"] == [
        {"text": "a/b 1 → 2", "note": "update from gentoo, for amd64-usr host; asked for by you"}
    ]


def test_a_plan_that_does_nothing_has_no_sections() -> None:
    assert changes.sections(plan()) == []
