"""Reading what emerge and build_image write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overlaytool.errors import SdkError
from overlaytool.model.build import FailureKind
from overlaytool.sdk import emerge_log, failures, image_report
from overlaytool.sdk.emerge_log import Step

AGAIN = "overlaytool sdk emerge a/b --from emerge"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            ">>> Emerging (3 of 46) acct-group/utmp-0-r3::portage-stable for /build/amd64-usr/",
            Step(number=3, total=46, package="acct-group/utmp-0-r3", verb="building"),
        ),
        (
            ">>> Emerging binary (1 of 2) dev-libs/b-2.1::gentoo for /build/arm64-usr/",
            Step(number=1, total=2, package="dev-libs/b-2.1", verb="unpacking"),
        ),
        (
            ">>> Completed (2 of 2) dev-libs/b-2.1::gentoo to /build/arm64-usr/",
            Step(number=2, total=2, package="dev-libs/b-2.1", verb="merged"),
        ),
        (">>> Jobs: 7 of 9 complete, 2 running", Step(number=7, total=9, package="", verb="complete")),
        (">>> Merging dev-libs/b-2.1 to /build/arm64-usr/", None),
        ("x >>> Emerging (3 of 46) a/b-1::c", None),
    ],
)
def test_progress_is_read_from_emerges_lines(line: str, expected: Step | None) -> None:
    assert emerge_log.step(line) == expected


@pytest.mark.parametrize(
    ("line", "kind", "summary"),
    [
        ("cp: error writing 'x': No space left on device", FailureKind.NO_SPACE, "the disk is full"),
        ("!!! Digest verification failed:", FailureKind.DIGEST, "a distfile is not the one of the Manifest"),
        (
            "ERROR   build_image: Binary package missing for sys-devel/gcc",
            FailureKind.NO_BINARY_PACKAGE,
            "there is no binary package of sys-devel/gcc",
        ),
        (
            'emerge: there are no binary packages to satisfy "dev-libs/b:2/5".',
            FailureKind.NO_BINARY_PACKAGE,
            "there is no binary package of dev-libs/b:2/5",
        ),
        (
            "broken link: /usr/lib/x -> nowhere",
            FailureKind.ROOT_CHECK,
            "the image would have a broken link /usr/lib/x",
        ),
        (
            "ERROR   build_sysext:   Version mismatch between board flatcar release and SDK container",
            FailureKind.SCRIPT,
            "build_sysext found another version in the board root than in the image",
        ),
        (
            "This script must be run as a non-root user.",
            FailureKind.SCRIPT,
            "Flatcar's scripts refuse root in the container",
        ),
        ("Segmentation fault", FailureKind.UNKNOWN, "it ended with an error that overlaytool does not know"),
    ],
)
def test_failure_is_told_by_its_line(line: str, kind: FailureKind, summary: str) -> None:
    failure = failures.explain(["something", line, ""], again=AGAIN)
    assert (failure.kind, failure.summary) == (kind, summary)
    assert line in failure.excerpt
    assert AGAIN in str(failure.advice)


def test_cause_is_told_before_its_effect() -> None:
    output = [
        "cc1: fatal error: error writing to /build/x: No space left on device",
        " * ERROR: dev-libs/b-1::gentoo failed (compile phase):",
        " *   emake failed",
    ]
    assert failures.explain(output, again=AGAIN).kind is FailureKind.NO_SPACE


def test_no_patch_is_advised_where_the_ebuild_is_not_even_sourced() -> None:
    output = [
        " * ERROR: dev-lang/a-9999::portage-stable failed (depend phase):",
        " *   EAPI 9 requires >=bash-5.3 but only 5.2 was found",
    ]
    failure = failures.explain(output, again=AGAIN)
    assert failure.summary == "the metadata of dev-lang/a-9999 cannot be sourced in this SDK"
    assert "version.txt" in str(failure.advice)
    assert "user-patches" not in str(failure.advice)
    assert failure.excerpt == tuple(output)


def test_script_is_quoted_with_its_reason_and_not_with_its_backtrace() -> None:
    output = [
        "FileNotFoundError: 'cgpt'",
        "ERROR   build_image: script called: build_image '--board=amd64-usr'",
        "ERROR   build_image: Backtrace:  (most recent call is last)",
        "ERROR   build_image:   file build_image, line 140, called: die 'Unwilling'",
        "ERROR   build_image: Error was:",
        "ERROR   build_image:   Unwilling to overwrite /x.",
    ]
    failure = failures.explain(output, again=AGAIN)
    assert failure.summary == "Unwilling to overwrite /x."
    assert failure.excerpt == (output[0], output[-1])


def test_command_in_the_advice_names_the_package_without_its_version() -> None:
    line = "!!! Tried to use non-existent binary for 'sys-apps/x-y-1.2-r3'"
    assert "`overlaytool sdk emerge sys-apps/x-y`" in str(failures.explain([line], again=AGAIN).advice)


def reports(directory: Path, *, packages: str, contents: str, licenses: list[str], version: str) -> Path:
    """Write the reports that build_image leaves."""
    directory.mkdir()
    project = [{"project": "a/b-1::c", "licenses": licenses}]
    for name, text in zip(
        image_report.REPORTS,
        (packages, contents, json.dumps(project), f'FLATCAR_VERSION={version}\nFLATCAR_BUILD_ID="x"\n'),
        strict=True,
    ):
        (directory / name).write_text(text)
    return directory


def test_gain_counts_packages_files_bytes_and_licences(tmp_path: Path) -> None:
    before = reports(
        tmp_path / "before",
        packages="a/b-1::c\na/old-1::c\n",
        contents=(
            "drwxr-xr-x 7 2 3 4096 ./usr\n-rwxr-xr-x 7 5 1 100 ./usr/bin/b\n-rw-r--r-- 7 6 1 10 ./usr/old\n"
        ),
        licenses=["MIT"],
        version="1+a",
    )
    after = reports(
        tmp_path / "after",
        packages="a/b-1::c\na/new-1::c\n",
        contents=(
            "drwxr-xr-x 7 2 3 4096 ./usr\n-rwxr-xr-x 7 5 2 120 ./usr/bin/b\n"
            "-rwxr-xr-x 7 5 2 120 ./usr/bin/hard link\nlrwxrwxrwx 7 9 1 3 ./usr/bin/soft\n"
        ),
        licenses=["MIT", "BSD"],
        version="1+b",
    )
    gain = image_report.gain(image_report.read(before), image_report.read(after))
    assert gain.before == "1+a"
    assert gain.packages_added == ("a/new-1::c",)
    assert gain.packages_removed == ("a/old-1::c",)
    assert gain.files_added == (("usr/bin/hard link", 0), ("usr/bin/soft", 0))
    assert gain.files_removed == ("usr/old",)
    assert (gain.size_before, gain.size_after) == (110, 120)
    assert gain.licenses_added == ("BSD",)


def test_missing_report_is_named(tmp_path: Path) -> None:
    with pytest.raises(SdkError, match=r"flatcar_production_image_packages\.txt cannot be read"):
        image_report.read(tmp_path)
