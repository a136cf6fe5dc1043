"""Pages about images, with a treemap of their files: see :mod:`overlaytool.report.single_file`.

A part's files are a tree of ``[name, bytes, growth, number of its package or -1, children]``, directories
above files. For one image growth is 0 everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, to_builtins

from overlaytool.report.single_file import asset, single_file

type File = tuple[str, int, int, int]
"""Path, bytes, growth, number of the package."""


def page(document: Struct) -> str:
    """One image.

    :param document: what `image show --format json` gives.
    """
    image = to_builtins(document)
    facts = [["Partitions", str(len(image["partitions"]))]] if image["partitions"] else []
    facts += [["Kernel", image["kernel_version"]]] if image["kernel_version"] else []
    for check in image["verity"]:
        holds = check["damaged_block"] is None and all(
            value == check["computed"] for _, value in check["stated"]
        )
        facts.append([f"Verity of {check['subject']}", "holds" if holds else "does not hold"])
    parts = [
        {
            "name": part["name"],
            "packages": [
                [_cpv(each), each["size"], 0, " ".join(each["licenses"])] for each in part["packages"]
            ],
            "tree": _tree(part["name"], _counted(part["files"], part["packages"])),
        }
        for part in image["components"]
    ]
    return _page(
        title=image["release"].get("PRETTY_NAME") or image["version"] or image["subject"],
        data={
            "kind": "show",
            "origin": image["subject"],
            "facts": facts,
            "budgets": image["budgets"],
            "wrong": [*image["contradictions"], *image["unread"]],
            "untold": image["untold"],
            "parts": parts,
        },
    )


def diff_page(document: Struct) -> str:
    """What differs between two images.

    :param document: what `image diff --format json` gives.
    """
    change = to_builtins(document)
    before, after = (
        change[f"version_{side}"] or change[name] for side, name in (("before", "old"), ("after", "new"))
    )
    facts = [["Kernel", " → ".join(dict.fromkeys((change["kernel_before"], change["kernel_after"])))]]
    facts += [[f"New: {cost['name']}", _words(cost)] for cost in change["costs"]]
    facts += [["New licences", ", ".join(change["licenses_added"])]] if change["licenses_added"] else []
    facts += [
        [each["name"], f"{each['before'] or '–'} → {each['after'] or '–'}"] for each in change["options"]
    ]
    return _page(
        title=f"{before} → {after}",
        data={
            "kind": "diff",
            "origin": f"{change['old']} → {change['new']}",
            "facts": [fact for fact in facts if fact[1]],
            "budgets": change["budgets_after"],
            "wrong": change["unread"],
            "untold": change["untold"],
            "parts": [_changed(part) for part in change["components"]],
        },
    )


def _words(cost: Mapping[str, Any]) -> str:
    return f"{cost['size']:,} bytes: {', '.join(cost['packages'])}"


def _changed(part: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {each["name"]: number for number, each in enumerate(part["packages"])}
    files = (
        (
            each["after"] or each["before"],
            max(each["size_before"], each["size_after"]),
            each["size_after"] - each["size_before"],
            numbers.get(each["package"], -1),
        )
        for each in part["files"]
    )
    packages = [
        [
            each["name"] or "(no package)",
            each["size_after"],
            each["size_after"] - each["size_before"],
            " → ".join((", ".join(each["before"]) or "–", ", ".join(each["after"]) or "–"))
            if each["name"]
            else "",
        ]
        for each in part["packages"]
    ]
    return {"name": part["name"], "packages": packages, "tree": _tree(part["name"], files)}


def _cpv(package: Mapping[str, Any]) -> str:
    return f"{package['name']}-{package['version']}" if package["version"] else str(package["name"])


def _counted(files: Iterable[Mapping[str, Any]], packages: Iterable[Mapping[str, Any]]) -> Iterator[File]:
    """Files with bytes of their own: the first of several hard links."""
    owners = {path: number for number, each in enumerate(packages) for path in each["files"]}
    seen: set[int] = set()
    for each in files:
        if each["size"] and (not each["inode"] or each["inode"] not in seen):
            seen.add(each["inode"])
            yield each["path"], each["size"], 0, owners.get(each["path"], -1)


def _tree(name: str, files: Iterable[File]) -> list[Any]:
    """Files as nested lists, sums on the way up."""
    root: list[Any] = [name, 0, 0, -1, {}]
    for path, size, growth, package in files:
        *directories, last = path.encode("utf-8", "surrogateescape").decode(errors="replace").split("/")
        at = root
        at[1], at[2] = at[1] + size, at[2] + growth
        for directory in directories:
            at = at[4].setdefault(f"{directory}/", [directory, 0, 0, -1, {}])
            at[1], at[2] = at[1] + size, at[2] + growth
        at[4][last] = [last, size, growth, package]
    _listed(root)
    return root


def _listed(root: list[Any]) -> None:
    todo = [root]
    while todo:
        node = todo.pop()
        node[4] = list(node[4].values())
        todo += (child for child in node[4] if len(child) > 4)


def _page(*, title: str, data: Mapping[str, Any]) -> str:
    return single_file(
        "image.html",
        title=title,
        data={"title": title, **data},
        styles=("page.css", "image.css"),
        scripts=("vendor/d3.min.js", "treemap.js", "image.js"),
        licenses=asset("vendor/d3.LICENSE").replace("--", "- -"),
    )
