"""What Portage's own resolver says about a checkout: for ``verify``, and for ``add --verify`` at its end."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from overlaytool.ebuild.export import Lookup
from overlaytool.ebuild.sandbox import POOL
from overlaytool.errors import GitError, WriteError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar.checkout import TREES, Checkout
from overlaytool.flatcar.tree import DiskTree
from overlaytool.git.repository import Repository
from overlaytool.model.plan import Plan
from overlaytool.model.resolution import Into
from overlaytool.model.series import Evidence, Outcome, Stage
from overlaytool.model.verdict import Verdict
from overlaytool.resolve.request import known_atom
from overlaytool.support import evidence
from overlaytool.verify import edits, excerpt, judge, minimal, oversights
from overlaytool.verify.emerge import LIMIT
from overlaytool.verify.steps import Steps
from overlaytool.workflow import Workspace


class Subject(Struct, frozen=True, kw_only=True):
    """What Portage is asked about."""

    atoms: tuple[str, ...] = ()
    """Empty: everything that the metapackages pull in."""
    into: Into = Into.IMAGE
    plan: Plan | None = None
    """What was applied or committed; None to take the changes from git."""
    base: str | None = None
    """The commit to compare with. None: the plan's; without a plan, HEAD when something is uncommitted."""
    tip: str | None = None
    """The commit to look at; None for the work tree."""
    minimal: bool = False
    """Whether to look for changed packages that nothing needs."""
    limit: float = LIMIT
    """Seconds for one process of Portage."""


def verify(space: Workspace, subject: Subject) -> Verdict:
    """Ask Portage's own resolver about the checkout, and keep its answer for the pull request.

    :raises ToolMissingError: when Portage is missing or too old for this.
    :raises HungError: when it does not come to an end.
    :raises GitError: when there is no such commit to compare with.
    :raises MalformedAtomError: for text that is no atom.
    :raises UnknownPackageError, AmbiguousPackageError: for a name without category that is not one package's.
    """
    repository = _repository_of(space.checkout)
    with ExitStack() as stack:
        checkout = space.checkout
        if subject.tip is not None:
            checkout = stack.enter_context(_checkout_at(space, subject.tip))
        atoms = tuple(_atom(text, space) for text in subject.atoms)
        lookup = stack.enter_context(Lookup(space.source.cache, space.boards))
        lookup.expect(checkout.path, atoms)  # while git says what was changed
        base = _base(space, subject, repository)
        before = partial(_checkout_at, space, base) if base is not None else None
        judged = stack.enter_context(ThreadPoolExecutor(1)).submit(_tree_id, repository, subject.tip)
        question = judge.Question(
            checkout=checkout,
            boards=space.boards,
            atoms=atoms,
            into=subject.into,
            steps=_steps(subject, repository, base),
            selected=tuple(one for entry in subject.plan.imports for one in entry.selected)
            if subject.plan
            else (),
            with_metapackage=subject.plan is not None,
            base=base,
            lookup=lookup,
            limit=subject.limit,
        )
        verdict = judge.verify(question, space.progress, before)
        if subject.minimal and before is not None and not verdict.complaints:
            verdict = replace(verdict, unneeded=minimal.unneeded(question, space.progress, before))
        if repository is not None and base is not None:
            after = repository.tree(subject.tip) if subject.tip is not None else DiskTree(space.checkout.path)
            paths = _paths(repository, base, subject.tip)
            forgotten = oversights.find(paths, repository.tree(base), after)
            if subject.plan is None:
                gentoo = space.config.gentoo.path
                found = edits.find(
                    repository, base, subject.tip, paths, after, gentoo if gentoo.is_dir() else None
                )
                forgotten = (*forgotten, *found)
            verdict = replace(verdict, oversights=forgotten)
    if (tree := judged.result()) is not None:
        _keep(space, subject, verdict, tree)
    return verdict


def _paths(repository: Repository, base: str, tip: str | None) -> tuple[str, ...]:
    """What differs below the trees between a commit and another one, or the work tree."""
    if tip is None:
        return repository.changed(base, str(TREES))
    differing = repository.run("diff", "--name-only", "--no-renames", "-z", base, tip, "--", str(TREES))
    return tuple(differing.decode("utf-8", "surrogateescape").split("\0")[:-1])


def _tree_id(repository: Repository | None, tip: str | None) -> str | None:
    """The git tree id of what is judged, or None outside of git. Computed while Portage works."""
    if repository is None:
        return None
    return repository.tree_id(tip, str(TREES)) if tip else repository.content(str(TREES))


def _atom(text: str, space: Workspace) -> str:
    """An atom as typed, its category filled in; whether any tree has such a package is Portage's to say."""
    if "/" in text:
        return space.source.parse_atom(text).text
    return known_atom(text, space.source).text


def _keep(space: Workspace, subject: Subject, verdict: Verdict, tree: str) -> None:
    """Keep Portage's verdict about exactly this content, for the text of the pull request."""
    into = () if subject.into is Into.IMAGE else ("--into", str(subject.into))
    boards = (word for board in space.boards for word in ("--board", board.name))
    said = Evidence(
        stage=Stage.VERIFY,
        command=shlex.join(("overlaytool", "verify", *into, *boards, *subject.atoms)),
        outcome=Outcome.PASSED if verdict.holds else Outcome.FAILED,
        summary=excerpt.summary(verdict),
        output=excerpt.lines(verdict),
        tree=tree,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    try:
        evidence.record(space.config.state, said)
    except WriteError:
        return  # a pull request without that line is no reason to withhold the answer


def _base(space: Workspace, subject: Subject, repository: Repository | None) -> str | None:
    """The commit to compare with, in hex.

    :raises GitError: when one is named that is not there.
    """
    named = subject.base or (subject.plan.checkout.commit if subject.plan else None)
    if named is None:
        if repository is not None and repository.dirty((str(TREES),)):
            return repository.head()
        return None
    commit = repository.commit_of(named) if repository is not None else None
    if commit is None:
        raise GitError(
            f"{space.checkout.path} has no commit {named}",
            hint="name one with --base; git log lists them",
        )
    return commit


def _repository_of(checkout: Checkout) -> Repository | None:
    """The git repository whose work tree the checkout is; None where it is none."""
    try:
        repository = Repository.open(checkout.path)
    except GitError:
        return None
    return repository if repository.top.resolve() == checkout.path.resolve() else None


@contextmanager
def _checkout_at(space: Workspace, commit: str) -> Iterator[Checkout]:
    """The checkout as it is at a commit, somewhere else."""
    with Repository.open(space.checkout.path).checked_out(commit) as place:
        found = checkouts.find(place)
        POOL.expect(found.repositories)  # links from elsewhere may lead there
        yield found


def _steps(subject: Subject, repository: Repository | None, base: str | None) -> Steps:
    """What was changed: as the plan says, else what git says differs from the base."""
    if subject.plan is not None:
        return Steps.of(subject.plan)
    if repository is None or base is None:
        return Steps()
    tree = repository.tree(base)
    return Steps.between(repository.changed(base, str(TREES)), lambda path: bool(tree.list(path)))
