"""Options that more than one command takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from overlaytool.cli.groups import Group
from overlaytool.model.resolution import Into, Request

if TYPE_CHECKING:
    from overlaytool.workflow import Workspace


class ColorChoice(StrEnum):
    """``--color``."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Format(StrEnum):
    """``--format``."""

    TEXT = "text"
    JSON = "json"


class Globals(Struct, frozen=True, kw_only=True):
    """The options of every command, wherever they stood."""

    checkout: Path | None = None
    config: Path | None = None
    quiet: bool = False
    verbose: bool = False
    color: ColorChoice = ColorChoice.AUTO


TARGETS = "image, board, sdk, sysext:NAME, base-sysext:NAME or oem:NAME"
METAPACKAGES = "image|board|sdk"


def target(text: str) -> Into:
    """``--into``.

    :raises ValueError: for anything else than one of :data:`TARGETS`.
    """
    from overlaytool.flatcar.targets import facts

    try:
        into = Into(text)
    except ValueError:
        into = None
    if into is None or not facts(into).requests:
        raise ValueError(f"{text!r} is not one of {TARGETS}")
    return into


def built_target(text: str) -> Into:
    """``--into`` of what is built in the SDK container.

    :raises ValueError: for anything else than one of :data:`METAPACKAGES`.
    """
    if text not in METAPACKAGES.split("|"):
        raise ValueError(f"{text!r} is none of {METAPACKAGES}")
    return Into(text)


GentooOption = Annotated[Path | None, typer.Option("--gentoo", metavar="PATH", help="The Gentoo tree.")]
SourceOption = Annotated[
    list[Path] | None,
    typer.Option("--source", metavar="PATH", help="One more tree, after Gentoo; repeatable."),
]
TrustOption = Annotated[
    bool,
    typer.Option("--trust-sources", help="Source ebuilds of any tree even where they cannot be contained."),
]
BoardOption = Annotated[
    list[str] | None, typer.Option("--board", metavar="NAME", help="Default: every board; repeatable.")
]
IntoOption = Annotated[
    Into,
    typer.Option("--into", parser=target, metavar="TARGET", help=f"What gets the request: {TARGETS}."),
]
BuiltIntoOption = Annotated[
    Into,
    typer.Option("--into", parser=built_target, metavar=METAPACKAGES, help="The metapackage to build."),
]
KeywordsOption = Annotated[
    bool,
    typer.Option(
        "--accept-keywords/--no-accept-keywords", help="Whether a plan may write package.accept_keywords."
    ),
]
DowngradeOption = Annotated[
    bool, typer.Option("--allow-downgrade", help="Let older versions and eclasses replace newer ones.")
]
AllowUseOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-use",
        metavar="PKG[FLAG]",
        help="Change a USE flag that a profile masks or forces; repeatable.",
    ),
]
UnmaskOption = Annotated[
    list[str] | None,
    typer.Option("--unmask", metavar="ATOM", help="Take what package.mask hides; repeatable."),
]
ProvideOption = Annotated[
    list[str] | None,
    typer.Option(
        "--provide",
        metavar="CAT/PN-VER",
        help="Do without a dependency: put it into package.provided; repeatable.",
    ),
]
ReasonOption = Annotated[
    str | None,
    typer.Option(
        "--reason", metavar="TEXT", help="For comments, commits and the pull request: a CVE, a link."
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="json: one document on standard output.")]
AtomArguments = Annotated[list[str], typer.Argument(metavar="ATOM...", help="Packages to add.")]


DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Stop after the plan; write nothing.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Write without asking, and ask nothing after.")]


class Trees(Group, frozen=True, kw_only=True):
    """What a plan is made from: trees, and boards."""

    gentoo: GentooOption = None
    source: SourceOption = None
    trust_sources: TrustOption = False
    board: BoardOption = None

    def open(
        self, context: typer.Context, *, needed: bool | None = True
    ) -> AbstractContextManager[Workspace]:
        """The workspace with these; see :func:`workspace`.

        :param needed: whether trees to import from are.
        """
        return workspace(
            context,
            gentoo=self.gentoo,
            sources=self.source,
            boards=self.board,
            with_sources=needed,
            trust_sources=self.trust_sources,
        )


class Wishes(Trees, frozen=True, kw_only=True):
    """What is asked for besides the packages themselves."""

    into: IntoOption = Into.IMAGE
    accept_keywords: KeywordsOption = True
    allow_downgrade: DowngradeOption = False
    allow_use: AllowUseOption = None
    unmask: UnmaskOption = None
    provide: ProvideOption = None
    reason: ReasonOption = None

    def request(self, atoms: Sequence[str], *, update: bool = False) -> Request:
        """The request for these packages.

        :raises BadParameter: for a reason that is no line of text.
        """
        return Request(
            atoms=tuple(atoms),
            into=self.into,
            update=update,
            accept_keywords=self.accept_keywords,
            allow_downgrade=self.allow_downgrade,
            allow_use=tuple(self.allow_use or ()),
            unmask=tuple(self.unmask or ()),
            provide=tuple(self.provide or ()),
            reason=line_of_text(self.reason),
        )


class Writing(Group, frozen=True, kw_only=True):
    """What to do with what was worked out."""

    dry_run: DryRunOption = False
    yes: YesOption = False
    commit: Annotated[
        bool,
        typer.Option("--commit", help="Make commits on a branch of their own; your files stay as they are."),
    ] = False
    branch: Annotated[
        str | None, typer.Option(metavar="NAME", help="For --commit; default: after command and packages.")
    ] = None
    checkout: Annotated[
        bool, typer.Option("--checkout", help="With --commit: then switch to the branch.")
    ] = False
    verify: Annotated[bool, typer.Option("--verify", help="Then ask Portage's own resolver.")] = False

    def __post_init__(self) -> None:
        if self.branch and not self.commit:
            raise typer.BadParameter("--branch goes with --commit")
        if self.checkout and not self.commit:
            raise typer.BadParameter("--checkout goes with --commit")


def line_of_text(reason: str | None) -> str | None:
    """``--reason``, without spaces around it.

    :raises BadParameter: for what is no line of text.
    """
    if reason is not None and (not reason.strip() or not reason.isprintable()):
        raise typer.BadParameter("--reason wants a line of text")
    return reason.strip() if reason else None


@contextmanager
def workspace(
    context: typer.Context,
    *,
    gentoo: Path | None = None,
    sources: Sequence[Path] | None = None,
    boards: Sequence[str] | None = None,
    with_sources: bool | None = True,
    trust_sources: bool = False,
) -> Iterator[Workspace]:
    """Open what a command works on, from the options before and after its name.

    :raises OverlaytoolError: see :func:`overlaytool.workflow.open_workspace`.
    """
    from overlaytool.cli.console import TerminalProgress, say
    from overlaytool.workflow import interrupted, open_workspace

    options: Globals = context.obj
    with open_workspace(
        checkout=options.checkout,
        config=options.config,
        gentoo=gentoo,
        sources=sources or (),
        boards=boards or (),
        with_sources=with_sources,
        trust_sources=trust_sources,
        progress=TerminalProgress(),
    ) as space:
        if interrupted(space):
            say("an earlier run was cut short and has left the work tree half changed: add takes that back")
        yield space


def keep_out_of_git(space: Workspace, *places: Path) -> None:
    """Let git overlook overlaytool's own files in the checkout, and say so the first time."""
    from overlaytool.cli.console import say
    from overlaytool.workflow.workspace import keep_out_of_git as keep_out

    for line in keep_out(space, *places):
        say(f"git status does not show {line} from now on (.git/info/exclude)")
