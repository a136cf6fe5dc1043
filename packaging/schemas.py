"""Make overlaytool/schemas/*.schema.json from the records that the documents are written from.

``python packaging/schemas.py`` writes them, or with ``--check`` says which are no longer what it would write.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import _json_schema

from overlaytool.config import Config
from overlaytool.image import document as image
from overlaytool.model.build import BuildResult, Check
from overlaytool.model.plan import Plan
from overlaytool.model.series import Series
from overlaytool.model.verdict import Verdict
from overlaytool.plan import document
from overlaytool.survey.line import SCHEMA, Line
from overlaytool.workflow import Why

PLACE = Path(__file__).resolve().parents[1] / "overlaytool/schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
NUMBER = {"type": "integer"}
NUMBER_OR_NULL: dict[str, Any] = {"type": ["integer", "null"]}


# A default of a class of our own, a target say, is text in a schema, too. msgspec has no option for that.
_json_schema.to_builtins = partial(msgspec.to_builtins, enc_hook=str)


def schemas() -> dict[str, dict[str, Any]]:
    """Name → JSON Schema of each document."""
    made = {
        "plan": _plan(),
        "verify": _of(Verdict, "overlaytool verify --format json", holds={"type": "boolean"}),
        "why": _of(Why, "overlaytool why --format json"),
        "config": _of(
            Config,
            "overlaytool config show --format json",
            file={"type": ["string", "null"]},
            variables={"type": "object", "additionalProperties": TEXT},
        ),
        "doctor": _several(Check, "checks", "overlaytool doctor --format json"),
        "build": _several(BuildResult, "builds", "overlaytool sdk emerge, sdk image --format json"),
        "image-show": _of(image.ShowDocument, "overlaytool image show --format json", image.SCHEMA),
        "image-diff": _of(image.DiffDocument, "overlaytool image diff --format json", image.SCHEMA),
        "image-forecast": _of(
            image.ForecastDocument, "overlaytool image forecast --format json", image.SCHEMA
        ),
        "graph": _graph(),
        "audit": _audit(),
        "survey": _line(),
        "error": _error(),
    }
    return {name: {"$schema": DIALECT, **schema} for name, schema in sorted(made.items())}


def _line() -> dict[str, Any]:
    made = _of(Line, "a line of overlaytool survey --output, --format json", SCHEMA)
    made["required"] = list(made["properties"])
    return made


def _of(record: Any, title: str, number: int = 1, **more: dict[str, Any]) -> dict[str, Any]:
    """The schema of a record's document: its fields, the schema's number, and what is written besides."""
    (schema,), parts = msgspec.json.schema_components(
        [record], schema_hook=_plain, ref_template="#/$defs/{name}"
    )
    own = parts.pop(schema["$ref"].rpartition("/")[2])
    own["title"] = title
    own["properties"] = {"schema": {"const": number}, **more, **own["properties"]}
    own["required"] = ["schema", *more, *own["required"]]
    return own | ({"$defs": dict(sorted(parts.items()))} if parts else {})


def _several(record: Any, name: str, title: str) -> dict[str, Any]:
    """The schema of a document that has a list of records."""
    (item,), parts = msgspec.json.schema_components(
        [record], schema_hook=_plain, ref_template="#/$defs/{name}"
    )
    return {"title": title, **_object(schema={"const": 1}, **{name: _list(item)}), "$defs": parts}


def _plain(kind: type) -> dict[str, Any]:
    """What msgspec does not know is written as text: paths, targets."""
    return dict(TEXT)


def _plan() -> dict[str, Any]:
    made = _of(Plan, "overlaytool plan, add, update --format json", document.SCHEMA)
    made["properties"]["license_imports"] = made["properties"]["licenses"]
    made["properties"]["licenses"] = TEXTS
    made["required"].append("license_imports")
    for name, record in (("verdict", Verdict), ("series", Series)):  # with --verify, with --commit
        other = _of(record, name)
        made["$defs"] |= other.pop("$defs", {})
        other["required"].remove("schema")
        made["$defs"][f"Written{name.title()}"] = other
        made["properties"][name] = {"$ref": f"#/$defs/Written{name.title()}"}
    return made


def _object(**properties: Any) -> dict[str, Any]:
    """An object that has at least these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _graph() -> dict[str, Any]:
    words = ("id", "cpv", "name", "version", "root", "state", "repository", "slot", "eapi", "license")
    lists = ("boards", "keywords", "iuse", "chain")
    node = _object(
        **dict.fromkeys((*words, "description", "homepage"), TEXT),
        **dict.fromkeys(lists, TEXTS),
        **dict.fromkeys(("binary", "installed", "cycle"), NUMBER_OR_NULL),
        requested={"type": "boolean"},
        download=NUMBER,
        distfiles=_list(_object(name=TEXT, size=NUMBER)),
        because=_list(_object(parent={"type": ["string", "null"]}, atom=TEXT, **{"class": TEXT})),
    )
    edge = _object(source=TEXT, target=TEXT, classes=TEXTS, atoms=TEXTS, boards=TEXTS)
    summary = _object(schema={"const": 1}, request=TEXTS, boards=TEXTS, imports=TEXTS, download=NUMBER)
    made = _object(
        directed={"const": True},
        multigraph={"const": False},
        graph=summary,
        nodes=_list(node),
        edges=_list(edge),
    )
    return {"title": "overlaytool graph -o FILE.json, --format json", **made}


def _audit() -> dict[str, Any]:
    finding = _object(
        reference=TEXT,
        severity={"enum": ["error", "warning", "note"]},
        subject=TEXT,
        file={"type": ["string", "null"]},
        line={"type": ["integer", "null"]},
        message=TEXT,
        hint={"type": ["string", "null"]},
        fixable={"type": "boolean"},
    )
    return {
        "title": "overlaytool audit --format json",
        **_object(schema={"const": 1}, findings=_list(finding)),
    }


def _error() -> dict[str, Any]:
    error = _object(kind=TEXT, status=NUMBER, message=TEXT, details=TEXTS, hint={"type": ["string", "null"]})
    return {"title": "an error, on standard error", **_object(schema={"const": 1}, error=error)}


def as_text(schema: dict[str, Any]) -> str:
    """As it is in the file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def stale() -> list[str]:
    """The names of those whose file is not what would be written now."""
    wanted = {f"{name}.schema.json": as_text(schema) for name, schema in schemas().items()}
    there = {file.name: file.read_text(encoding="utf-8") for file in PLACE.glob("*.schema.json")}
    return sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))


def main() -> int:
    """Write them, or check."""
    if "--check" in sys.argv:
        for name in stale():
            print(f"{name} is stale: make schemas")
        return bool(stale())
    PLACE.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (PLACE / f"{name}.schema.json").write_text(as_text(schema), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
