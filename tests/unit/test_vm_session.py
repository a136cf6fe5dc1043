"""A program on a terminal in the machine: what is run, what is seen, how the picture of it looks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from records import MACHINE

from overlaytool.cli.views import terminal as view
from overlaytool.errors import ToolMissingError
from overlaytool.model.vm import Machine, Run, TerminalSession
from overlaytool.support import terminal
from overlaytool.vm import session, ssh

HTOP, SCREEN, JQ = "sys-process/htop-3.4.1-r2", "app-misc/screen-5.0.1", "app-misc/jq-1.7"
WANTED = {HTOP: ("/usr/bin/htop",), SCREEN: ("/usr/bin/screen",)}


@pytest.mark.parametrize(
    "wanted, asked, expected",
    [
        (WANTED, (HTOP, SCREEN), "screen htop"),
        (WANTED, (SCREEN, HTOP), "screen htop"),
        ({HTOP: ("/usr/bin/htop",)}, (HTOP,), "htop"),
        ({**WANTED, JQ: ("/usr/bin/a", "/usr/bin/jq")}, (JQ,), "screen jq"),
        ({JQ: ("/usr/bin/b", "/usr/bin/a")}, (JQ,), "b"),
        ({SCREEN: ("/usr/bin/screen",)}, (SCREEN,), None),
        (WANTED, (), None),
        (
            {"app-misc/tmux-3.5": ("/usr/bin/tmux",), HTOP: ("/usr/bin/htop",)},
            (HTOP,),
            "tmux new-session htop",
        ),
    ],
)
def test_program_that_was_asked_for_is_shown_in_the_multiplexer_that_is_new(
    wanted: dict[str, Sequence[str]], asked: Sequence[str], expected: str | None
) -> None:
    assert session.line(wanted, asked) == expected


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what ssh would run with this machine's sh, and do not wait long."""

    def command(machine: Machine, words: Sequence[str], *, terminal: bool) -> tuple[str, ...]:
        assert terminal
        return ("sh", "-c", *words)

    monkeypatch.setattr(ssh, "command", command)
    monkeypatch.setattr(session, "SETTLE", 0.4)
    monkeypatch.setattr(session, "LOGIN", 20.0)


def test_screen_is_read_as_a_person_sees_it(here: None) -> None:
    script = (
        r"printf 'wrong\r\033[2K'; stty size; printf '\033[1;31mred\033[0m \033[7mbar\033[0m\033[5;3Hthere'"
    )
    seen = session.show(MACHINE, script)
    assert seen
    assert seen.text == "24 80\nred bar\n\n\n  there"
    assert (seen.status, seen.works) == (0, True)
    assert seen.rows[1][:3] == (
        Run(text="red", foreground="red", bold=True),
        Run(text=" "),
        Run(text="bar", reverse=True),
    )


def test_program_that_goes_on_is_pictured_at_work_and_ended(here: None, tmp_path: Path) -> None:
    began = time.monotonic()
    seen = session.show(MACHINE, f"echo $$ > {tmp_path}/pid; echo at work; exec sleep 300")
    assert seen
    assert (seen.text, seen.status, seen.works) == ("at work", None, True)
    assert time.monotonic() - began < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_page_that_waits_for_return_is_turned(here: None) -> None:
    seen = session.show(
        MACHINE,
        r"echo '[Press Space for next page; Return to end.]'; read x; printf '\033[H\033[2J'; echo htop",
    )
    assert seen
    assert seen.text == "htop"


@pytest.mark.parametrize("script, status", [("no-such-program-here", 127), ("kill -SEGV $$", -11)])
def test_program_that_cannot_run_does_not_work(here: None, script: str, status: int) -> None:
    seen = session.show(MACHINE, script)
    assert seen
    assert (seen.status, seen.works) == (status, False)


def test_without_pyte_there_is_no_picture(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyte", None)
    assert session.show(MACHINE, "true") is None


def test_missing_program_is_said() -> None:
    with (
        pytest.raises(ToolMissingError, match="no-ssh-here cannot be run"),
        terminal.opened(("no-ssh-here",), columns=80, rows=24),
    ):
        pytest.fail("it was started")


def test_picture_has_the_text_and_needs_no_network() -> None:
    rows = (
        (Run(text="<b>&", foreground="brown", background="brightblue"), Run(text=" x", foreground="ff8700")),
        (Run(text="second", reverse=True, underline=True),),
    )
    picture = view.svg(TerminalSession(command="screen htop", rows=rows, columns=20, status=None))
    text = "".join(ElementTree.fromstring(picture).itertext())
    for words in ("<b>&", "x", "second", "screen\N{NO-BREAK SPACE}htop"):
        assert words in text.replace("screen htop", "screen\N{NO-BREAK SPACE}htop")
    assert "#ff8700" in picture
    assert "url(http" not in picture.replace('"', "")
    assert picture.count("http") == 1
