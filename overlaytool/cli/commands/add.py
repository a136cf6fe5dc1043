"""``overlaytool add``: plan, apply, and say what comes next."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from overlaytool.cli import carry_out, console
from overlaytool.cli.commands.sdk import Container, build_added, check_engine
from overlaytool.cli.groups import grouped
from overlaytool.cli.options import METAPACKAGES, AtomArguments, Format, FormatOption, Wishes, Writing
from overlaytool.errors import IMAGE_REFUSED, WORK_LEFT
from overlaytool.model.resolution import Into, Request, Resolution

if TYPE_CHECKING:
    from overlaytool.model.plan import Plan
    from overlaytool.workflow import Workspace
    from overlaytool.workflow.proof import Subject

BuildOption = Annotated[
    bool, typer.Option("--build", help="Then build packages and image in the SDK container, see `sdk`.")
]
BootOption = Annotated[
    bool, typer.Option("--boot", help="With --build: boot the image, try the programs that are new in it.")
]


@grouped
def add(
    context: typer.Context,
    atoms: AtomArguments,
    wishes: Wishes,
    writing: Writing,
    *,
    build: BuildOption = False,
    boot: BootOption = False,
    container: Container,
    format: FormatOption = Format.TEXT,
) -> None:
    """Add packages to the checkout: copy what is missing, edit the metapackage, accept keywords."""
    chosen, into = container.choice(), wishes.into
    request = wishes.request(atoms)
    if boot and not build:
        raise typer.BadParameter("--boot goes with --build")
    if build:
        _check_build(writing, into)
        _check_boot(boot, into)
        check_engine(chosen)
    with wishes.open(context) as space:
        written, made = carry_out_request(space, request, writing, format)
    wanted = written and not writing.yes and into in METAPACKAGES.split("|")
    if build or (wanted and _wants_build(format)):
        build_added(context, request.atoms, into, wishes.board, chosen, format, boot=boot)
    end_with_work(made)


def end_with_work(plan: Plan) -> None:
    """End with an exit status that says so where build_image will refuse, or a person has work to do."""
    if plan.refused_by_image:
        raise typer.Exit(IMAGE_REFUSED)
    if plan.manual_work:
        raise typer.Exit(WORK_LEFT)


def _check_build(writing: Writing, into: Into) -> None:
    if into not in METAPACKAGES.split("|"):
        raise typer.BadParameter(f"--build goes with --into {METAPACKAGES}")
    if writing.dry_run:
        raise typer.BadParameter("--build and --dry-run exclude each other")
    if writing.commit and not writing.checkout:
        raise typer.BadParameter("--build needs --checkout: the container builds the files that are there")


def _check_boot(boot: bool, into: str) -> None:
    if boot and into != Into.IMAGE:
        raise typer.BadParameter(f"--boot boots an image, and --into {into} makes none")


def _wants_build(format: Format) -> bool:
    """Ask whether to go on, where somebody can say so. A build takes an hour: nobody is not a yes."""
    if format is Format.JSON:
        return False
    return console.confirm(
        "\nEmerge and rebuild the image in the SDK container now?", default=False, unattended=False
    )


def carry_out_request(
    space: Workspace, request: Request, writing: Writing, format: Format
) -> tuple[bool, Plan]:
    """Plan, and do what is asked for with the plan; whether files of the work tree were written, and it."""
    if writing.commit and not writing.dry_run:
        return False, _commit(space, request, writing, format)
    return _run(space, request, writing, format)


def _commit(space: Workspace, request: Request, writing: Writing, format: Format) -> Plan:
    """Plan and commit; the plan."""
    from overlaytool.cli.options import keep_out_of_git
    from overlaytool.cli.views import plan as plan_view
    from overlaytool.cli.views import series as series_view
    from overlaytool.plan import document
    from overlaytool.workflow import series

    done = series.commit(space, request, branch=writing.branch)
    keep_out_of_git(space)
    if writing.checkout:
        series.check_out(space, done.series)
    if format is Format.TEXT:
        plan_view.show(done.plan, done.resolution)
        series_view.show_committed(done, checked_out=writing.checkout)
    subject = _subject(done.plan, done.resolution, tip=done.series.tip) if writing.verify else None
    carry_out.end(space, subject, lambda: document.to_data(done.plan), format, done.series)
    return done.plan


def _run(space: Workspace, request: Request, writing: Writing, format: Format) -> tuple[bool, Plan]:
    """Plan and apply; whether anything was written, and the plan."""
    from overlaytool import workflow
    from overlaytool.cli.views import plan as plan_view
    from overlaytool.plan import document

    if not writing.dry_run:
        plan_view.show_recovery(workflow.recover(space))
    planned = workflow.prepare(space, request)
    text, today = format is Format.TEXT, date.today()
    if text:
        plan_view.show(planned.plan, planned.resolution)
    would = workflow.check(space, planned, today)
    if writing.dry_run:
        carry_out.end(space, None, lambda: document.to_data(planned.plan), format)
        return False, planned.plan
    if would.net:
        _ask(planned.plan, writing)
    changes = carry_out.write(space, lambda: workflow.add(space, planned, today), text=text)
    if changes and text:
        plan_view.show_next(planned.plan)
    subject = _subject(planned.plan, planned.resolution) if writing.verify else None
    carry_out.end(space, subject, lambda: document.to_data(planned.plan), format)
    return bool(changes), planned.plan


def _ask(plan: Plan, writing: Writing) -> None:
    """Ask whether to write; where build_image will refuse it, Enter alone is a no."""
    refused = "\nbuild_image will refuse this. Write it all the same?"
    question = refused if plan.refused_by_image else carry_out.ASK_TO_WRITE
    carry_out.ask(writing, question, default=not plan.refused_by_image)


def _subject(plan: Plan, resolution: Resolution, *, tip: str | None = None) -> Subject:
    """What Portage is asked about: what was written, or a commit."""
    from overlaytool.workflow import proof

    atoms = dict.fromkeys(edge.atom for edge in resolution.edges if edge.parent is None)
    if resolution.request.update:
        atoms = {}  # all who use the package are part of the question
    return proof.Subject(atoms=tuple(atoms), into=plan.into, plan=plan, tip=tip)
