"""The schemas in the package are those of the records that the documents are written from."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "overlaytool/schemas").glob("*.schema.json"))


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """packaging/schemas.py."""
    spec = importlib.util.spec_from_file_location("schemas", ROOT / "packaging/schemas.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_schema_is_stale(maker: ModuleType) -> None:
    assert maker.stale() == [], "a record has changed: run `make schemas`"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_is_a_schema_and_refuses_an_empty_document(file: Path) -> None:
    schema = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert not jsonschema.Draft202012Validator(schema).is_valid({})


def test_the_document_lists_them_all() -> None:
    page = (ROOT / "docs/json.md").read_text(encoding="utf-8")
    for file in FILES:
        assert f"`{file.name}`" in page
