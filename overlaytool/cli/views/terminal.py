"""A terminal as a picture: SVG that needs no network and no font of its own."""

from __future__ import annotations

import io
import re

from rich.color import Color, ColorParseError
from rich.console import Console
from rich.style import Style
from rich.text import Text

from overlaytool.model.vm import Run, TerminalSession

FORM = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font: bold 18px sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""rich's own form, without the fonts that it loads from a server."""
NAMES = {"brown": "yellow", "brightbrown": "bright_yellow"}
"""Colours that a terminal calls differently."""


def svg(session: TerminalSession) -> str:
    """The picture."""
    console = Console(
        record=True, file=io.StringIO(), width=session.columns, force_terminal=True, color_system="truecolor"
    )
    for row in session.rows:
        line = Text(no_wrap=True, overflow="crop")
        for run in row:
            line.append(run.text, style(run))
        console.print(line)
    return console.export_svg(title=session.command, code_format=FORM, unique_id="terminal")


def style(run: Run) -> Style:
    """How rich calls a look."""
    return Style(
        color=_color(run.foreground),
        bgcolor=_color(run.background),
        bold=run.bold,
        underline=run.underline,
        reverse=run.reverse,
    )


def _color(name: str) -> Color | None:
    if name == "default":
        return None
    if re.fullmatch("[0-9a-f]{6}", name):
        return Color.parse(f"#{name}")
    try:
        return Color.parse(NAMES.get(name, re.sub("^bright", "bright_", name)))
    except ColorParseError:
        return None
