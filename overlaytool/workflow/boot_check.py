"""The end of ``add --build --boot``: the new image boots, and the programs of the new packages run in it.

build result --report--> packages, their programs --boot--> machine --ssh--> checks --> evidence
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from overlaytool.errors import SdkError, WriteError
from overlaytool.flatcar.checkout import TREES
from overlaytool.git.repository import content
from overlaytool.model.build import BuildResult
from overlaytool.model.resolution import package_name
from overlaytool.model.series import Evidence, Outcome, Stage
from overlaytool.model.vm import BootCheck, VmOptions, VmRun
from overlaytool.support import evidence, process
from overlaytool.vm import boot, programs, script, session
from overlaytool.vm.end import end
from overlaytool.workflow.build import BuildPlace
from overlaytool.workflow.vm import Tell

FILES = "flatcar_production_image_licenses.json"
"""The report that names each package's files."""


def prove(
    place: BuildPlace, built: BuildResult, atoms: Sequence[str], options: VmOptions, tell: Tell
) -> BootCheck:
    """Boot what was built, try every program of the packages that are new in it, and keep what was seen.

    :raises SdkError: when the build made no image, or its reports cannot be read.
    :raises VmError: when there is no start script, or the machine cannot be started.
    :raises BootError: when it never gets ready.
    """
    if built.image is None:
        raise SdkError("there is no image to boot", hint="only --into image makes one")
    image = Path(built.image)
    wanted = new_programs(image, built, atoms)
    chosen = script.find(image)
    script.check_image(chosen)
    with process.termination_as_interrupt():
        running, health = boot.boot(chosen, options, place.config.state, tell)
        try:
            tried = programs.check(running.machine, wanted)
            line = session.line(wanted, _asked(wanted, atoms))
            seen = session.show(running.machine, line) if line else None
            run = VmRun(machine=running.machine, health=boot.health_now(running, health))
        finally:
            end(running)
    checked = BootCheck(run=run, programs=tried, session=seen)
    _keep_evidence(place, checked)
    return checked


def new_programs(image: Path, built: BuildResult, atoms: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The packages that the image gained, and those that were asked for, with their programs.

    :raises SdkError: when the report with the packages' files cannot be read.
    """
    gained = set(built.gain.packages_added) if built.gain else set()
    found = {}
    for package, files in _files(image).items():
        cpv = package.partition("::")[0]
        paths = programs.programs(files)
        if paths and (package in gained or _asked((cpv,), atoms)):
            found[cpv] = paths
    return found


def _asked(packages: Iterable[str], atoms: Sequence[str]) -> tuple[str, ...]:
    """Those of the packages (CPVs) that an atom means, in the order of the atoms."""
    names = [atom.strip().lstrip("<>=~!").partition(":")[0].partition("[")[0] for atom in atoms]
    known = {word: cpv for cpv in packages for word in _words(cpv)}
    return tuple(dict.fromkeys(known[name] for name in names if name in known))


def _words(cpv: str) -> tuple[str, str, str]:
    """What a user may call a package."""
    name = package_name(cpv)
    return cpv, name, name.rpartition("/")[2]


def keep_picture(place: BuildPlace, checked: BootCheck, picture: str) -> Path:
    """Write a picture of the session, for the pull request; it stays until the board's next one.

    :raises WriteError: when that is not possible.
    """
    name = f"{place.board.name}-{Path(checked.run.machine.console).stem}.svg"
    path = place.config.state / "pictures" / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror}") from error
    return path


def _files(image: Path) -> dict[str, tuple[str, ...]]:
    """Packages, as ``category/name-version::repository``, with the paths that they install."""
    path = image / FILES
    try:
        projects = json.loads(path.read_text(encoding="utf-8"))
        return {each["project"]: _paths(each.get("files") or ()) for each in projects}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise SdkError(f"{path} cannot be read: {error}", hint="build_image writes it at its end") from error


def _paths(files: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(files.split("\n") if isinstance(files, str) else files)


def _keep_evidence(place: BuildPlace, checked: BootCheck) -> None:
    """Keep the result for the pull request's text."""
    tree = content(place.checkout.path, str(TREES))
    if tree is None:
        return
    health = checked.run.health
    lines = [f"{health.os_id} {health.version} is {health.state} after {health.seconds:.0f} s"]
    lines += [f"failed unit: {unit}" for unit in health.failed_units]
    lines += [f"{finding.kind}: {finding.text}" for finding in health.findings]
    lines += [f"$ {program.command}\n{program.output or program.state}" for program in checked.programs]
    if checked.session:
        lines.append(f"$ {checked.session.command}\n{checked.session.text}")
    works = sum(program.works for program in checked.programs)
    evidence.record(
        place.config.state,
        Evidence(
            stage=Stage.BOOT,
            command=f"./{Path(checked.run.machine.script).name}",
            outcome=Outcome.PASSED if checked.passed else Outcome.FAILED,
            summary=f"the image boots; {works} of {len(checked.programs)} new programs run",
            output="\n".join(lines),
            tree=tree,
            when=datetime.now(UTC).isoformat(timespec="seconds"),
        ),
    )
