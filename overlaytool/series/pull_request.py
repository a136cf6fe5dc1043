"""The text of a pull request, after the template of the Flatcar organisation.

It is made from the plan, the resolution, the commits and the output of the stages that were run. A stage
that was not run gets a box that is not ticked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from overlaytool.flatcar import targets
from overlaytool.flatcar.order import atom_name
from overlaytool.model.plan import Plan
from overlaytool.model.resolution import Into
from overlaytool.model.series import Evidence, Outcome, Series, SeriesRecord, Stage
from overlaytool.model.target import TargetKind
from overlaytool.series import package_table
from overlaytool.series.message import source_name
from overlaytool.support.markdown import code, escaped, fenced, listing, plural

FILE_NAME = "PULL_REQUEST.md"
TITLE_WIDTH = 72
CHANGELOG_BOX = (
    "Changelog entries added in the respective `changelog/` directory"
    " (user-facing change, bug fix, security fix, update)"
)
IMAGE_BOX = (
    "Inspected CI output for image differences: `/boot` and `/usr` size, packages, list files for any"
    " missing binaries, kernel modules, config files, kernel modules, etc."
)


def title(record: SeriesRecord) -> str:
    """One line, imperative: ``Add sys-process/htop and app-misc/screen``."""
    names = _requested(record)
    verb = _verb(record)
    whole = f"{verb} {listing(names)}"
    if len(whole) <= TITLE_WIDTH or len(names) == 1:
        return whole
    return f"{verb} {names[0]} and {plural(len(names) - 1, 'more package')}"


def text(
    record: SeriesRecord, series: Series, evidence: Iterable[Evidence], *, graph: str, changelog: bool
) -> str:
    """The whole document.

    :param series: the commits as they are now.
    :param evidence: what was tried on the last commit's very content.
    :param graph: a Mermaid drawing; empty for none.
    :param changelog: whether the series adds a changelog entry.
    """
    said = {one.stage: one for one in evidence}
    sections = (
        f"# {title(record)}\n",
        _summary(record),
        package_table.table(record),
        _beside(record.plan),
        _gain(record, said.get(Stage.IMAGE)),
        f"### Dependency graph\n\n{fenced(graph, 'mermaid')}" if graph else "",
        _commits(series),
        _how_to_use(record, series),
        _testing(record.plan, said),
        f"- [{'x' if changelog else ' '}] {CHANGELOG_BOX}\n- [ ] {IMAGE_BOX}\n",
    )
    return "\n".join(section for section in sections if section)


def _requested(record: SeriesRecord) -> tuple[str, ...]:
    """The packages of the request, under the names that the trees have for them."""
    return tuple(dict.fromkeys(atom_name(one.atom) for one in record.resolution.requested))


def _verb(record: SeriesRecord) -> str:
    return "Update" if record.resolution.request.update else "Add"


def _summary(record: SeriesRecord) -> str:
    plan = record.plan
    facts = targets.facts(plan.into)
    place = facts.metapackage or (plan.entry.file if plan.entry else "")
    boards = listing(tuple(code(board) for board in plan.boards))
    names = listing(tuple(code(name) for name in _requested(record)))
    into = f" to {facts.where} ({code(place)})" if plan.asked_for else ""
    lines = [f"This {_verb(record).lower()}s {names}{into}, for {boards}."]
    copied = _copied(plan)
    if plan.reason:
        lines.append(f"Reason: {escaped(plan.reason)}")
    if copied:
        lines.append(copied)
    if plan.metapackage:
        before, after = plan.metapackage.revision
        lines.append(
            f"The revision of {code(place)} goes from r{before} to r{after},"
            " so that no binary package of the old one is used."
        )
    return " ".join(lines) + "\n"


def _copied(plan: Plan) -> str:
    """What is copied from which commit of which tree, unmodified."""
    parts = []
    for source in plan.sources:
        count = sum(entry.source == source.name for entry in plan.imports)
        if count and source.commit:
            parts.append(
                f"{plural(count, 'package directory', 'package directories')}"
                f" from {source_name(source.name)} commit {source.commit}"
            )
    return f"It brings unmodified copies of {listing(tuple(parts))}." if parts else ""


def _beside(plan: Plan) -> str:
    """What the series changes beside packages: eclasses, licences, keywords, USE flags, notices."""
    lines = [
        f"- eclass {code(eclass.name)} ({eclass.action}), inherited by"
        f" {listing(tuple(code(cpv) for cpv in eclass.needed_by))}"
        + (
            f"; {plural(len(eclass.inherited_by), 'ebuild')} of the tree inherit the one that it replaces"
            if eclass.inherited_by
            else ""
        )
        for eclass in plan.eclasses
    ]
    lines += [f"- licence {code(entry.name)}, for {', '.join(entry.needed_by)}" for entry in plan.licenses]
    lines += [
        f"- keyword {code(' '.join((change.atom, *change.keywords)))}: {escaped(change.comment)}"
        for change in plan.keywords
    ]
    lines += [
        f"- USE {code(' '.join((change.atom, *change.flags)))}: {escaped(change.comment)}"
        for change in plan.use
    ]
    lines += [
        f"- mask of {code(' '.join((change.atom, *change.flags)))} ({change.action}) in {code(change.file)}:"
        f" {escaped(change.comment)}"
        for change in plan.masks
    ]
    lines += [
        f"- {code(entry.cpv)} counts as installed ({code(entry.file)}): {escaped(entry.comment)}"
        for entry in plan.provided
    ]
    lines += [f"- **{escaped(notice.message)}**" for notice in (*plan.warnings, *plan.manual_work)]
    return "With the packages come:\n\n" + "\n".join(lines) + "\n" if lines else ""


def _gain(record: SeriesRecord, image: Evidence | None) -> str:
    plan = record.plan
    if plan.into is not Into.IMAGE:
        return ""
    lines = ["### What the image gains\n"]
    if plan.new_in_image:
        lines += [f"- {code(cpv)}" for cpv in plan.new_in_image]
    else:
        lines.append("No package that it does not have already.")
    measured = image.summary if image and image.outcome is Outcome.PASSED else None
    lines.append("")
    lines.append(
        f"Measured: {escaped(measured)}."
        if measured
        else "The size on disk was not measured: no image was built."
    )
    return "\n".join(lines) + "\n"


def _commits(series: Series) -> str:
    lines = "\n".join(f"- {commit.commit[:10]} {escaped(commit.subject)}" for commit in series.commits)
    return f"### Commits\n\n{lines}\n"


def _build(into: Into, board: str, names: str) -> tuple[str, ...]:
    """The commands that build a target, in the SDK container."""
    packages, image = f"./build_packages --board={board}", f"./build_image --board={board} --replace prod"
    match into.kind:
        case TargetKind.IMAGE | TargetKind.BASE_SYSEXT:
            return packages, image
        case TargetKind.SYSEXT:
            return packages, f"{image} sysext"
        case TargetKind.OEM:
            return packages, f"{image} oem_sysext"
        case TargetKind.BOARD | TargetKind.DEV:
            return (f"emerge-{board} {names}",)
        case TargetKind.SDK | TargetKind.SDK_BUILD:
            return (f"sudo emerge --oneshot {names}",)


def _how_to_use(record: SeriesRecord, series: Series) -> str:
    plan = record.plan
    names = " ".join(_requested(record))
    board = plan.boards[0] if plan.boards else "amd64-usr"
    steps = tuple(
        f"./run_sdk_container -t -n {series.branch} -- {step}" for step in _build(plan.into, board, names)
    )
    return (
        "## How to use\n\n"
        "Check out the branch and ask Portage's own resolver, without the SDK:\n\n"
        + fenced(f"overlaytool verify {' '.join(plan.request)}\n", "sh")
        + "\nThen build:\n\n"
        + fenced("\n".join(steps) + "\n", "sh")
    )


def _testing(plan: Plan, said: dict[Stage, Evidence]) -> str:
    return "## Testing done\n\n" + "\n".join(_tried(plan, said)) + "\n"


def _tried(plan: Plan, said: dict[Stage, Evidence]) -> Iterator[str]:
    """A box for each stage, ticked where the stage passed, with its command and its output."""
    request = " ".join(plan.request)
    planned = {
        Stage.VERIFY: f"overlaytool verify {request}",
        Stage.EMERGE: f"overlaytool sdk emerge {request}",
        Stage.IMAGE: "overlaytool sdk image",
        Stage.VM: "./image_to_vm.sh",
        Stage.BOOT: "overlaytool vm run",
    }
    for stage in Stage:
        one = said.get(stage)
        if one is not None:
            passed = one.outcome is Outcome.PASSED
            box = "- [x]" if passed else "- [ ] **failed:**"
            yield f"{box} {escaped(one.summary)} ({one.when})\n"
            yield fenced(f"$ {one.command}\n{one.output.rstrip()}\n", "text")
        elif stage in planned:
            yield f"- [ ] not run: {code(planned[stage])}"
