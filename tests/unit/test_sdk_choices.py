"""What is decided before anything runs: commands, stages, names, faults, the machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from sdk_scripts import OEM_FUNCTION, PULL_FUNCTION

from overlaytool.errors import SdkError
from overlaytool.flatcar.checkout import Checkout
from overlaytool.model.build import (
    BuildRequest,
    BuildRun,
    Readiness,
    StageName,
    StageRecord,
    StageState,
    SysextBuild,
)
from overlaytool.model.resolution import Board, Into
from overlaytool.sdk import commands, doctor, engine, faults, journal, stages
from overlaytool.sdk.container import SCRIPTS, stable_name
from overlaytool.sdk.doctor import Machine
from overlaytool.sdk.opening import Choice
from overlaytool.sdk.stages import Selection

REQUEST = BuildRequest(board="amd64-usr", atoms=("=sys-process/htop-3.4.1-r2", "app-misc/screen:0"))


def checkout(path: Path, **files: str) -> Checkout:
    """A checkout with nothing but these files."""
    for name, text in files.items():
        file = path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Checkout(path=path, version="1.0.0", boards=(Board(name="amd64-usr", arch="amd64"),))


def run(*records: tuple[StageName, StageState]) -> BuildRun:
    """A run with these stages behind it."""
    return BuildRun(
        request=REQUEST,
        container="c",
        container_id="1",
        build_id="id",
        fingerprint="tree",
        stages=tuple(
            StageRecord(stage=stage, state=state, seconds=1.5, log="l", finished="2026-01-01T00:00:00+00:00")
            for stage, state in records
        ),
    )


def test_requested_packages_are_built_from_source_and_the_rest_is_taken_as_binary(tmp_path: Path) -> None:
    assert commands.command(StageName.EMERGE, REQUEST, checkout(tmp_path)) == (
        "emerge-amd64-usr",
        "--usepkg",
        "--getbinpkg",
        "--usepkg-exclude=sys-process/htop app-misc/screen",
        "=sys-process/htop-3.4.1-r2",
        "app-misc/screen:0",
    )


def test_arm64_and_other_metapackages_have_their_own_commands(tmp_path: Path) -> None:
    board = replace(REQUEST, board="arm64-usr", into=Into.BOARD)
    words = commands.command(StageName.METAPACKAGE, board, checkout(tmp_path))
    assert (words[0], words[-1]) == ("emerge-arm64-usr", "coreos-devel/board-packages")
    host = commands.command(StageName.METAPACKAGE, replace(REQUEST, into=Into.SDK), checkout(tmp_path))
    assert (host[:3], host[-1]) == (("sudo", "-E", "emerge"), "coreos-devel/sdk-depends")


def test_image_is_for_qemu_and_has_the_oem_sysext_where_the_scripts_want_it_ready_made(
    tmp_path: Path,
) -> None:
    new = checkout(
        tmp_path / "new",
        build_library__vm_image_util="",
        build_image='DEFINE_string oem_sysexts "everything!"\n',
    )
    (new.path / "build_library/vm_image_util.sh").write_text(
        "VALID_IMG_TYPES=(\n    qemu_uefi\n)\nIMG_qemu_uefi_OEM_SYSEXT=qemu\n"
    )
    assert commands.command(StageName.IMAGE, REQUEST, new)[-3:] == (
        "--oem_sysexts=qemu",
        "prod",
        "oem_sysext",
    )
    assert "--format=qemu_uefi" in commands.command(StageName.VM_IMAGE, REQUEST, new)
    old = checkout(tmp_path / "old", build_image="")
    (old.path / "build_library").mkdir()
    (old.path / "build_library/vm_image_util.sh").write_text(OEM_FUNCTION)
    assert commands.command(StageName.IMAGE, REQUEST, old)[-2:] == ("--replace", "prod")
    assert "--format=qemu" in commands.command(StageName.VM_IMAGE, REQUEST, old)


def test_from_and_only_name_a_stage_of_this_command() -> None:
    everything = Selection(stages=stages.EVERYTHING, start=StageName.METAPACKAGE)
    assert everything.wanted() == (StageName.METAPACKAGE, StageName.IMAGE, StageName.VM_IMAGE)
    assert Selection(stages=stages.PACKAGES, only=StageName.EMERGE).wanted() == (StageName.EMERGE,)
    with pytest.raises(SdkError, match="no stage image here"):
        Selection(stages=stages.PACKAGES, start=StageName.IMAGE).wanted()


def test_command_to_go_on_with_leads_to_the_end_of_what_was_asked() -> None:
    request = replace(REQUEST, atoms=(">=a/b-1",))
    emerge = "overlaytool sdk emerge '>=a/b-1' --board amd64-usr --from emerge"
    image = "overlaytool sdk image --board amd64-usr"
    assert stages.go_on(request, StageName.EMERGE, image_follows=False) == emerge
    assert stages.go_on(request, StageName.EMERGE, image_follows=True) == f"{emerge} && {image}"
    assert stages.go_on(request, StageName.VM_IMAGE, image_follows=True) == f"{image} --from vm-image"


def test_same_work_on_the_same_trees_goes_on_and_other_work_does_not() -> None:
    last, plain = run((StageName.EMERGE, StageState.FAILED)), Selection(stages=stages.PACKAGES)
    resumed = Selection(stages=stages.PACKAGES, start=StageName.EMERGE)
    assert stages.continues(last, REQUEST, plain, "tree")
    assert not stages.continues(last, REQUEST, plain, "edited tree")
    assert stages.continues(last, REQUEST, resumed, "edited tree")
    assert stages.continues(last, replace(REQUEST, atoms=()), plain, "tree")
    assert not stages.continues(last, replace(REQUEST, atoms=("a/b",)), plain, "tree")
    assert not stages.continues(None, REQUEST, resumed, "tree")


def test_journal_keeps_a_run_and_what_comes_after_a_stage_has_to_be_done_again(tmp_path: Path) -> None:
    done = StageState.DONE
    whole = run((StageName.EMERGE, done), (StageName.METAPACKAGE, done), (StageName.IMAGE, done))
    journal.save(tmp_path, whole)
    assert journal.load(tmp_path, "c", "amd64-usr") == whole
    assert journal.load(tmp_path, "c", "arm64-usr") is None
    failed = replace(whole.stages[0], stage=StageName.METAPACKAGE, state=StageState.FAILED)
    again = journal.with_record(whole, failed)
    assert [again.done(stage) for stage in StageName] == [False, True, False, False, False, False]
    journal.directory(tmp_path, "c").joinpath("run-amd64-usr.json").write_text('{"cut off')
    assert journal.load(tmp_path, "c", "amd64-usr") is None


def test_container_is_named_after_checkout_and_image_and_not_after_the_commit(tmp_path: Path) -> None:
    one, two = checkout(tmp_path / "one"), checkout(tmp_path / "two")
    image = engine.image_reference("4799.0.0+nightly-20260821-2100")
    assert image == "ghcr.io/flatcar/flatcar-sdk-all:4799.0.0-nightly-20260821-2100"
    assert stable_name(one, image) == stable_name(one, image)
    assert len({stable_name(one, image), stable_name(two, image), stable_name(one, "other")}) == 3
    assert stable_name(one, image).startswith("overlaytool-flatcar-sdk-all-4799.0.0")


def test_faults_of_the_scripts_are_found_and_repaired_once(tmp_path: Path) -> None:
    found = checkout(tmp_path, build_sysext="DEFINE_boolean ignore_version_mismatch false\n")
    for name, text in (
        ("build_library/vm_image_util.sh", OEM_FUNCTION),
        ("ci-automation/ci_automation_common.sh", PULL_FUNCTION),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    assert faults.pulls_loaded_image(found)
    for fault in faults.find(found):
        (tmp_path / fault.file).write_text(fault.after)
        lines = fault.commit_message.splitlines()
        assert all(len(line) <= 72 for line in lines)
        assert lines[1] == ""
    assert (
        "(\n        --ignore_version_mismatch\n" in (tmp_path / "build_library/vm_image_util.sh").read_text()
    )
    assert (
        '    if $docker image inspect "${CONTAINER_REGISTRY}/${image}:${version}" >/dev/null 2>&1 ; then\n'
        "        return\n    fi\n\n    if $docker pull"
    ) in (tmp_path / "ci-automation/ci_automation_common.sh").read_text()
    assert faults.find(found) == ()


def test_doctor_says_what_the_machine_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("proc/meminfo", "MemTotal: 1048576 kB\n"), ("sys/fs/selinux/enforce", "1")):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    machine = Machine(proc=tmp_path / "proc", sys=tmp_path / "sys", dev=tmp_path / "dev")
    checks = {check.name: check for check in doctor.examine(None, Choice(), machine=machine)}
    missing = {name for name, check in checks.items() if check.readiness is Readiness.MISSING}
    assert missing == {"git", "engine", "SELinux", "loop devices"}
    assert checks["memory"].readiness is Readiness.WARNING
    assert checks["memory"].found == "1.0 GiB"
    assert checks["KVM"].found == "none"
    assert all(check.hint for check in checks.values() if check.readiness is not Readiness.OK)


def test_sysext_is_a_run_of_its_own(tmp_path: Path) -> None:
    request = BuildRequest(
        board="amd64-usr",
        atoms=("sys-process/htop",),
        sysext=SysextBuild(name="tools", mangle="build_library/sysext_mangle_tools"),
    )
    words = commands.command(StageName.SYSEXT, request, checkout(tmp_path))
    assert words == (
        "sudo",
        "-E",
        f"{SCRIPTS}/build_sysext",
        "--board=amd64-usr",
        f"--manglefs_script={SCRIPTS}/build_library/sysext_mangle_tools",
        "tools",
        "sys-process/htop",
    )
    again = "overlaytool sysext build tools sys-process/htop --board amd64-usr --from sysext"
    assert stages.go_on(request, StageName.SYSEXT, image_follows=False) == again
    assert StageName.SYSEXT not in stages.EVERYTHING
