"""The end of ``add --build --boot``: the new image boots, and the programs of the new packages run in it.

build result --report--> packages, their programs --boot--> machine --ssh--> checks --> evidence
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from overlaytool.errors import SdkError
from overlaytool.flatcar.checkout import TREES
from overlaytool.git.repository import content
from overlaytool.model.build import BuildResult
from overlaytool.model.resolution import package_name
from overlaytool.model.series import Evidence, Outcome, Stage
from overlaytool.model.vm import BootCheck, VmOptions, VmRun
from overlaytool.support import evidence, process
from overlaytool.vm import boot, programs, script
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
            run = VmRun(machine=running.machine, health=boot.health_now(running, health))
        finally:
            end(running)
    checked = BootCheck(run=run, programs=tried)
    _keep_evidence(place, checked)
    return checked


def new_programs(image: Path, built: BuildResult, atoms: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The packages that the image gained, and those that were asked for, with their programs.

    :raises SdkError: when the report with the packages' files cannot be read.
    """
    gained = set(built.gain.packages_added) if built.gain else set()
    names = {atom.strip().lstrip("<>=~!").partition(":")[0].partition("[")[0] for atom in atoms}
    found = {}
    for package, files in _files(image).items():
        cpv = package.partition("::")[0]
        name = package_name(cpv)
        asked = {cpv, name, name.rpartition("/")[2]} & names
        paths = programs.programs(files)
        if paths and (asked or package in gained):
            found[cpv] = paths
    return found


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
