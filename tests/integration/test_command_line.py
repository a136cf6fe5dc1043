"""The command line's frame: where options stand, what help and errors look like, streams that are closed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, THIRD_PARTY, RunCli

from overlaytool.cli.app import COMMANDS

HTOP = "sys-process/htop"


def shell(line: str, *, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which ``$TOOL`` is overlaytool."""
    return subprocess.run(
        ["bash", "-c", line],
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TOOL": f"{sys.executable} -m overlaytool",
            **variables,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def status(checkout: Path) -> str:
    """What git sees in the work tree."""
    git = ["git", "status", "--porcelain"]
    return subprocess.run(git, cwd=checkout, capture_output=True, text=True, check=True).stdout


def test_options_of_every_command_stand_before_or_after_its_name(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    plan = ("plan", "--gentoo", gentoo_tree, HTOP)
    before = run_cli("-C", checkout_tree, "-v", *plan)
    after = run_cli(*plan, "-C", checkout_tree, "-v")
    assert after.stdout == before.stdout
    assert "Passed over" in before.stdout
    quiet = run_cli(*plan, "-q", "-C", checkout_tree, "--color", "never")
    assert quiet.stderr == ""
    assert run_cli(*plan, "-q", "-v", check=False).returncode == 2


def test_the_option_after_the_name_wins(run_cli: RunCli, checkout_tree: Path, tmp_path: Path) -> None:
    done = run_cli("-C", tmp_path, "config", "show", "-C", checkout_tree, "--format", "json")
    assert json.loads(done.stdout)["schema"] == 1
    done = run_cli("-C", checkout_tree, "config", "show", "-C", tmp_path, check=False)
    assert (done.returncode, str(tmp_path) in done.stderr) == (4, True)


def test_variables_stand_for_options(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "CHECKOUT": checkout_tree,
        "GENTOO": gentoo_tree,
        "BOARD": "arm64-usr",
        "FORMAT": "json",
    }.items():
        monkeypatch.setenv(f"OVERLAYTOOL_{name}", str(value))
    assert json.loads(run_cli("plan", HTOP).stdout)["boards"] == ["arm64-usr"]
    assert json.loads(run_cli("plan", HTOP, "--board", "amd64-usr").stdout)["boards"] == ["amd64-usr"]
    failed = run_cli("plan", "no-such/package", check=False)
    assert json.loads(failed.stderr)["error"]["kind"] == "UnknownPackageError"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("plan",), "missing argument 'ATOM...'"),
        (("plan", "--borad", "x", HTOP), "no such option: --borad"),
        (("plam", HTOP), "no such command 'plam'. Did you mean 'plan'"),
        (("plan", "--format", "xml", HTOP), "'xml' is not one of 'text', 'json'"),
        (("pr", "--open"), "--open goes with --push REMOTE"),
        (("sdk", "imaeg"), "no such command 'imaeg'"),
    ],
)
def test_wrong_usage_looks_like_every_other_error(run_cli: RunCli, words: tuple[str, ...], says: str) -> None:
    done = run_cli(*words, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    first, usage, *rest = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert says in first
    assert usage.startswith("  usage: overlaytool ")
    assert rest[-1].startswith("  hint: overlaytool ")


@pytest.mark.parametrize("words", [("plan", "--format", "json"), ("plan", "--format=json", "a", "--borad")])
def test_an_error_is_a_json_object_where_json_was_asked_for(run_cli: RunCli, words: tuple[str, ...]) -> None:
    done = run_cli(*words, check=False)
    document = json.loads(done.stderr)
    assert document["schema"] == 1
    assert document["error"]["status"] == done.returncode == 2
    assert set(document["error"]) == {"kind", "status", "message", "details", "hint"}


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_cuts_no_name_and_no_sentence_at_sixty_columns(
    run_cli: RunCli, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown = run_cli(*command.split(), "--help").stdout
    assert max(map(len, shown.splitlines())) <= 60
    assert "…" not in shown
    assert "..." not in re.sub(r"[A-Z]\]?\.\.\.", "", shown), "only what can be repeated ends in dots"
    assert shown == run_cli("help", *command.split()).stdout


def test_every_command_has_its_line_in_the_help(run_cli: RunCli) -> None:
    shown = " ".join(run_cli("--help").stdout.split())
    for name, line in COMMANDS.items():
        assert f"{name} {line}" in shown
        assert run_cli(name, "--help").stdout.startswith(f"Usage: overlaytool {name}")


def test_a_full_disk_on_standard_output_is_one_line(checkout_tree: Path, gentoo_tree: Path) -> None:
    for words in (f"plan {HTOP}", f"plan {HTOP} --format json", "--help", "config show"):
        done = shell(f"$TOOL {words} >/dev/full", cwd=checkout_tree, OVERLAYTOOL_GENTOO=str(gentoo_tree))
        assert done.returncode == 16, (words, done.stderr)
        assert "standard output cannot be written: No space left on device" in done.stderr
        assert "Traceback" not in done.stderr


def test_closed_streams_and_a_reader_that_goes_away(checkout_tree: Path, gentoo_tree: Path) -> None:
    variables = {"OVERLAYTOOL_GENTOO": str(gentoo_tree)}
    closed = shell(f"$TOOL add --yes {HTOP} >&-", cwd=checkout_tree, **variables)
    assert closed.returncode == 16
    assert closed.stderr.startswith("error: standard output is closed\n")
    assert status(checkout_tree) == ""
    silent = shell(f"$TOOL plan {HTOP} 2>&- </dev/null", cwd=checkout_tree, **variables)
    assert silent.returncode == 0
    assert silent.stdout.startswith(HTOP)
    gone = shell(f"$TOOL plan -v {HTOP} | true; echo ${{PIPESTATUS[0]}}", cwd=checkout_tree, **variables)
    assert (gone.stdout, gone.stderr) == ("0\n", "")


def test_a_directory_that_was_removed_is_said(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    done = shell(f"cd gone; rmdir ../gone; $TOOL plan {HTOP}", cwd=tmp_path)
    assert done.returncode == 4
    assert done.stderr.startswith("error: the directory that you are in is no longer there\n")


@pytest.mark.parametrize(
    ("answer", "exit_status", "written"),
    [
        ("echo n |", 1, False),
        ("echo y |", 0, True),
        ("echo |", 0, True),
        ("printf 'what\\nno\\n' |", 1, False),
    ],
)
def test_an_answer_on_standard_input_is_heard(
    checkout_tree: Path, gentoo_tree: Path, answer: str, exit_status: int, written: bool
) -> None:
    done = shell(f"{answer} $TOOL add {HTOP}", cwd=checkout_tree, OVERLAYTOOL_GENTOO=str(gentoo_tree))
    assert done.returncode == exit_status, done.stderr
    assert bool(status(checkout_tree)) == written


@pytest.mark.parametrize("format_", ["text", "json"])
def test_where_nobody_answers_yes_has_to_be_said(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path, format_: str
) -> None:
    add = ("-C", checkout_tree, "add", "--gentoo", gentoo_tree, "--format", format_, HTOP)
    done = run_cli(*add, check=False)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert status(checkout_tree) == ""
    run_cli(*add, "--yes")
    assert status(checkout_tree) != ""


# --- configuration and completion --------------------------------------------------------------------


def test_config_init_writes_the_defaults_out_of_the_sight_of_git(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    before = json.loads(run_cli("config", "show", "--format", "json", cwd=checkout_tree).stdout)
    written = Path(run_cli("config", "init", cwd=checkout_tree).stdout.strip())
    assert written == checkout_tree / "overlaytool.toml"
    assert status(checkout_tree) == ""
    after = json.loads(run_cli("config", "show", "--format", "json", cwd=checkout_tree).stdout)
    assert after == before | {"file": str(written)}
    again = run_cli("config", "init", cwd=checkout_tree, check=False)
    assert again.returncode == 3
    assert "is there already" in again.stderr
    uncommented = written.read_text().replace("# gentoo", "gentoo").replace("/srv/gentoo", str(gentoo_tree))
    written.write_text(uncommented)
    shown = run_cli("config", "show", cwd=checkout_tree).stdout
    assert f"gentoo    {gentoo_tree}\n" in shown


def completed(run: Any, checkout: Path, *words: str) -> list[str]:
    """What bash would offer for the last of the words."""
    line = " ".join(("overlaytool", *words))
    done = shell("$TOOL", cwd=checkout, _OVERLAYTOOL_COMPLETE="complete_bash", COMP_WORDS=line,
                 COMP_CWORD=str(len(words)), **run)  # fmt: skip
    return done.stdout.split()


@pytest.mark.parametrize(
    "words",
    [
        ("add", HTOP, "--yes"),
        ("add", HTOP, "--commit"),
        ("update", "dev-libs/too-old", "--yes"),
        ("remove", "app-misc/jq", "--yes"),
        ("remove", "app-misc/jq", "--commit"),
        ("fork", "app-misc/jq", "--commit"),
    ],
    ids=" ".join,
)
def test_what_writes_keeps_the_configuration_out_of_git_status_and_says_so_once(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path, words: tuple[str, ...]
) -> None:
    ebuild = next((gentoo_tree / "dev-libs/too-old").glob("*.ebuild"))
    ebuild.with_name("too-old-9.ebuild").write_text(ebuild.read_text())
    (checkout_tree / "overlaytool.toml").write_text(f'gentoo = "{gentoo_tree}"\n')
    said = "git status does not show /overlaytool.toml from now on"
    assert said in run_cli("-C", checkout_tree, *words).stderr
    assert "overlaytool.toml" not in status(checkout_tree)
    again = run_cli("-C", checkout_tree, "add", "app-misc/keyword-one", "--yes")
    assert said not in again.stderr


def test_an_update_to_what_is_there_asks_nothing(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    shutil.rmtree(gentoo_tree / "app-misc/jq", ignore_errors=True)
    shutil.copytree(checkout_tree / THIRD_PARTY / "portage-stable/app-misc/jq", gentoo_tree / "app-misc/jq")
    done = run_cli("-C", checkout_tree, "update", "app-misc/jq", "--gentoo", gentoo_tree)
    assert "Up to date\n  app-misc/jq-" in done.stdout
    assert "Nothing to do" in done.stdout
    assert "1 update" not in done.stdout
    assert status(checkout_tree) == ""


def test_a_flag_that_does_not_exist_lists_those_that_do(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    plan = ("-C", checkout_tree, "plan", "--gentoo", gentoo_tree)
    done = run_cli(*plan, "sys-process/htop[hwlok]", check=False)
    assert done.returncode == 12
    assert re.search(r"the USE flags of sys-process/htop-3.5.3: .*hwloc, ", done.stderr)
    assert "did you mean sys-process/htop[hwloc]?" in done.stderr


def test_text_that_is_no_package_is_named_as_it_was_typed(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    done = run_cli("-C", checkout_tree, "plan", "--gentoo", gentoo_tree, "@world", check=False)
    assert done.returncode == 8
    assert "error: '@world' is no package\n" in done.stderr
    assert "any-category" not in done.stderr


def test_packages_boards_series_and_formats_are_completed(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    variables = {"OVERLAYTOOL_GENTOO": str(gentoo_tree)}
    run_cli("-C", checkout_tree, "add", HTOP, "--commit", "--branch", "add/htop", "--gentoo", gentoo_tree)
    assert completed(variables, checkout_tree, "pl") == ["plan"]
    assert completed(variables, checkout_tree, "plan", "sys-pro") == ["sys-process/"]
    assert completed(variables, checkout_tree, "plan", "sys-process/ht") == [HTOP]
    assert completed(variables, checkout_tree, "plan", "=sys-process/ht") == [f"={HTOP}"]
    assert completed(variables, checkout_tree, "plan", "hto") == [HTOP]
    assert completed(variables, checkout_tree, "why", "app-misc/keyword-o") == ["app-misc/keyword-one"]
    assert completed(variables, checkout_tree, "plan", "--board", "am") == ["amd64-usr"]
    assert completed(variables, checkout_tree, "plan", "--format", "j") == ["json"]
    assert completed(variables, checkout_tree, "pr", "--branch", "add") == ["add/htop"]
    shutil.rmtree(checkout_tree / THIRD_PARTY)
    assert completed({}, checkout_tree, "plan", "sys-pro") == []


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_us(run_cli: RunCli, name: str) -> None:
    script = run_cli("completion", name).stdout
    assert f"_OVERLAYTOOL_COMPLETE=complete_{name}" in script
    if shutil.which(name):
        done = subprocess.run([name, "-n"], input=script, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr


def test_help_and_completion_load_no_library_for_trees(checkout_tree: Path) -> None:
    heavy = ("pkgcore", "git", "networkx", "rich", "portage")
    code = (
        "import os, sys, atexit\n"
        f"atexit.register(lambda: print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr))\n"
        "from overlaytool.__main__ import main; main()\n"
    )
    script = checkout_tree / "run.py"
    script.write_text(code)
    line = f"{sys.executable} run.py"
    for words, variables in (
        ("--help", {}),
        ("plan --help", {}),
        (
            "",
            {
                "_OVERLAYTOOL_COMPLETE": "complete_bash",
                "COMP_WORDS": "overlaytool plan sys-",
                "COMP_CWORD": "2",
            },
        ),
    ):
        done = shell(f"{line} {words}", cwd=checkout_tree, **variables)
        assert done.stderr == "[]\n", done.stderr
