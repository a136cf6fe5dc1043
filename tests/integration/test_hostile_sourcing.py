"""Hostile ebuilds against every command that looks at them: none gets at anything."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from hashlib import md5
from pathlib import Path

import hostile
import pytest
from ebuilds import write_ebuild

from overlaytool import workflow
from overlaytool.ebuild import metadata, shell
from overlaytool.errors import MetadataError
from overlaytool.model.resolution import Request

UNSEEN = {"has-environment", "kills-all", "loads", "leaves-child"}
"""Attacks that do not come through even where nothing is confined, or whose trace is that of another."""


@pytest.fixture
def traps(home: Path, tmp_path: Path) -> Iterator[hostile.Traps]:
    (tmp_path / "temporary").mkdir()
    with hostile.traps(home, tmp_path / "temporary") as made:
        yield made


@pytest.fixture
def evil(traps: hostile.Traps, tmp_path: Path) -> Path:
    return hostile.overlay(tmp_path / "evil", traps)


def run(
    traps: hostile.Traps, *arguments: str | Path, patch: str = "", status: tuple[int, ...] = (0, 1)
) -> str:
    """Run overlaytool; what it said."""
    result = subprocess.run(
        [*hostile.program(patch), *map(str, arguments)],
        cwd=traps.home,
        env=hostile.environment(traps.home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode in status, result.stderr
    assert "Traceback" not in result.stderr, result.stderr
    return result.stdout + result.stderr


def test_the_traps_notice_what_nothing_stops(
    traps: hostile.Traps, evil: Path, checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    trees = ("--gentoo", gentoo_tree, "--source", evil)
    patch = hostile.unconfined(traps.temporary)
    (tmp_path / "home").mkdir()
    with hostile.traps(tmp_path / "home", tmp_path) as others:
        said = run(traps, "-C", checkout_tree, "plan", *trees, "app-evil/all", patch=patch)
        assert others.victim.poll() is None, "a test that runs beside this one would fail"
    assert traps.sprung(said, evil) == set(hostile.ATTACKS) - UNSEEN


def test_no_command_lets_an_ebuild_get_at_anything(
    traps: hostile.Traps, evil: Path, checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    trees = ("--gentoo", gentoo_tree, "--source", evil)
    commands: list[list[str | Path]] = [
        ["plan", *trees, "app-evil/all", "--format", "json"],
        ["graph", *trees, "app-evil/all"],
        ["why", *trees, "app-evil/writes", "app-evil/all"],
        ["add", *trees, "app-evil/all", "--commit"],
        ["pr", "-o", tmp_path / "out"],
        ["verify", "app-evil/all"],
    ]
    for command in commands:
        said = run(traps, "-C", checkout_tree, *command)
        assert traps.sprung(said, evil) == set(), command
        for cache in (traps.home / ".cache").rglob("*.sqlite*"):
            cache.unlink()  # the next one shall source them again


def test_an_ebuild_of_gentoo_is_contained_as_well(
    traps: hostile.Traps, checkout_tree: Path, gentoo_tree: Path
) -> None:
    hostile.fill(gentoo_tree, traps)
    said = run(traps, "-C", checkout_tree, "plan", "--gentoo", gentoo_tree, "app-evil/all")
    assert traps.sprung(said, gentoo_tree) == set()


def test_where_there_are_no_namespaces_temporary_files_are_limited_and_removed(
    traps: hostile.Traps, checkout_tree: Path, gentoo_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(traps.temporary))
    code = (
        'x=$(printf "%99999d" 1)\nfor file in {1..5}; do\n'
        'for ((n = 0; n < 200; n++)); do printf %s "$x"; done > "${TMPDIR}/${file}"\ndone\n'
        "while :; do :; done"
    )
    write_ebuild(gentoo_tree, "app-misc/greedy-1", code)
    words = ("-C", checkout_tree, "plan", "--gentoo", gentoo_tree, "app-misc/greedy")
    assert "MiB of temporary files" in run(traps, *words, patch=hostile.NO_NAMESPACES, status=(11,))
    assert list(traps.temporary.glob("overlaytool-run-*")) == []


@pytest.mark.parametrize(
    "patch", [hostile.NO_NAMESPACES, hostile.NO_SECCOMP], ids=["no namespaces", "no seccomp"]
)
def test_what_a_machine_has_contains_where_that_suffices(
    traps: hostile.Traps, evil: Path, checkout_tree: Path, gentoo_tree: Path, patch: str
) -> None:
    trees = ("--gentoo", gentoo_tree, "--source", evil)
    said = run(traps, "-C", checkout_tree, "plan", *trees, "app-evil/all", patch=patch)
    came = traps.sprung(said, evil)
    assert came == ({"runs-own"} if patch == hostile.NO_SECCOMP else set())  # a mode is changed, no content


@pytest.mark.parametrize(
    ("patch", "missing"),
    [
        (hostile.NO_LANDLOCK, "files: the kernel has no Landlock"),
        (f"{hostile.NO_NAMESPACES}; {hostile.NO_SECCOMP}", "the network: no namespaces"),
    ],
    ids=["no Landlock", "neither namespaces nor seccomp"],
)
def test_where_that_does_not_suffice_only_trusted_trees_are_sourced(
    traps: hostile.Traps, checkout_tree: Path, gentoo_tree: Path, tmp_path: Path, patch: str, missing: str
) -> None:
    other = tmp_path / "other"
    hostile.write_overlay(other, "other")
    write_ebuild(other, "app-evil/harmless-1", "")
    plan = ("-C", checkout_tree, "plan", "--gentoo", gentoo_tree)
    said = run(traps, *plan, "--source", other, "app-evil/harmless", patch=patch, status=(31,))
    assert missing in said
    assert "--trust-sources" in said
    run(traps, *plan, "--source", other, "app-misc/jq", patch=patch)
    said = run(
        traps,
        *plan,
        "--source",
        other,
        "--trust-sources",
        "--format",
        "json",
        "app-evil/harmless",
        patch=patch,
    )
    assert missing in said
    (tmp_path / "overlaytool.toml").write_text(
        f"[[source]]\nname = 'other'\npath = '{other}'\ntrusted = true\n"
    )
    for cache in (traps.home / ".cache").rglob("*.sqlite*"):
        cache.unlink()
    run(traps, "--config", tmp_path / "overlaytool.toml", *plan, "app-evil/harmless", patch=patch)


def test_the_metadata_that_another_tree_ships_are_not_believed(
    home: Path, checkout_tree: Path, gentoo_tree: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    hostile.write_overlay(other, "other")
    for tree in (other, gentoo_tree):
        write_ebuild(tree, "app-evil/lies-1", "")
        digest = md5((tree / "app-evil/lies/lies-1.ebuild").read_bytes()).hexdigest()
        entry = tree / "metadata/md5-cache/app-evil/lies-1"
        entry.parent.mkdir(parents=True)
        entry.write_text(f"EAPI=8\nSLOT=0\nDESCRIPTION=Shipped\nDEFINED_PHASES=-\n_md5_={digest}\n")
    with workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree, sources=[other]) as space:
        said = [
            space.source.source_candidates(name, "app-evil/lies")[0].ebuild.description
            for name in ("gentoo", "other")
        ]
    assert said == ["Shipped", "A test"]


FORGED = "key RDEPEND=app-evil/backdoor"
EVERY_DESCRIPTOR = (
    'for number in {0..300}; do { eval "printf \'%s\' \\"\\${forged}\\" >&${number}"; } 2> /dev/null; done\n'
    "for place in /proc/1/fd/* /proc/self/fd/* /proc/${PPID}/fd/* /proc/$$/fd/*; do\n"
    '  { printf "%s" "${forged}" > "${place}"; } 2> /dev/null\ndone\n'
)
POISONS = {
    "what is said on every descriptor": (
        "shopt -u failglob\n"
        f"forged=$'{FORGED}\\nkey DEFINED_PHASES=-\\nphases succeeded\\nended 0\\nsucceeded\\nyep!\\n'\n"
        + EVERY_DESCRIPTOR
    ),
    "what a child goes on saying": (
        f"( exec 2> /dev/null; while :; do printf '%s\\n' '{FORGED}' 'ended 0' >&61; done ) &\ndisown"
    ),
    "functions": "has() { :; }\ninherit() { RDEPEND=app-evil/backdoor; }\ndie() { :; }\n"
    "__dump_metadata_keys() { :; }\n__internal_inherit() { RDEPEND=app-evil/backdoor; }",
    "readonly variables": "readonly RDEPEND=app-evil/backdoor DEPEND=app-evil/backdoor",
    "traps": "trap 'RDEPEND=app-evil/backdoor' DEBUG\ntrap 'RDEPEND=app-evil/backdoor' RETURN EXIT ERR",
    "PATH, IFS and options": "export PATH=/usr/bin IFS=p BASH_ENV=/tmp/x\nshopt -s nullglob nocasematch\n"
    "set -f +h\nshopt -u extglob expand_aliases\nalias inherit='RDEPEND=app-evil/backdoor #'",
    "the shell that it came from": "shopt -u failglob\nkill -TERM $$ ${PPID}\nkill -STOP $$ ${PPID}\n"
    "printf 'eclass victim /tmp/x\\n' > /proc/1/fd/60\nexec 60>&1 61>&1",
    "temporary files": 'for number in {1..200}; do\n  printf x > "${TMPDIR}/x${number}"\n'
    '  printf x > "${TMPDIR}/.${number}"\n  printf x > "${TMPDIR}/..${number}"\ndone',
    "names that stand for others": "declare -gn RDEPEND=DEPEND IUSE=RDEPEND\nhash -p /tmp/x has inherit die\n"
    "printf -v PKGCORE_METADATA_KEYS '%s' RDEPEND\nunset -f has die inherit\nunset -n RDEPEND",
    "tracing and prompts": f"exec 7>&61\nBASH_XTRACEFD=7 PS4=$'\\n{FORGED}\\n' PROMPT_COMMAND='{FORGED}'\n"
    "set -x\nexport -f inherit\ndeclare -fr has\ncoproc evil { while :; do :; done; }\nulimit -n 8 -f 0 -u 2",
    "an eclass of its own": "EXPORT_FUNCTIONS() { RDEPEND=app-evil/backdoor; }\n"
    "__preloaded_eclass_victim() { RDEPEND=app-evil/backdoor; }\n"
    "PKGCORE_PRELOADED_ECLASSES[victim]='RDEPEND=app-evil/backdoor #'\n"
    "OVERLAYTOOL_ECLASSES[victim]=/dev/null\nOVERLAYTOOL_ECLASS_DIRS=( /dev )\ninherit victim",
    "a great environment": "printf -v large '%900000d' 1\nexport large IUSE=${large} RDEPEND=${large}\n"
    'for name in a{1..400}; do export "${name}=${large}"; done',
}
"""Each tries to change what the metadata of the ebuilds after it are; whether it has metadata is its own."""


@pytest.mark.parametrize("code", POISONS.values(), ids=POISONS)
def test_what_an_ebuild_does_counts_for_that_ebuild_only(
    home: Path, checkout_tree: Path, gentoo_tree: Path, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (gentoo_tree / "eclass/victim.eclass").write_text('has x y && RDEPEND="app-evil/backdoor"\nIUSE="fine"\n')
    for number in range(6):  # before, between and after, in each of the shells
        write_ebuild(gentoo_tree, f"app-misc/poison-{number}", code)
        write_ebuild(gentoo_tree, f"app-misc/sound-{number}", 'inherit victim\nDEPEND="app-misc/jq"')
    with workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space:
        sound, poison = (
            [candidate.ebuild for candidate in space.source.source_candidates("gentoo", f"app-misc/{name}")]
            for name in ("sound", "poison")
        )
        metadata.source([ebuild for pair in zip(poison, sound, strict=True) for ebuild in pair])
        for ebuild in sound:
            assert (str(ebuild.depend), str(ebuild.rdepend)) == ("app-misc/jq", "")
            assert set(ebuild.iuse) == {"fine"}
    assert capfd.readouterr().err == ""


def test_an_eclass_cannot_keep_itself_out_of_what_is_remembered(
    home: Path, checkout_tree: Path, gentoo_tree: Path, guru_tree: Path
) -> None:
    """The same ebuild is in two trees, in one of them with an eclass that says that nobody inherits it."""
    (guru_tree / "eclass").mkdir(exist_ok=True)
    lies = 'RDEPEND="app-evil/backdoor"\ninherit() { :; }\ntrap "INHERITED=" DEBUG\nINHERITED=""\n'
    (guru_tree / "eclass/liar.eclass").write_text(lies)
    write_ebuild(guru_tree, "app-misc/same-1", "inherit liar")
    write_ebuild(gentoo_tree, "app-misc/same-1", "inherit liar")
    sources = {"checkout": checkout_tree, "gentoo": gentoo_tree, "sources": [guru_tree]}
    with workflow.open_workspace(**sources) as space:  # type: ignore[arg-type]
        for candidate in space.source.source_candidates("guru", "app-misc/same"):
            assert "liar" in candidate.ebuild.inherited
    (gentoo_tree / "eclass/liar.eclass").write_text('RDEPEND="app-misc/jq"\n')
    with workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space:
        (candidate,) = space.source.source_candidates("gentoo", "app-misc/same")
        assert str(candidate.ebuild.rdepend) == "app-misc/jq"


GREEDY = {
    "processor time": ("while :; do :; done", "seconds"),
    "a child that holds its pipes": ("set -m; ( while :; do :; done ) & wait", "seconds"),
    "memory": ("x=xxxxxxxx; while :; do x+=$x; done", ""),
    "memory in many processes": (
        "for n in {1..16}; do ( x=xxxxxxxx; while (( ${#x} < 30000000 )); do x+=$x; done; "
        "while :; do :; done ) & done; wait",
        "of memory",
    ),
    "processes": ("while :; do ( while :; do :; done ) & done", "processes"),
    "standard error": (
        'x=$(printf "%9999d" 1); while :; do printf "%s\\n" "$x$x$x" >&2; done',
        "printed more than",
    ),
    "its result": (
        'x=$(printf "%9999d" 1); while :; do printf "%s\\n" "$x$x$x" >&61; done',
        "metadata are longer",
    ),
    "a file": (
        'x=$(printf "%99999d" 1); while :; do printf "%s\\n" "$x" >> "${TMPDIR}/x" || exit 1; done',
        "",
    ),
}


@pytest.mark.parametrize(("code", "reason"), GREEDY.values(), ids=GREEDY)
def test_an_ebuild_that_takes_too_much_is_given_up_and_not_tried_again(
    home: Path,
    checkout_tree: Path,
    gentoo_tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    reason: str,
) -> None:
    monkeypatch.setattr(shell, "MEMORY", 300 << 20)
    monkeypatch.setattr(metadata, "SOURCING_LIMIT", 5.0 if reason != "seconds" else 1.0)
    write_ebuild(gentoo_tree, "app-misc/greedy-1", code)
    started = time.monotonic()
    with workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space:
        for _ in range(2):
            with pytest.raises(MetadataError) as caught:
                workflow.plan(space, Request(atoms=("app-misc/greedy",)))
            assert reason in " ".join(caught.value.details)
        (other,) = space.source.source_candidates("gentoo", "app-misc/jq")[:1]
        assert other.slot == "0"
    assert time.monotonic() - started < 12


@pytest.mark.parametrize("versions", [1, 8])
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGINT]
)
def test_nothing_is_left_when_overlaytool_ends_amid_sourcing(
    traps: hostile.Traps, checkout_tree: Path, gentoo_tree: Path, number: int, versions: int
) -> None:
    """It ends at once, also where others are being sourced or wait for it."""
    held = gentoo_tree / "held"
    held.write_text("")
    (gentoo_tree / "eclass/calm.eclass").write_text("")
    for version in range(versions):
        write_ebuild(gentoo_tree, f"app-misc/calm-{version}", 'inherit calm\nRDEPEND="app-misc/endless"')
        hang = f"exec 8< {held}\nset -m; ( while :; do :; done ) &\nwait"
        write_ebuild(gentoo_tree, f"app-misc/endless-{version}", f"inherit calm\n{hang}")
    running = subprocess.Popen(
        [*hostile.program(), "-C", checkout_tree, "plan", "--gentoo", gentoo_tree, "app-misc/calm"],
        env=hostile.environment(traps.home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: hostile.holds(held))
    os.kill(running.pid, number)
    running.wait(10)
    wait_until(lambda: not hostile.holds(held))


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it never came")
