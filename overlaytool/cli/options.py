"""Options that more than one command takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct

from overlaytool.model.resolution import Into

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


def wishes(
    allow_use: Sequence[str] | None,
    unmask: Sequence[str] | None,
    provide: Sequence[str] | None,
    reason: str | None,
) -> dict[str, Any]:
    """What these options say, as a request has it.

    :raises BadParameter: for a reason that is no line of text.
    """
    if reason is not None and (not reason.strip() or not reason.isprintable()):
        raise typer.BadParameter("--reason wants a line of text")
    return {
        "allow_use": tuple(allow_use or ()),
        "unmask": tuple(unmask or ()),
        "provide": tuple(provide or ()),
        "reason": reason.strip() if reason else None,
    }


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
