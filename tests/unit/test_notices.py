"""Every notice is a class that fills in its own words, and docs/notices.md explains them all."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from string import Formatter

import pytest
from msgspec.structs import fields
from support import ROOT

from overlaytool.model.notices import checking, planning, resolving, updating
from overlaytool.model.notices.every import KINDS
from overlaytool.model.notices.kind import NoticeKind
from overlaytool.model.resolution import Notice

MODULES = (checking, planning, resolving, updating)


def named(text: str | None) -> set[str]:
    """The fields that a text has places for."""
    return {name for _text, name, _form, _conversion in Formatter().parse(text or "") if name is not None}


def test_the_page_is_what_the_classes_say() -> None:
    spec = importlib.util.spec_from_file_location("notices_page", ROOT / "docs/notices.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run docs/notices.py"


def test_the_list_has_every_kind() -> None:
    defined = {
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, NoticeKind) and kind is not NoticeKind
    }
    assert set(KINDS) == defined
    assert len(KINDS) == len(defined)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_uses_the_fields_that_it_has(kind: type[NoticeKind]) -> None:
    assert named(kind.says) | named(kind.hint) == {field.name for field in fields(kind)}
    assert kind.__doc__ and kind.__doc__ != NoticeKind.__doc__
    assert not kind.says.endswith(".") and not (kind.hint or "").endswith(".")
    assert kind.reference == kind.reference.lower()


@pytest.mark.parametrize("reference", sorted({kind.reference for kind in KINDS}))
def test_kinds_of_one_reference_say_different_things(reference: str) -> None:
    kinds = [kind for kind in KINDS if kind.reference == reference]
    assert len({(kind.says, kind.__doc__) for kind in kinds}) == len(kinds)


def made_in(file: Path) -> bool:
    """Whether a module makes the record of a notice itself."""
    calls = (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
    return any(isinstance(call.func, ast.Name) and call.func.id == "Notice" for call in calls)


def test_no_notice_is_made_without_its_class() -> None:
    room = ROOT / "overlaytool"
    making = {str(file.relative_to(room)) for file in room.rglob("*.py") if made_in(file)}
    # an update shows findings of the audit, which are classes too, as notices
    assert making == {"model/notices/kind.py", "workflow/profile_lines.py"}


def test_a_notice_has_the_values_in_its_words() -> None:
    assert planning.ImageMasked(cpv="dev-lang/perl-5", mask="dev-lang/perl").notice == Notice(
        reference="image-masked",
        message="dev-lang/perl-5 is masked in the production image by dev-lang/perl",
        hint="build_image will fail on it: drop what RDEPENDs on it, by USE or another choice",
    )
    assert resolving.UseDropped(flag="x", package="a/b", atom="c/{d}").notice.hint == (
        "request a/b[x] to see why"
    )


def test_a_notice_without_a_hint_has_none() -> None:
    assert updating.ForkPristine(file="a-1.ebuild", origin="Gentoo's a-1").notice.hint is None
