"""Spoilt inputs: what people and trees write, with bytes changed, doubled, cut and inserted.

Atoms, profile files, metapackage, automation list, configuration, plans, records of series, indexes of binary
packages and advisories are given to what reads them; ebuilds, eclasses and profiles to whole plans, each in a
process of its own. Every outcome but an answer or an error of a documented kind counts.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from overlaytool.ebuild import runtime

runtime.start()

from overlaytool.ebuild.advisories import UnreadableAdvisory
from overlaytool.errors import OverlaytoolError

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
LIMIT = 60
WHOLE_PLANS = 0.04
"""The part of the inputs that a whole plan is made of: each takes half a second."""

SNIPPETS = (
    *(bytes([byte]) for byte in b"\xff\0\n \"'\\`#-~=:[]/{}*!@()"),
    *(b"|| (", b"^^ (", b"?? a", b"x? (", b"$(", b"-*", b"**", b">=", b"../", b"\x1b[31m", b"null", b"[[[["),
    *(b"1e999", b"<!ENTITY a 'b'>", b"\xe2\x80\xae", b"-r1", b"_p", b"!!", b"\r\n", b"9" * 5000, b"(" * 2000),
)
ATOMS = (
    b"sys-process/htop",
    b">=dev-libs/b-2[ssl,-doc(+)]:0/1=",
    b"!!<cat/pn-1.2_rc3-r4",
    b"=cat/pn-1*",
    b"~cat/pn-1:2",
)
ADVISORY = (
    b'<?xml version="1.0"?><glsa id="202601-01"><title>t</title><affected>'
    b'<package name="a/b" auto="yes" arch="*">'
    b'<unaffected range="ge">2</unaffected><vulnerable range="lt">2</vulnerable></package></affected>'
    b"<references><uri>CVE-1</uri></references></glsa>"
)
INDEX = (
    b"ARCH: amd64\nVERSION: 0\nPACKAGES: 1\n\n"
    b"CPV: sys-process/htop-3\nSIZE: 12\nBUILD_TIME: 3\nPATH: a.gpkg.tar\n\n"
)
TOML = b'boards = ["amd64-usr"]\n[gentoo]\npath = "x"\n[[source]]\nname = "guru"\nurl = "u"\n'
RECORD = b'{"schema": 1, "record": {"series": {}, "plan": {}, "resolution": {"edges": []}}}'
DEPENDENCIES = b"|| ( a/b ( c/d e/f[x?,-y] ) ) x? ( g/h:0= ) !i/j"


def spoil(content: bytes, chance: random.Random) -> bytes:
    """Something like it."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(data))
        match chance.randrange(5):
            case 0:
                data[at:at] = chance.choice(SNIPPETS)
            case 1:
                del data[at : at + chance.randint(1, 20)]
            case 2:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                end = min(len(data), at + chance.randint(1, 200))
                data[end:end] = data[at:end]
            case _:
                del data[at:]
    return bytes(data)


def readers(place: Path) -> dict[str, tuple[bytes, Callable[[bytes], object]]]:
    """By kind: an input that is in order, and what reads it."""
    from overlaytool.config import load
    from overlaytool.ebuild.advisories import parse
    from overlaytool.ebuild.evaluate import evaluate, parse_atom
    from overlaytool.ebuild.syntax import problem
    from overlaytool.flatcar import automation, metapackage, profiles
    from overlaytool.flatcar.tree import DiskTree
    from overlaytool.git.repository import Repository
    from overlaytool.model.resolution import Request
    from overlaytool.plan.document import from_json, to_json
    from overlaytool.report.binhost import read_sizes
    from overlaytool.series import store
    from overlaytool.workflow import plan
    from overlaytool.workflow.workspace import open_workspace

    checkout = place / "scripts"
    overlay = checkout / "sdk_container/src/third_party/coreos-overlay"
    file = overlay / "coreos-base/coreos/coreos-0.0.1.ebuild"
    listing = checkout / automation.PACKAGES_LIST
    keywords = overlay / "profiles/coreos/base/package.accept_keywords"
    with open_workspace(checkout=checkout, gentoo=place / "gentoo") as space:
        _, made = plan(space, Request(atoms=("sys-process/htop",)))
        target = made.into if hasattr(made, "into") else made.target  # type: ignore[attr-defined]

    def text(data: bytes) -> str:
        return data.decode("utf-8", "surrogateescape")

    def read_metapackage(data: bytes) -> object:
        file.write_bytes(data)
        return metapackage.read(DiskTree(checkout), target).with_lines(["app-misc/x"])

    def read_config(data: bytes) -> object:
        (place / "o.toml").write_bytes(data)
        return load(place / "o.toml", checkout=checkout)

    def read_index(data: bytes) -> object:
        (place / "Packages").write_bytes(data)
        return read_sizes([place / "Packages"], ["amd64"], ["sys-process/htop-3"])

    def read_series(data: bytes) -> object:
        record = checkout / ".git/overlaytool/series/x.json"
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_bytes(data)
        return store.load(Repository.open(checkout), "x")

    def read_metadata(data: bytes) -> object:
        return [problem({key: text(data)}) for key in ("LICENSE", "REQUIRED_USE", "SRC_URI")]

    def read_keywords(data: bytes) -> object:
        return profiles.with_keywords(text(data), "=a/b-1", ("~arm64",), "Why.")

    return {
        "atoms": (ATOMS[0], lambda data: parse_atom(text(data))),
        "dependencies": (DEPENDENCIES, lambda data: evaluate(text(data), {"x"})),
        "metadata": (DEPENDENCIES, read_metadata),
        "keywords": (keywords.read_bytes(), read_keywords),
        "list": (listing.read_bytes(), lambda data: automation.with_packages(text(data), ["app-misc/x"])),
        "metapackage": (file.read_bytes(), read_metapackage),
        "toml": (TOML, read_config),
        "plan": (to_json(made).encode(), lambda data: from_json(text(data))),
        "series": (RECORD, read_series),
        "index": (INDEX, read_index),
        "advisory": (ADVISORY, lambda data: parse(data, "glsa-202601-01.xml", "x")),
    }


def whole_plan(chance: random.Random, place: Path) -> str:
    """Make a plan on trees in which one file is spoilt, in a process of its own; ``ok``, or what happened."""
    for name, source in (("scripts", "flatcar-mini"), ("gentoo", "gentoo-mini")):
        shutil.copytree(FIXTURES / source, place / name, symlinks=True)
    base = place / "scripts/sdk_container/src/third_party"
    kinds = [
        *(place / "gentoo/sys-process/htop").glob("*.ebuild"),
        *(place / "gentoo/eclass").glob("*.eclass"),
        *(base / "portage-stable/eclass").glob("*.eclass"),
        *(path for path in (base / "coreos-overlay/profiles/coreos").rglob("*") if path.is_file()),
        *(path for path in (place / "gentoo/profiles").iterdir() if path.is_file()),
        *(base / "portage-stable/metadata").glob("layout.conf"),
    ]
    file = chance.choice(kinds)
    file.write_bytes(spoil(file.read_bytes(), chance))
    child = os.fork()
    if child == 0:
        os._exit(_plan_in_child(place, file))
    _, status = os.waitpid(child, 0)
    shutil.rmtree(place)
    code = os.waitstatus_to_exitcode(status)
    return {0: "ok", 70: "tracebacks", -signal.SIGALRM: "hangs"}.get(code, f"status {code}")


def _plan_in_child(place: Path, file: Path) -> int:
    from overlaytool.model.resolution import Request
    from overlaytool.workflow import plan
    from overlaytool.workflow.workspace import open_workspace

    signal.alarm(LIMIT)
    os.environ["XDG_CACHE_HOME"] = str(place / "cache")
    try:
        with open_workspace(checkout=place / "scripts", gentoo=place / "gentoo") as space:
            plan(space, Request(atoms=("sys-process/htop",)))
    except OverlaytoolError:
        return 0
    except BaseException:
        print(f"spoilt {file}:\n{traceback.format_exc()[-1500:]}", flush=True)
        return 70
    return 0


class HangError(Exception):
    """It took too long."""


def feed(number: int, chance: random.Random, place: Path, until: float) -> Counter[str]:
    """Read that many spoilt inputs, or fewer where time is up (by the clock of ``time.monotonic``)."""
    counts: Counter[str] = Counter()
    for name, source in (("scripts", "flatcar-mini"), ("gentoo", "gentoo-mini")):
        shutil.copytree(FIXTURES / source, place / name, symlinks=True)
    subprocess.run(["git", "init", "--quiet"], cwd=place / "scripts", check=True)
    kinds = readers(place)
    told: set[str] = set()

    def late(*_: object) -> None:
        raise HangError

    for count in range(number):
        if time.monotonic() > until:
            break
        if chance.random() < WHOLE_PLANS:
            counts["inputs"] += 1
            outcome = whole_plan(chance, place / f"plan-{count}")
            counts[outcome] += outcome != "ok"
            continue
        kind = chance.choice(list(kinds))
        sound, read = kinds[kind]
        data = spoil(chance.choice(ATOMS) if kind == "atoms" else sound, chance)
        counts["inputs"] += 1
        signal.signal(signal.SIGALRM, late)
        signal.alarm(LIMIT)
        try:
            read(data)
        except (OverlaytoolError, UnreadableAdvisory):
            pass
        except HangError:
            counts["hangs"] += 1
            print(f"{kind} hangs: {data[:200]!r}")
        except Exception:
            counts["tracebacks"] += 1
            trace = traceback.format_exc()
            if trace[-300:] not in told:
                told.add(trace[-300:])
                print(f"{kind}: {data[:200]!r}\n{trace[-900:]}", flush=True)
        finally:
            signal.alarm(0)
    return counts
