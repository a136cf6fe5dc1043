"""Why an extension is not merged, or does not work, on records of files."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from overlaytool.model.image import FileEntry, FileKind
from overlaytool.model.sysext import ElfFile, Extension, Host, Severity
from overlaytool.sysext.check import check

HOST = Host(
    source="image.bin",
    release=(("ID", "flatcar"), ("VERSION_ID", "9001.0.0"), ("SYSEXT_LEVEL", "1.0")),
    architecture="x86-64",
    files=(
        FileEntry(path="usr/bin", kind=FileKind.DIRECTORY, size=0),
        FileEntry(path="usr/bin/env", kind=FileKind.FILE, size=1),
        FileEntry(path="usr/sbin", kind=FileKind.SYMLINK, size=0, target="bin"),
        FileEntry(path="usr/lib64/libc.so.6", kind=FileKind.FILE, size=1),
        FileEntry(path="usr/lib64/ld-linux-x86-64.so.2", kind=FileKind.FILE, size=1),
    ),
)
RELEASE = (("ID", "flatcar"), ("SYSEXT_LEVEL", "1.0"), ("EXTENSION_RELOAD_MANAGER", "1"))
UNITS = "usr/lib/systemd/system"


def extension(*paths: str, **fields: object) -> Extension:
    """An extension that merges, with these files."""
    values: dict[str, object] = {
        "name": "tool",
        "file_name": "tool",
        "source": "tool.raw",
        "form": "squashfs",
        "size": 4096,
        "release": RELEASE,
        "files": tuple(FileEntry(path=path, kind=FileKind.FILE, size=1) for path in paths),
        "programs": (),
        **fields,
    }
    return Extension(**values)  # type: ignore[arg-type]


def found(one: Extension, host: Host = HOST) -> dict[str, Severity]:
    """The kinds of problems."""
    return {problem.reference: problem.severity for problem in check(one, host).problems}


@pytest.mark.parametrize(
    "release, expected",
    [
        ({"ID": "flatcar", "SYSEXT_LEVEL": "1.0"}, {}),
        ({"ID": "_any"}, {}),
        ({"ID": "_any", "ARCHITECTURE": "arm64"}, {"architecture": Severity.ERROR}),
        ({"ID": "flatcar", "VERSION_ID": "9001.0.0"}, {"bound-to-version": Severity.NOTE}),
        ({"ID": "flatcar", "VERSION_ID": "9002.0.0"}, {"version": Severity.ERROR}),
        ({"ID": "flatcar", "SYSEXT_LEVEL": "1.0", "VERSION_ID": "1.2.3"}, {}),
        ({"ID": "flatcar", "SYSEXT_LEVEL": "2.0", "VERSION_ID": "9001.0.0"}, {"level": Severity.ERROR}),
        ({"ID": "flatcar"}, {"version": Severity.ERROR}),
        ({"ID": "debian", "VERSION_ID": "9001.0.0"}, {"id": Severity.ERROR}),
        ({"ID": "_any", "SYSEXT_SCOPE": "initrd"}, {"scope": Severity.ERROR}),
        ({"ID": "_any", "SYSEXT_SCOPE": "initrd system"}, {}),
        ({}, {"no-release": Severity.ERROR}),
    ],
)
def test_release_decides_as_in_systemd(release: dict[str, str], expected: dict[str, Severity]) -> None:
    assert found(extension(release=tuple(release.items()))) == expected


def test_level_is_not_looked_at_where_the_image_has_none() -> None:
    host = replace(HOST, release=(("ID", "flatcar"), ("VERSION_ID", "9001.0.0")))
    assert found(extension(), host) == {"version": Severity.ERROR}


def test_extension_under_another_name_is_told_its_own() -> None:
    (problem,) = check(extension(file_name="tool-1.2-x86-64"), HOST).problems
    assert (problem.reference, problem.severity) == ("name", Severity.WARNING)
    assert "/etc/extensions/tool.raw" in problem.hint


def test_directory_in_the_place_of_a_link_is_an_error() -> None:
    sbin = FileEntry(path="usr/sbin", kind=FileKind.DIRECTORY, size=0)
    (problem,) = check(extension(files=(sbin,)), HOST).problems
    assert problem.reference == "kind-of-path"
    assert problem.message == "a directory takes the place of the image's symlink, which leads to bin"
    unknown = replace(HOST, files=HOST.files[3:])
    assert found(extension(files=(sbin,)), unknown) == {"kind-of-path": Severity.ERROR}


def test_files_outside_of_usr_and_opt_are_lost() -> None:
    problems = check(extension("etc/tool.conf", "opt/tool/x", "usr/bin/tool"), HOST).problems
    assert [(problem.reference, problem.subject) for problem in problems] == [("lost", "/etc/tool.conf")]


def test_os_release_is_refused() -> None:
    assert found(extension("usr/lib/os-release")) == {"os-release": Severity.ERROR}


def test_files_of_the_image_and_of_other_extensions_conflict() -> None:
    other = (FileEntry(path="usr/bin/tool", kind=FileKind.FILE, size=1),)
    host = replace(HOST, extensions=(("docker", other), ("tool", other)))
    problems = check(extension("usr/bin/env", "usr/bin/tool"), host).problems
    assert [(problem.subject, problem.message) for problem in problems] == [
        ("/usr/bin/env", "the image has this file too, and it is hidden"),
        ("/usr/bin/tool", "the extension docker has this file too"),
    ]


def program(**fields: object) -> ElfFile:
    return ElfFile(**{"path": "usr/bin/tool", "machine": "x86-64", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "one, expected",
    [
        (program(needed=("libc.so.6",), interpreter="/lib64/ld-linux-x86-64.so.2"), set()),
        (program(needed=("libnone.so.1",)), {"libnone.so.1"}),
        (program(interpreter="/lib/ld-musl-x86_64.so.1"), {"/lib/ld-musl-x86_64.so.1"}),
        (program(needed=("libown.so.2",)), {"libown.so.2"}),
        (program(needed=("libown.so.2",), search=("/usr/lib64/tool",)), set()),
    ],
)
def test_library_that_nobody_has_is_missing(one: ElfFile, expected: set[str]) -> None:
    problems = check(extension("usr/lib64/tool/libown.so.2", programs=(one,)), HOST).problems
    assert {problem.subject for problem in problems} == expected
    assert all(problem.reference == "missing-library" for problem in problems)


def test_program_for_another_processor_is_an_error() -> None:
    assert found(extension(programs=(program(machine="arm64"),))) == {"machine": Severity.ERROR}


def test_unit_that_nothing_starts_is_told_how() -> None:
    (problem,) = check(extension(f"{UNITS}/tool.service"), HOST).problems
    assert problem.reference == "unit-not-started"
    assert problem.hint == f"Upholds=tool.service in /{UNITS}/multi-user.target.d/10-tool.conf"


@pytest.mark.parametrize(
    "paths, texts",
    [
        (
            (f"{UNITS}/tool.service",),
            ((f"{UNITS}/multi-user.target.d/10-tool.conf", "[Unit]\nUpholds=a.service tool.service\n"),),
        ),
        ((f"{UNITS}/tool@.service",), ()),
        (
            (f"{UNITS}/tool.service", f"{UNITS}/tool.socket"),
            ((f"{UNITS}/sockets.target.d/10.conf", "[Unit]\nUpholds=tool.socket\n"),),
        ),
    ],
)
def test_unit_that_something_starts_is_well(
    paths: tuple[str, ...], texts: tuple[tuple[str, str], ...]
) -> None:
    assert found(extension(*paths, texts=texts)) == {}


def test_wants_link_is_warned_of() -> None:
    assert found(extension(f"{UNITS}/tool.service", f"{UNITS}/multi-user.target.wants/tool.service")) == {
        "wants-link": Severity.WARNING
    }


def test_units_without_a_reload_are_warned_of() -> None:
    assert "no-reload" in found(extension(f"{UNITS}/tool.service", release=(("ID", "_any"),)))


def test_damage_comes_first() -> None:
    checked = check(extension("etc/x", damage=("tool: block 7",)), HOST)
    assert checked.problems[0].reference == "damaged"
    assert not checked.merges
