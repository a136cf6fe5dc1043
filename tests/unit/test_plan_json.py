"""A plan round-trips through JSON, always with the same bytes, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace
from plans import FULL_PLAN, plan

from overlaytool.errors import PlanError
from overlaytool.plan.document import from_json, to_json


@pytest.mark.parametrize("made", [plan(), FULL_PLAN], ids=["empty", "full"])
def test_round_trip_is_identity(made: Any) -> None:
    text = to_json(made)
    assert from_json(text) == made
    assert to_json(from_json(text)) == text


def test_keys_are_those_of_the_contract_in_its_order() -> None:
    document = json.loads(to_json(FULL_PLAN))
    contract = [
        *("schema", "request", "boards", "checkout", "sources", "imports", "eclasses", "licenses"),
        *("keywords", "use", "metapackage", "present", "new_in_image", "warnings", "manual_work"),
        *("masks", "provided", "reason"),
    ]
    assert [key for key in document if key in contract] == contract
    assert document["schema"] == 2
    first = document["imports"][0]
    assert first["because"] == [
        {"parent": "sys-process/htop-3.5.3", "atom": ">=dev-libs/b-2[ssl]", "class": "RDEPEND"}
    ]
    assert first["selected"] == [{"cpv": "dev-libs/b-2.1", "board": "amd64-usr", "root": "board"}]
    assert document["licenses"] == ["MIT-0"]
    assert document["metapackage"]["revision"] == [320, 321]
    assert document["imports"][1]["because"][0]["parent"] is None


def test_text_outside_ascii_stays_readable() -> None:
    made = replace(plan(), request=("sys-process/htöp",))
    assert "htöp" in to_json(made)
    assert from_json(to_json(made)) == made


def changed(path: str, value: object) -> str:
    """The full plan's document with one value replaced; ``DELETE`` takes the key out."""
    document = json.loads(to_json(FULL_PLAN))
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[int(name) if name.isdigit() else name]
    if value == "DELETE":
        del place[last]
    else:
        place[last] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("imports.0.action", "move", "plan.imports[0].action"),
        ("imports.0.package", 5, "plan.imports[0].package"),
        ("imports.0.because.0.class", "EDEPEND", "plan.imports[0].because[0]"),
        ("imports.0.extra", 1, "extra"),
        ("imports.0.source", "DELETE", "source"),
        ("boards", "amd64-usr", "plan.boards"),
        ("boards", None, "plan"),
        ("metapackage.revision", [320], "revision"),
        ("metapackage.revision", ["320", "321"], "plan.metapackage.revision[0]"),
        ("checkout.commit", 7, "plan.checkout.commit"),
        ("present", "DELETE", "present"),
        ("license_imports", "DELETE", "licenses"),
        ("licenses", [], "plan.licenses"),
        ("into", "moon", "into"),
    ],
)
def test_document_that_would_not_have_been_written_is_refused(path: str, value: object, said: str) -> None:
    with pytest.raises(PlanError) as caught:
        from_json(changed(path, value))
    assert said in "\n".join(caught.value.details)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "no key schema"),
        ("{}", "no key schema"),
        ('{"schema": 3}', "schema 3"),
        ('{"schema": "1"}', "schema '1'"),
    ],
)
def test_other_text_is_no_plan(text: str, said: str) -> None:
    with pytest.raises(PlanError, match=said):
        from_json(text)


@pytest.mark.parametrize("text", ['"\\ud800"', "[" * 100_000, '{"schema": ' + "9" * 5000 + "}"])
def test_json_that_no_plan_can_be_is_refused(text: str) -> None:
    with pytest.raises(PlanError):
        from_json(text)


def test_a_plan_with_half_a_character_is_refused() -> None:
    for said in ("Masked there.", "commit"):  # a value, and a key
        with pytest.raises(PlanError, match="cannot be read"):
            from_json(to_json(FULL_PLAN).replace(said, "\\ud800"))
