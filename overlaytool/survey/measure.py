"""A plan, or a refusal, as the line of a survey."""

from __future__ import annotations

from overlaytool.errors import OverlaytoolError
from overlaytool.model.notices.planning import ImageMasked
from overlaytool.model.plan import Action, Plan
from overlaytool.model.resolution import Package, Resolution, State
from overlaytool.survey.line import Line, Outcome, Refusal

IMAGE_MASKED = ImageMasked.reference
MOST_CHAIN = 14
"""Lines of an error that are kept."""


def measured(package: str, source: str, resolution: Resolution, plan: Plan) -> Line:
    """What a plan costs."""
    boards = tuple(sorted({name for asked in resolution.requested for name in asked.boards}))
    selected = [entry for entry in resolution.packages if entry.name == package]
    about = next((entry.about for entry in selected if entry.about is not None), None)
    copied = [entry for entry in resolution.packages if entry.state in (State.ADD, State.UPDATE)]
    line = Line(
        package=package,
        source=source,
        outcome=Outcome.POSSIBLE,
        boards=boards,
        versions=tuple(dict.fromkeys(entry.cpv for entry in selected)),
        description=about.description if about else "",
        licenses=about.license if about else "",
        adds=tuple(entry.package for entry in plan.imports if entry.action is Action.ADD),
        updates=tuple(entry.package for entry in plan.imports if entry.action is Action.UPDATE),
        eclasses_added=tuple(entry.name for entry in plan.eclasses if entry.action is Action.ADD),
        eclasses_updated=tuple(entry.name for entry in plan.eclasses if entry.action is Action.UPDATE),
        license_texts=tuple(entry.name for entry in plan.licenses),
        keywords=tuple(" ".join((change.atom, *change.keywords)) for change in plan.keywords),
        use=tuple(" ".join((change.atom, *change.flags)) for change in plan.use),
        download=_download(copied),
        image=plan.new_in_image,
        masked=tuple(entry.message for entry in plan.warnings if entry.reference == IMAGE_MASKED),
        warnings=tuple(sorted({entry.reference for entry in plan.warnings} - {IMAGE_MASKED})),
        manual_work=tuple(entry.message for entry in plan.manual_work),
    )
    return _with_outcome(line, resolution)


def _with_outcome(line: Line, resolution: Resolution) -> Line:
    from msgspec.structs import replace

    if line.manual_work:
        outcome = Outcome.MANUAL
    elif len(line.boards) < len(resolution.boards):
        outcome = Outcome.PARTLY
    elif line.adds or line.updates or line.keywords or line.use:
        outcome = Outcome.POSSIBLE
    else:
        outcome = Outcome.FREE
    return replace(line, outcome=outcome)


def _download(copied: list[Package]) -> int:
    """Bytes: a distfile that several ebuilds share counts once."""
    sizes = {
        file.name: file.size for entry in copied if entry.about is not None for file in entry.about.distfiles
    }
    return sum(sizes.values())


def refused(package: str, source: str, error: OverlaytoolError) -> Line:
    """Why a package cannot be had."""
    refusal = Refusal(
        kind=kind_of(error),
        about=error.about,
        message=error.message,
        chain=error.details[:MOST_CHAIN],
        hint=error.hint,
    )
    return Line(package=package, source=source, outcome=Outcome.REFUSED, refusal=refusal)


def failed(package: str, source: str, message: str) -> Line:
    """That nothing is known of a package, since working it out went wrong."""
    refusal = Refusal(kind="failed", about=None, message=message, chain=(), hint="please report it")
    return Line(package=package, source=source, outcome=Outcome.FAILED, refusal=refusal)


def kind_of(error: OverlaytoolError) -> str:
    """``UnsatisfiableError`` as ``unsatisfiable``."""
    return type(error).__name__.removesuffix("Error").lower()
