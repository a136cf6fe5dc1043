"""Writes a plan as JSON, schema 2 of the contract, and reads it again. The same plan gives the same bytes."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from overlaytool.errors import PlanError
from overlaytool.model.plan import Plan
from overlaytool.model.target import decode_target, encode_target

SCHEMA = 2
_HINT = "overlaytool plan --format json writes such a document; it is not meant to be edited"


ABOUT_THE_RUN = "containment"
"""A key that says how the plan was made, not what it is."""


def to_json(plan: Plan, **about_the_run: object) -> str:
    """The document, with a newline at its end.

    :param about_the_run: ``containment``, where it is known.
    """
    return json.dumps(to_data(plan) | about_the_run, indent=2, ensure_ascii=False) + "\n"


def to_data(plan: Plan) -> dict[str, Any]:
    """The document before it becomes text; for commands whose own document holds a plan."""
    # Through JSON, so that tuples are lists and enumerations are their values.
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(plan, enc_hook=encode_target))
    document: dict[str, Any] = {"schema": SCHEMA}
    for key, value in data.items():
        if key == "licenses":
            document["licenses"] = [entry["name"] for entry in value]
            document["license_imports"] = value
        else:
            document[key] = value
    return document


def from_json(text: str) -> Plan:
    """The plan that a document was written from.

    :raises PlanError: for anything that `to_json` would not have written.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PlanError("this is no plan: it is not JSON", details=(str(error),), hint=_HINT) from None
    return from_data(document)


def from_data(document: object) -> Plan:
    """As `from_json`, from what JSON was parsed into.

    :raises PlanError: for anything that `to_data` would not have made.
    """
    if not isinstance(document, dict) or "schema" not in document:
        raise PlanError("this is no plan: it has no key schema", hint=_HINT)
    if document["schema"] != SCHEMA:
        raise PlanError(
            f"this plan has schema {document['schema']!r}, and this overlaytool reads schema {SCHEMA}",
            hint="make the plan again with this version",
        )
    document = {key: value for key, value in document.items() if key != ABOUT_THE_RUN}
    data = {key: value for key, value in document.items() if key not in ("schema", "license_imports")}
    if "license_imports" in document:
        data["licenses"] = document["license_imports"]
    try:
        plan = msgspec.convert(data, Plan, dec_hook=decode_target)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise PlanError(
            "this plan cannot be read", details=(str(error).replace("`$", "`plan"),), hint=_HINT
        ) from None
    try:
        difference = _difference(document, to_data(plan), "plan")
    except UnicodeEncodeError as error:
        raise PlanError("this plan cannot be read", details=(str(error),), hint=_HINT) from None
    if difference:
        raise PlanError("this plan cannot be read", details=(difference,), hint=_HINT)
    return plan


def _difference(found: object, expected: object, path: str) -> str | None:
    """The first difference between a document and what would be written for the plan that was read from it.

    Reading alone would not notice unknown keys, nor missing ones that have a default.
    """
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted({*found, *expected}):
            if (key in found) != (key in expected):
                return f"the key {key} is {'unknown' if key in found else 'missing'} @ {path}"
            if difference := _difference(found[key], expected[key], f"{path}.{key}"):
                return difference
        return None
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return next((text for index, pair in pairs if (text := _difference(*pair, f"{path}[{index}]"))), None)
    if type(found) is type(expected) and found == expected:
        return None
    return f"{json.dumps(found)[:60]} is not of the kind that belongs there @ {path}"
