"""Each file beside this one is a request on the fixture trees, and the plan or the error that it has to give.

A case pins the whole plan: what its ``[expect]`` does not mention has to be empty. CONTRIBUTING.md says
how to add one. The plan is made as the command line makes it, in this process: that costs a hundredth.
"""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from overlaytool import workflow
from overlaytool.errors import OverlaytoolError
from overlaytool.model.resolution import Into, Request
from overlaytool.plan import document as plan_json

CASES = sorted(Path(__file__).parent.glob("*.toml"))
STRICT = (
    "imports",
    "keywords",
    "use",
    "eclasses",
    "licenses",
    "warnings",
    "manual_work",
    "arch_only",
    "masks",
    "provided",
    "entry",
)
"""Empty where a case does not mention them."""
WISHES = ("allow_use", "unmask", "provide")
KEYS = {
    *(
        "about",
        "request",
        "boards",
        "sources",
        "into",
        "accept_keywords",
        "command",
        "expect",
        "error",
        "reason",
    ),
    *WISHES,
}


@pytest.fixture(scope="module")
def trees(repository_templates: Callable[[str], Path]) -> Iterator[dict[str, Path]]:
    """The trees of all cases, which a plan only reads: that they stay as they were is checked at the end."""
    paths = {name: repository_templates(f"{name}-mini") for name in ("gentoo", "guru", "flatcar")}
    yield paths
    for path in paths.values():
        status = ["git", "status", "--porcelain", "--ignored"]
        assert subprocess.run(status, cwd=path, capture_output=True, text=True, check=True).stdout == ""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One metadata cache for all cases."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("file", CASES, ids=[file.stem for file in CASES])
def test_case(file: Path, trees: dict[str, Path], cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = tomllib.loads(file.read_text())
    assert set(case) <= KEYS
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    if "error" in case:
        with pytest.raises(OverlaytoolError) as raised:
            _plan(case, trees)
        error = raised.value
        said = "\n".join([error.message, *error.details, error.hint or ""])
        assert error.exit_status == case["error"]["status"], said
        for words in case["error"]["says"]:
            assert words in said
        return
    document = _plan(case, trees)
    found = summary(document)
    expected = {key: [] for key in STRICT} | {"metapackage": case["request"]} | case["expect"]
    for words in expected.pop("says", ()):
        assert words in notices(document)
    for entry in document["imports"]:
        assert entry["repository"] == ("portage-stable" if entry["source"] == "gentoo" else "coreos-overlay")
    assert {key: sorted(found[key]) for key in expected} == {key: sorted(expected[key]) for key in expected}


def _plan(case: dict[str, Any], trees: dict[str, Path]) -> dict[str, Any]:
    """The plan of a case, as the JSON document that ``plan --format json`` writes."""
    wishes: dict[str, Any] = {key: tuple(case.get(key, ())) for key in WISHES}
    request = Request(
        atoms=tuple(case["request"]),
        into=Into(case.get("into", "image")),
        accept_keywords=case.get("accept_keywords", True),
        reason=case.get("reason"),
        update=case.get("command") == "update",
        **wishes,
    )
    with workflow.open_workspace(
        checkout=trees["flatcar"],
        gentoo=trees["gentoo"],
        sources=[trees[name] for name in case.get("sources", [])],
        boards=case.get("boards", []),
    ) as workspace:
        _resolution, plan = workflow.plan(workspace, request)
    document: dict[str, Any] = json.loads(plan_json.to_json(plan))
    return document


def summary(document: dict[str, Any]) -> dict[str, list[str]]:
    """A plan in short lines, as the cases write it."""
    edit = document["metapackage"] or {"added": [], "arch_only": []}
    return {
        "imports": [line for entry in document["imports"] for line in _import(entry, document["boards"])],
        "keywords": [" ".join([entry["atom"], *entry["keywords"]]) for entry in document["keywords"]],
        "use": [_use(entry) for entry in document["use"]],
        "eclasses": [f"{entry['action']} {entry['name']}" for entry in document["eclasses"]],
        "licenses": document["licenses"],
        "warnings": [notice["reference"] for notice in document["warnings"]],
        "manual_work": [notice["reference"] for notice in document["manual_work"]],
        "metapackage": edit["added"],
        "arch_only": [f"{line['atom']} {line['arch']}" for line in edit["arch_only"]],
        "new_in_image": document["new_in_image"],
        "present": document["present"],
        "entry": [document["entry"]["after"]] if document["entry"] else [],
        "masks": [_mask(entry) for entry in document["masks"]],
        "provided": [
            f"{entry['cpv']} {_profile(entry['file'])}: {entry['comment']}" for entry in document["provided"]
        ],
    }


def notices(document: dict[str, Any]) -> str:
    """What the warnings and the manual work of a plan say, with their hints."""
    entries = [*document["warnings"], *document["manual_work"]]
    return "\n".join(f"{entry['message']}\n{entry['hint'] or ''}" for entry in entries)


def _import(entry: dict[str, Any], boards: list[str]) -> list[str]:
    """``add CPV`` and where: nothing for the board root of every board, else ``host`` or the board."""
    source = "" if entry["source"] == "gentoo" else f" {entry['source']}"
    places: dict[str, set[str]] = {}
    for selected in entry["selected"]:
        place = "host" if selected["root"] == "host" else selected["board"]
        places.setdefault(selected["cpv"], set()).add(place)
    lines = []
    for cpv, where in places.items():
        everywhere = len(boards) > 1 and where >= set(boards)
        shown = sorted(where - set(boards)) if everywhere else sorted(where)
        lines += [f"{entry['action']} {cpv}{source} {place}" for place in shown]
        if everywhere:
            lines.append(f"{entry['action']} {cpv}{source}")
    return lines


def _mask(entry: dict[str, Any]) -> str:
    """``add cat/pn -flag base/package.use.mask``; the file that a line is narrowed to is the last word."""
    files = [_profile(file) for file in (entry["file"], entry["to"]) if file is not None]
    return " ".join([entry["action"], entry["atom"], *entry["flags"], *files])


def _profile(file: str) -> str:
    return file.partition("/profiles/coreos/")[2]


def _use(entry: dict[str, Any]) -> str:
    host = ["host"] if "/targets/sdk/" in entry["file"] else []
    return " ".join([entry["atom"], *entry["flags"], *host])
