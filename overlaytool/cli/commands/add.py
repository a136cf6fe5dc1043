"""``overlaytool add`` and ``overlaytool update``: plan, apply, and say what comes next."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct

from overlaytool.cli import console
from overlaytool.cli.commands.sdk import (
    ContainerOption,
    EngineOption,
    ImageFileOption,
    ImageOption,
    build_added,
    check_engine,
    choice,
)
from overlaytool.cli.options import (
    METAPACKAGES,
    AllowUseOption,
    AtomArguments,
    BoardOption,
    DowngradeOption,
    Format,
    FormatOption,
    GentooOption,
    IntoOption,
    KeywordsOption,
    ProvideOption,
    ReasonOption,
    SourceOption,
    TrustOption,
    UnmaskOption,
    keep_out_of_git,
    wishes,
    workspace,
)
from overlaytool.errors import IMAGE_REFUSED, WORK_LEFT
from overlaytool.model.resolution import Into, Request, Resolution

if TYPE_CHECKING:
    from overlaytool.model.plan import Plan
    from overlaytool.model.verdict import Verdict
    from overlaytool.workflow import Workspace

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Stop after the plan; write nothing.")]
BuildOption = Annotated[
    bool, typer.Option("--build", help="Then build packages and image in the SDK container, see `sdk`.")
]
BootOption = Annotated[
    bool, typer.Option("--boot", help="With --build: boot the image, try the programs that are new in it.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Write without asking, and ask nothing after.")]
VerifyOption = Annotated[bool, typer.Option("--verify", help="Then ask Portage's own resolver.")]
CommitOption = Annotated[
    bool, typer.Option("--commit", help="Make commits on a branch of their own; your files stay as they are.")
]
BranchOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="For --commit; default: add- and the packages.")
]
CheckoutOption = Annotated[bool, typer.Option("--checkout", help="With --commit: then switch to the branch.")]
ASK_TO_WRITE = "\nWrite this into the checkout?"


def add(
    context: typer.Context,
    atoms: AtomArguments,
    gentoo: GentooOption = None,
    source: SourceOption = None,
    trust_sources: TrustOption = False,
    board: BoardOption = None,
    into: IntoOption = Into.IMAGE,
    accept_keywords: KeywordsOption = True,
    allow_downgrade: DowngradeOption = False,
    allow_use: AllowUseOption = None,
    unmask: UnmaskOption = None,
    provide: ProvideOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    commit: CommitOption = False,
    branch: BranchOption = None,
    checkout: CheckoutOption = False,
    verify: VerifyOption = False,
    build: BuildOption = False,
    boot: BootOption = False,
    engine: EngineOption = "auto",
    image: ImageOption = None,
    image_file: ImageFileOption = None,
    container: ContainerOption = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Add packages to the checkout: copy what is missing, edit the metapackage, accept keywords."""
    chosen = choice(engine, image, image_file, container)
    request = Request(
        atoms=tuple(atoms),
        into=into,
        accept_keywords=accept_keywords,
        allow_downgrade=allow_downgrade,
        **wishes(allow_use, unmask, provide, reason),
    )
    how = _How(
        dry_run=dry_run,
        yes=yes,
        commit=commit,
        branch=branch,
        checkout=checkout,
        verify=verify,
        format=format,
    )
    if boot and not build:
        raise typer.BadParameter("--boot goes with --build")
    if build:
        _check_build(how, into)
        _check_boot(boot, into)
        check_engine(chosen)
    with workspace(
        context, gentoo=gentoo, sources=source, boards=board, trust_sources=trust_sources
    ) as space:
        written, made = _carry_out(space, request, how)
    if build or (written and not yes and into in METAPACKAGES.split("|") and _wants_build(how)):
        build_added(context, request.atoms, into, board, chosen, format, boot=boot)
    end_with_work(made)


def update(
    context: typer.Context,
    atoms: AtomArguments,
    gentoo: GentooOption = None,
    source: SourceOption = None,
    trust_sources: TrustOption = False,
    board: BoardOption = None,
    into: IntoOption = Into.IMAGE,
    accept_keywords: KeywordsOption = True,
    allow_downgrade: DowngradeOption = False,
    allow_use: AllowUseOption = None,
    unmask: UnmaskOption = None,
    provide: ProvideOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    commit: CommitOption = False,
    branch: BranchOption = None,
    checkout: CheckoutOption = False,
    verify: VerifyOption = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Replace portage-stable's copies of packages by Gentoo's, and add what these newly need."""
    request = Request(
        atoms=tuple(atoms),
        into=into,
        accept_keywords=accept_keywords,
        update=True,
        allow_downgrade=allow_downgrade,
        **wishes(allow_use, unmask, provide, reason),
    )
    how = _How(
        dry_run=dry_run,
        yes=yes,
        commit=commit,
        branch=branch,
        checkout=checkout,
        verify=verify,
        format=format,
    )
    with workspace(
        context, gentoo=gentoo, sources=source, boards=board, trust_sources=trust_sources
    ) as space:
        _written, made = _carry_out(space, request, how)
    end_with_work(made)


def end_with_work(plan: Plan) -> None:
    """End with an exit status that says so where build_image will refuse, or a person has work to do."""
    if plan.refused_by_image:
        raise typer.Exit(IMAGE_REFUSED)
    if plan.manual_work:
        raise typer.Exit(WORK_LEFT)


class _How(Struct, frozen=True, kw_only=True):
    """What to do with a plan."""

    dry_run: bool
    yes: bool
    commit: bool
    branch: str | None
    checkout: bool
    verify: bool
    format: Format

    def __post_init__(self) -> None:
        if self.branch and not self.commit:
            raise typer.BadParameter("--branch goes with --commit")
        if self.checkout and not self.commit:
            raise typer.BadParameter("--checkout goes with --commit")


def _check_build(how: _How, into: Into) -> None:
    if into not in METAPACKAGES.split("|"):
        raise typer.BadParameter(f"--build goes with --into {METAPACKAGES}")
    if how.dry_run:
        raise typer.BadParameter("--build and --dry-run exclude each other")
    if how.commit and not how.checkout:
        raise typer.BadParameter("--build needs --checkout: the container builds the files that are there")


def _check_boot(boot: bool, into: str) -> None:
    if boot and into != Into.IMAGE:
        raise typer.BadParameter(f"--boot boots an image, and --into {into} makes none")


def _wants_build(how: _How) -> bool:
    """Ask whether to go on, where somebody can say so. A build takes an hour: nobody is not a yes."""
    if how.format is Format.JSON:
        return False
    return console.confirm(
        "\nEmerge and rebuild the image in the SDK container now?", default=False, unattended=False
    )


def _carry_out(space: Workspace, request: Request, how: _How) -> tuple[bool, Plan]:
    """Plan, and do what is asked for with the plan; whether files of the work tree were written, and it."""
    if how.commit and not how.dry_run:
        return False, _commit(space, request, how)
    return _run(space, request, how)


def _commit(space: Workspace, request: Request, how: _How) -> Plan:
    """Plan and commit; the plan."""
    from overlaytool.cli.views import plan as plan_view
    from overlaytool.cli.views import series as series_view
    from overlaytool.workflow import series

    done = series.commit(space, request, branch=how.branch)
    if how.checkout:
        series.check_out(space, done.series)
    verdict = _verify(space, done.plan, done.resolution, tip=done.series.tip) if how.verify else None
    if how.format is Format.JSON:
        _write_json(series_view.to_data(done), verdict)
    else:
        plan_view.show(done.plan, done.resolution)
        series_view.show_committed(done, checked_out=how.checkout)
    _end_with(verdict, how.format)
    return done.plan


def _run(space: Workspace, request: Request, how: _How) -> tuple[bool, Plan]:
    """Plan and apply; whether anything was written, and the plan."""
    from overlaytool import workflow
    from overlaytool.cli.views import plan as plan_view
    from overlaytool.plan import document as plan_json

    if not how.dry_run:
        plan_view.show_recovery(workflow.recover(space))
    planned = workflow.prepare(space, request)
    text = how.format is Format.TEXT
    if text:
        plan_view.show(planned.plan, planned.resolution)
    workflow.check(space, planned, date.today())
    if how.dry_run:
        if not text:
            _write_json(plan_json.to_data(planned.plan))
        return False, planned.plan
    if not how.yes and not _confirmed(planned.plan):
        raise typer.Exit(1)
    changes = workflow.add(space, planned, date.today())
    verdict = _verify(space, planned.plan, planned.resolution) if how.verify else None
    if not text:
        _write_json(plan_json.to_data(planned.plan), verdict)
    elif changes:
        keep_out_of_git(space)
        plan_view.show_changes(changes)
        plan_view.show_next(planned.plan)
    else:
        console.show("Nothing was written.")
    _end_with(verdict, how.format)
    return bool(changes), planned.plan


def _confirmed(plan: Plan) -> bool:
    """Whether a person wants the plan written; where build_image will refuse it, Enter alone is a no."""
    refused = plan.refused_by_image
    question = "\nbuild_image will refuse this. Write it all the same?" if refused else ASK_TO_WRITE
    return console.confirm(question, default=not refused, unattended=None)


def _verify(space: Workspace, plan: Plan, resolution: Resolution, *, tip: str | None = None) -> Verdict:
    """Ask Portage about what was written, or about a commit."""
    from overlaytool.workflow import proof

    atoms = dict.fromkeys(edge.atom for edge in resolution.edges if edge.parent is None)
    if resolution.request.update:
        atoms = {}  # all who use the package are part of the question
    return proof.verify(space, proof.Subject(atoms=tuple(atoms), into=plan.into, plan=plan, tip=tip))


def _end_with(verdict: Verdict | None, format: Format) -> None:
    """Say what Portage said; what it refuses makes the exit status 1."""
    from overlaytool.cli.views import verify as verify_view

    if verdict is None:
        return
    if format is Format.TEXT:
        console.show("")
        verify_view.show(verdict)
    if not verdict.holds:
        raise typer.Exit(1)


def _write_json(document: dict[str, Any], verdict: Verdict | None = None) -> None:
    from overlaytool.cli.views import verify as verify_view

    if verdict is not None:
        document["verdict"] = verify_view.to_data(verdict)
    console.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
