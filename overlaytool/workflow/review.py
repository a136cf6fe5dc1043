"""What a branch or pull request does to a checkout.

two commits --closure of everything--> two states --compare--> review
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import islice

from msgspec.structs import replace

from overlaytool.ebuild import advisories as reader
from overlaytool.ebuild.source import TreeSource
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar import security, targets
from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.checkout import PORTAGE_STABLE, Checkout
from overlaytool.flatcar.tree import DiskTree
from overlaytool.git import changes
from overlaytool.git.changes import Range
from overlaytool.git.export import exported
from overlaytool.git.repository import Repository
from overlaytool.model.advisory import Advisory
from overlaytool.model.review import AdvisoryChange, EclassReview, Occurrence, ProfileChange, Review
from overlaytool.plan.advised import advisory_changes
from overlaytool.plan.review import Comparison
from overlaytool.plan.states import State
from overlaytool.plan.touched import REPOSITORIES, Touched, touched
from overlaytool.workflow.everything import everything
from overlaytool.workflow.workspace import Workspace

NOT_RESOLVED = (f"{PORTAGE_STABLE}/metadata/glsa",)
"""What no resolver reads: a third of all files."""
MOST_OCCURRENCES = 40
"""Places that are kept for one package."""
LARGEST_DIFF = 100_000
"""Characters of a diff that are kept; licences and GLSAs can have megabytes."""
NOT_SEARCHED = (str(PORTAGE_STABLE), PACKAGES_LIST, "changelog")
"""Where every package is named anyway."""


def review(space: Workspace, text: str) -> Review:
    """What lies between two commits of the checkout.

    :param text: ``BASE..TIP``, ``BASE...TIP``, or a branch that is compared with where it left HEAD.
    :raises GitError: where the checkout has no such commit.
    :raises CheckoutError: where a commit is no checkout of flatcar/scripts.
    """
    repository = Repository.open(space.checkout.path)
    ends = changes.parse_range(repository, text)
    what = touched(changes.changed_paths(repository, ends))
    with ExitStack() as stack:
        states = [state_at(space, stack, repository, commit) for commit in (ends.base, ends.tip)]
        comparison = Comparison(states[0], states[1], what)
        with space.progress.task("comparing"):
            packages = comparison.packages(occurrences(repository, ends, what))
            return Review(
                base=ends.base,
                tip=ends.tip,
                subjects=changes.subjects(repository, ends),
                packages=packages,
                eclasses=tuple(_eclasses(repository, ends, what, comparison)),
                targets=comparison.targets(),
                skews=comparison.skews(),
                profiles=tuple(_others(repository, ends, what)),
                advisories=_advisories(repository, ends, states[0], states[1]),
                unsatisfied=comparison.unsatisfied(),
                notices=tuple(comparison.notices),
            )


def state_at(space: Workspace, stack: ExitStack, repository: Repository, commit: str) -> State:
    """The checkout as it is at a commit, for as long as the stack is open.

    :raises CheckoutError: where the commit is no checkout of flatcar/scripts.
    """
    return state_of(
        space,
        checkouts.find(
            stack.enter_context(exported(repository, commit, space.config.cache, without=NOT_RESOLVED))
        ),
    )


def state_of(space: Workspace, checkout: Checkout) -> State:
    """A checkout on the workspace's boards, without trees to import from."""
    source = TreeSource(checkout, {}, cache=space.source.cache, boards=space.boards)
    found = everything(replace(space, checkout=checkout, sources={}, source=source))
    asked_by: dict[str, tuple[str, ...]] = {}
    for target in targets.read(DiskTree(checkout.path)):
        for atom in target.atoms:
            asked_by[atom] = (*asked_by.get(atom, ()), str(target.into))
    return State(source=source, everything=found, asked_by=asked_by)


def _advisories(
    repository: Repository, ends: Range, before: State, after: State
) -> tuple[AdvisoryChange, ...]:
    """The GLSAs that a range closes or opens: by what is selected, or by advisories that come with it."""
    packages = before.everything.selected.keys() | after.everything.selected.keys()

    def at(commit: str) -> list[Advisory]:
        files = changes.files(repository, commit, security.ADVISORIES)
        found = reader.read(
            (file for file in files if file[0].endswith(".xml")), packages, security.ADVISORIES
        )
        return [advisory for advisory in found if isinstance(advisory, Advisory)]

    old = at(ends.base)
    trees = [repository.tree_id(commit, security.ADVISORIES) for commit in (ends.base, ends.tip)]
    return advisory_changes(before, after, old, old if trees[0] == trees[1] else at(ends.tip))


def occurrences(repository: Repository, ends: Range, what: Touched) -> dict[str, list[Occurrence]]:
    """By package: the lines outside of its directory that name it, and not a longer name."""
    names = sorted({package for package, _repository in what.packages})
    found: dict[str, list[Occurrence]] = defaultdict(list)
    by_text = (
        re.compile(r"(?<![\w/.-])(" + "|".join(map(re.escape, names)) + r")(?![\w+]|-[A-Za-z])")
        if names
        else None
    )
    for match in changes.search(repository, ends.tip, names, without=NOT_SEARCHED):
        for name in sorted(set(by_text.findall(match.text))) if by_text else ():
            inside = any(match.file.startswith(f"{prefix}/{name}/") for prefix in REPOSITORIES)
            if not inside and len(found[name]) < MOST_OCCURRENCES:
                found[name].append(Occurrence(file=match.file, line=match.line, text=match.text[:200]))
    return found


def _eclasses(
    repository: Repository, ends: Range, what: Touched, comparison: Comparison
) -> Iterable[EclassReview]:
    directories = {name: path for path, name in REPOSITORIES.items()}
    for (name, where), change in sorted(what.eclasses.items()):
        path = f"{directories[where]}/eclass/{name}.eclass"
        yield EclassReview(
            name=name,
            repository=where,
            change=change,
            diff=changes.diff(repository, ends, (path,))[:LARGEST_DIFF],
            inherited_by=comparison.inheriting(name),
        )


def _others(repository: Repository, ends: Range, what: Touched) -> Iterable[ProfileChange]:
    for kind, paths in sorted(what.other.items()):
        yield ProfileChange(kind=kind, files=tuple(paths), diff=_diff(repository, ends, paths))


def _diff(repository: Repository, ends: Range, paths: Sequence[str]) -> str:
    """The diff of some files as far as there is room for it."""
    text = changes.diff(repository, ends, tuple(islice(paths, 500)))
    if len(text) <= LARGEST_DIFF:
        return text
    return text[:LARGEST_DIFF] + f"\n[{len(text) - LARGEST_DIFF} more characters: git diff shows them]\n"
