"""The manual page and the shells' scripts, made from the commands; a wheel has them in ``share/``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from overlaytool.cli.app import COMMANDS, command

SHELLS = {
    "bash": "share/bash-completion/completions/overlaytool",
    "zsh": "share/zsh/site-functions/_overlaytool",
    "fish": "share/fish/vendor_completions.d/overlaytool.fish",
}
"""Where each shell looks for its script, below a prefix."""

PAGE = "share/man/man1/overlaytool.1"

NO_SPACE = "[[ ${COMPREPLY[0]-} != */ ]] || compopt -o nospace 2>/dev/null"

FILES = (
    ("overlaytool.toml", "The configuration, in the checkout or in ~/.config/overlaytool."),
    ("~/.cache/overlaytool", "Metadata of ebuilds, and the trees that overlaytool sync clones."),
    ("~/.local/state/overlaytool", "Logs of builds."),
    (".git/overlaytool", "In the checkout: the lock, the journal of a change, the plans of series."),
)


def shared_files() -> dict[str, str]:
    """Path below a prefix → contents, of all that a wheel brings besides the package."""
    return {PAGE: manual_page(), **{path: completion_script(shell) for shell, path in SHELLS.items()}}


def completion_script(shell: str) -> str:
    """What a shell reads to complete overlaytool's words."""
    from typer._completion_shared import get_completion_script

    script = get_completion_script(prog_name="overlaytool", complete_var="_OVERLAYTOOL_COMPLETE", shell=shell)
    # After a category comes its slash, and then the package: no space.
    script = (
        script.replace("    return 0\n", f"    {NO_SPACE}\n    return 0\n") if shell == "bash" else script
    )
    return script.rstrip() + "\n"


def manual_page() -> str:
    """All commands and options as man(7)."""
    outermost = command()
    with outermost.make_context("overlaytool", [], resilient_parsing=True) as context:
        lines = [
            '.TH OVERLAYTOOL 1 "" overlaytool "User Commands"',
            ".SH NAME",
            r"overlaytool \- add Gentoo packages to a Flatcar Container Linux image",
            ".SH SYNOPSIS",
            r".B overlaytool",
            r"[\fIOPTION\fR]... \fICOMMAND\fR [\fIARGUMENT\fR]...",
            ".SH OPTIONS",
            "They may stand before or after the command's name.",
            *_options(outermost, context),
            ".SH COMMANDS",
        ]
        for name in COMMANDS:
            lines += _command(outermost.get_command(context, name), context, f"overlaytool {name}")
    lines += [
        ".SH ENVIRONMENT",
        r"\fBOVERLAYTOOL_\fINAME\fR stands for the option \-\-\fIname\fR where that is about the trees or",
        r"the form of the answer: \fBOVERLAYTOOL_GENTOO\fR, say; \fBOVERLAYTOOL_CHECKOUT\fR for \-C.",
        ".SH FILES",
    ]
    for file, text in FILES:
        lines += [".TP", f".I {_escape(file)}", _escape(text)]
    lines += [".SH EXIT STATUS"]
    for status, text in statuses():
        lines += [".TP", f".B {status}", _escape(text)]
    return "\n".join(lines) + "\n"


def statuses() -> list[tuple[int, str]]:
    """Every exit status with what it means, the errors' own from their classes."""
    from overlaytool import errors

    base = errors.OverlaytoolError
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, base)]
    own = {kind.exit_status: " ".join((kind.__doc__ or "").split()) for kind in kinds if kind is not base}
    return sorted(
        {
            0: "Done.",
            1: "Done, and the answer is no: a check found something, there is no such chain, you said no.",
            **own,
            70: "A bug in overlaytool: please report what it printed.",
            130: "Interrupted; 143: terminated; 129: hung up.",
        }.items()
    )


def _command(one: Any, parent: Any, path: str) -> Iterator[str]:
    """A command and what is below it."""
    with one.make_context(path.rpartition(" ")[2], [], parent=parent, resilient_parsing=True) as context:
        usage = " ".join(one.collect_usage_pieces(context))
        yield f".SS {_escape(f'{path} {usage}')}"
        yield from _paragraphs(one.help or "")
        yield from _options(one, context)
        for name, inner in getattr(one, "commands", {}).items():
            yield from _command(inner, context, f"{path} {name}")


def _options(one: Any, context: Any) -> Iterator[str]:
    for parameter in one.get_params(context):
        record = parameter.get_help_record(context)
        if record and "--help" not in parameter.opts:
            yield from (".TP", f".B {_escape(record[0])}", _escape(record[1]) or r"\&")


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ".PP"
        yield _escape(" ".join(paragraph.split()))


def _escape(text: str) -> str:
    """As groff reads it: no backslash, hyphen or leading dot means anything."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text.startswith((".", "'")) else text
