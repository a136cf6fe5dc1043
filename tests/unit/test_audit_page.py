"""docs/audit.md explains every kind of finding, with the words of the classes."""

from __future__ import annotations

import importlib.util

import pytest
from support import ROOT

from overlaytool.audit.run import KINDS
from overlaytool.model.finding import Finding

PAGE = ROOT / "docs/audit.md"


def test_the_page_is_what_the_classes_say() -> None:
    spec = importlib.util.spec_from_file_location("audit_page", ROOT / "docs/audit.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert PAGE.read_text(encoding="utf-8") == module.page(), "run docs/audit.py"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.reference)
def test_each_kind_says_why_and_what_to_do(kind: type[Finding]) -> None:
    assert kind.__doc__ and kind.__doc__ != Finding.__doc__
    assert kind.why.endswith(".")
    assert kind.hint and not kind.hint.endswith(".")
    assert kind.reference == kind.reference.lower()


def test_no_two_kinds_have_one_reference() -> None:
    assert len({kind.reference for kind in KINDS}) == len(KINDS)
