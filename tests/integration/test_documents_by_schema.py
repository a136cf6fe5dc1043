"""What the commands write holds against the schemas that are shipped."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from records import MACHINE
from support import ROOT, RunCli

from overlaytool.cli.views import sysext as sysext_view
from overlaytool.cli.views import vm as vm_view
from overlaytool.model.image import FileEntry, FileKind
from overlaytool.model.sysext import ElfFile, Extension, Problem, Severity, SysextCheck
from overlaytool.model.vm import (
    CommandResult,
    Finding,
    FindingKind,
    Health,
    VmRun,
)

REQUEST = ("sys-process/htop", "app-misc/screen")


def check(name: str, text: str) -> None:
    """Hold a document against its schema."""
    schema = json.loads((ROOT / f"overlaytool/schemas/{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(text))


@pytest.mark.parametrize(
    ("name", "words", "status"),
    [
        ("plan", ("plan", *REQUEST), 0),
        ("plan", ("add", "--dry-run", "app-misc/keyword-one"), 0),
        ("plan", ("add", "--commit", "app-misc/keyword-one"), 0),
        ("plan", ("add", "--yes", "app-misc/only-amd64"), 0),
        ("why", ("why", "sys-libs/ncurses"), 0),
        ("graph", ("graph", "app-misc/screen"), 0),
        ("config", ("config", "show"), 0),
        ("search", ("search", "htop"), 0),
        ("info", ("info", "sys-process/htop"), 0),
        ("outdated", ("outdated",), 0),
        ("sync", ("sync",), 0),
        ("advisories", ("advisories",), 0),
        ("remove", ("remove", "app-misc/jq", "--dry-run"), 0),
        ("remove", ("remove", "app-misc/jq", "--commit"), 0),
        ("fork", ("fork", "app-misc/jq", "--yes"), 0),
        ("update-all", ("update", "--all", "--dry-run"), 1),
    ],
)
def test_a_document_holds_against_its_schema(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path, name: str, words: tuple[str, ...], status: int
) -> None:
    (checkout_tree / "overlaytool.toml").write_text(f'gentoo = "{gentoo_tree}"\n')
    done = run_cli("-C", checkout_tree, *words, "--format", "json", check=False)
    assert done.returncode == status, done.stderr
    check(name, done.stdout)


def test_what_is_written_about_a_series_holds_too(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    (checkout_tree / "overlaytool.toml").write_text(f'gentoo = "{gentoo_tree}"\n')
    run_cli("-C", checkout_tree, "add", "sys-process/htop", "--commit")
    check("pr", run_cli("-C", checkout_tree, "pr", "--format", "json").stdout)
    check("review", run_cli("-C", checkout_tree, "review", "main..add-htop", "--format", "json").stdout)
    check("undo", run_cli("-C", checkout_tree, "undo", "--yes", "--format", "json").stdout)


@pytest.mark.parametrize(("name", "command"), [("doctor", "doctor"), ("audit", "audit")])
def test_what_looks_at_machine_and_checkout_holds_too(
    run_cli: RunCli, checkout_tree: Path, name: str, command: str
) -> None:
    done = run_cli("-C", checkout_tree, command, "--format", "json", check=False)
    assert done.returncode in (0, 1), done.stderr
    check(name, done.stdout)


def test_an_error_holds_too(run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path) -> None:
    plan = ("-C", checkout_tree, "plan", "--gentoo", gentoo_tree, "--format", "json")
    for words in (("no-such/package",), ("app-misc/impossible-parent",), ()):
        check("error", run_cli(*plan, *words, check=False).stderr.splitlines()[-1])


def test_a_verdict_holds_too(run_cli: RunCli, checkout_tree: Path) -> None:
    pytest.importorskip("portage", reason="Portage from PyPI judges the checkout")
    done = run_cli("-C", checkout_tree, "verify", "app-misc/jq", "--format", "json")
    check("verify", done.stdout)


def test_what_is_said_of_machines_and_extensions_holds_too() -> None:
    finding = Finding(kind=FindingKind.UNIT, line=3, text="Failed to start a.service")
    health = Health(
        state="degraded",
        os_id="flatcar",
        version="1",
        failed_units=("a.service",),
        findings=(finding,),
        seconds=1.5,
    )
    result = CommandResult(command="true", status=0, output="")
    for run in (
        VmRun(machine=MACHINE, health=health),
        VmRun(machine=MACHINE, health=health, merged=("a",), result=result),
    ):
        check("vm-run", vm_view.as_json(run))
    check("vm-list", vm_view.list_json([MACHINE]))
    extension = Extension(
        name="tool",
        file_name="tool",
        source="tool.raw",
        form="squashfs",
        size=1,
        release=(("ID", "flatcar"),),
        files=(FileEntry(path="usr/bin/tool", kind=FileKind.FILE, size=1),),
        programs=(ElfFile(path="usr/bin/tool", machine="x86-64", needed=("libc.so.6",)),),
        texts=(("usr/lib/systemd/system/a.service", "[Unit]"),),
    )
    check("sysext-show", sysext_view.extension_json(extension))
    problem = Problem(reference="version", severity=Severity.ERROR, subject="VERSION_ID", message="differs")
    checked = SysextCheck(extension="tool", host="image.bin", problems=(problem,))
    check("sysext-check", sysext_view.check_json([checked]))
