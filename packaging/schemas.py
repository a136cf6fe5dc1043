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

from overlaytool.ebuild import runtime

runtime.start()

from overlaytool.cli.views import update
from overlaytool.config import Config
from overlaytool.image import document as image
from overlaytool.model.build import BuildResult, Check
from overlaytool.model.plan import Plan
from overlaytool.model.removal import Removal
from overlaytool.model.review import Review
from overlaytool.model.series import Series, Synced, WrittenSeries
from overlaytool.model.sysext import Extension, SysextCheck
from overlaytool.model.verdict import Verdict
from overlaytool.model.vm import Machine, VmRun
from overlaytool.plan import document
from overlaytool.report import review as reports
from overlaytool.survey.line import SCHEMA, Line
from overlaytool.workflow import Why
from overlaytool.workflow.info import Hit, Info, Outdated

PLACE = Path(__file__).resolve().parents[1] / "overlaytool/schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
NUMBER = {"type": "integer"}
NUMBER_OR_NULL: dict[str, Any] = {"type": ["integer", "null"]}
TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
FLAG = {"type": "boolean"}
VERSIONS = {"type": "array", "items": TEXT_OR_NULL, "minItems": 2, "maxItems": 2}


# A default of a class of our own, a target say, is text in a schema, too. msgspec has no option for that.
_json_schema.to_builtins = partial(msgspec.to_builtins, enc_hook=str)


def _object(**properties: Any) -> dict[str, Any]:
    """An object that has at least these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


CHANGE = _object(package=TEXT, views={"type": "object", "additionalProperties": VERSIONS}, notes=TEXTS)
"""A package, and each view's version before and after."""


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
        "vm-run": _of(VmRun, "overlaytool vm run --format json"),
        "vm-list": _several(Machine, "machines", "overlaytool vm list --format json"),
        "sysext-show": _sysext(),
        "sysext-check": _checks(),
        "graph": _graph(),
        "audit": _audit(),
        "survey": _line(),
        "review": _review(),
        "advisories": _advisories(),
        "info": _of(Info, "overlaytool info --format json"),
        "search": _several(Hit, "packages", "overlaytool search --format json"),
        "outdated": _several(Outdated, "packages", "overlaytool outdated --format json"),
        "sync": _several(Synced, "trees", "overlaytool sync --format json"),
        "pr": _of(WrittenSeries, "overlaytool pr --format json"),
        "update-all": _update_all(),
        "remove": _carried_out(_of(Removal, "overlaytool remove --format json")),
        "fork": _carried_out(_fork()),
        "undo": _undo(),
        "error": _error(),
    }
    return {name: {"$schema": DIALECT, **schema} for name, schema in sorted(made.items())}


def _sysext() -> dict[str, Any]:
    made = _of(Extension, "overlaytool sysext show --format json")
    for name in ("release", "texts"):
        made["properties"][name] = {"type": "object", "additionalProperties": TEXT}
    return made


def _checks() -> dict[str, Any]:
    made = _several(SysextCheck, "checks", "overlaytool sysext check, sysext build --format json")
    made["$defs"]["SysextCheck"]["properties"]["merges"] = {"type": "boolean"}
    made["$defs"]["SysextCheck"]["required"].append("merges")
    return made


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
    return _carried_out(made)


def _carried_out(made: dict[str, Any]) -> dict[str, Any]:
    """The same with what --verify and --commit add."""
    made.setdefault("$defs", {})
    for name, record in (("verdict", Verdict), ("series", Series)):
        other = _of(record, name)
        made["$defs"] |= other.pop("$defs", {})
        other["required"].remove("schema")
        made["$defs"][f"Written{name.title()}"] = other
        made["properties"][name] = {"$ref": f"#/$defs/Written{name.title()}"}
    return made


def _review() -> dict[str, Any]:
    made = _of(Review, "overlaytool review --format json, --report FILE.json", reports.SCHEMA)
    made["properties"]["changes"] = _list(CHANGE)
    made["required"].append("changes")
    return made


def _advisories() -> dict[str, Any]:
    hit = _object(
        **dict.fromkeys(("id", "title", "cpv", "file"), TEXT),
        **dict.fromkeys(("references", "targets", "views"), TEXTS),
        **dict.fromkeys(("gate", "allowed"), FLAG),
    )
    made = _object(
        schema={"const": 1},
        holds=FLAG,
        read=NUMBER,
        advisories=_list(hit),
        stale=TEXTS,
        unreadable=_list(_object(file=TEXT, reason=TEXT)),
    )
    return {"title": "overlaytool advisories --format json", **made}


def _update_all() -> dict[str, Any]:
    notice = _object(reference=TEXT, message=TEXT, hint=TEXT_OR_NULL)
    added = _object(atom=TEXT, keywords=TEXTS, file=TEXT, comment=TEXT)
    removed = _object(atom=TEXT, file=TEXT, line=NUMBER, because=TEXT)
    made = _object(
        schema={"const": update.SCHEMA},
        request=TEXTS,
        boards=TEXTS,
        base=TEXT_OR_NULL,
        sources=_list(_object(name=TEXT, commit=TEXT_OR_NULL)),
        copied=TEXTS,
        imported=TEXTS,
        entries=_list({"type": "object"}),
        keywords=_list(added),
        keywords_removed=_list(removed),
        removable=_list(_object(package=TEXT, because=TEXT)),
        steps=_list(_object(kind=TEXT, action=TEXT, subject=TEXT)),
        changes=_list(CHANGE),
        to_look_at=_list(notice),
        manual_work=_list(notice),
    )
    return _carried_out({"title": "overlaytool update --all --format json", **made})


def _fork() -> dict[str, Any]:
    notice = _object(reference=TEXT, message=TEXT, hint=TEXT_OR_NULL)
    made = _object(
        schema={"const": 1},
        package=TEXT,
        files=_list(_object(path=TEXT, action={"enum": ["write", "delete"]})),
        plan={"type": ["object", "null"]},
        work=_list(notice),
    )
    return {"title": "overlaytool fork, unfork --format json; `plan` is a document of plan", **made}


def _undo() -> dict[str, Any]:
    made = _object(
        schema={"const": 1},
        request=TEXTS,
        started=TEXT,
        removed=TEXTS,
        restored=TEXTS,
        branch=TEXT_OR_NULL,
    )
    return {"title": "overlaytool undo --format json", **made}


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
