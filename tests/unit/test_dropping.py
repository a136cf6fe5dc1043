"""Lines that ask for a package are taken out; every other byte stays."""

from __future__ import annotations

import pytest
from trees import MemoryTree, link

from overlaytool.flatcar import metapackage
from overlaytool.flatcar.dropping import (
    asked_in,
    without_in_base_sysexts,
    without_in_sysexts,
    without_packages,
)
from overlaytool.model.target import Into

STEM = "sdk_container/src/third_party/coreos-overlay/coreos-base/coreos/coreos-0.0.1"
TEXT = """\
KEYWORDS="amd64 arm64"

# Only on amd64
RDEPEND="
	amd64? (
		app-emulation/xenstore
		app-emulation/xenutil
	)
"

# the list
RDEPEND+="
	app-misc/jq
	>=app-misc/screen-4[pam]
	amd64? (
		sys-auth/oslogin
	)
	arm64? ( app-arch/only-arm app-arch/other-arm )
"
"""


def without(*packages: str) -> str:
    """The text after some packages are taken out."""
    tree = MemoryTree({f"{STEM}.ebuild": TEXT, f"{STEM}-r1.ebuild": link("coreos-0.0.1.ebuild")})
    return without_packages(metapackage.read(tree, Into.IMAGE), packages).text


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("app-misc/jq", "\tapp-misc/jq\n"),
        ("app-misc/screen", "\t>=app-misc/screen-4[pam]\n"),
        ("app-emulation/xenutil", "\t\tapp-emulation/xenutil\n"),
        ("app-arch/only-arm", "app-arch/only-arm "),
        ("app-arch/other-arm", " app-arch/other-arm"),
    ],
)
def test_a_line_goes_and_nothing_else(package: str, line: str) -> None:
    assert without(package) == TEXT.replace(line, "")


def test_a_group_on_one_line_goes_with_its_last_package() -> None:
    group = "\tarm64? ( app-arch/only-arm app-arch/other-arm )\n"
    assert without("app-arch/only-arm", "app-arch/other-arm") == TEXT.replace(group, "")


def test_a_group_goes_with_its_last_line() -> None:
    group = "\tamd64? (\n\t\tsys-auth/oslogin\n\t)\n"
    assert without("sys-auth/oslogin") == TEXT.replace(group, "")


def test_an_assignment_goes_with_its_last_line_and_its_comment() -> None:
    start, end = TEXT.index("\n# Only on"), TEXT.index("\n# the list")
    assert without("app-emulation/xenstore", "app-emulation/xenutil") == TEXT[:start] + TEXT[end:]


def test_a_package_that_is_not_there_changes_nothing() -> None:
    assert without("app-misc/jq-extra", "app-misc/j") == TEXT


def test_the_packages_of_a_metapackage_are_its_names() -> None:
    tree = MemoryTree({f"{STEM}.ebuild": TEXT, f"{STEM}-r1.ebuild": link("coreos-0.0.1.ebuild")})
    asked = asked_in(metapackage.read(tree, Into.IMAGE))
    assert {"app-misc/screen", "app-emulation/xenstore", "app-arch/other-arm"} <= asked


SYSEXTS = """\
EXTRA_SYSEXTS=(
  "zfs|sys-fs/zfs,app-misc/jq|-kernel|amd64"
  "one|app-misc/jq"
  "jq-like|app-misc/jq-extra"
)
other="one|app-misc/jq"
"""


def test_a_system_extension_loses_a_package_and_goes_with_its_last() -> None:
    expected = SYSEXTS.replace("sys-fs/zfs,app-misc/jq|", "sys-fs/zfs|").replace('  "one|app-misc/jq"\n', "")
    assert without_in_sysexts(SYSEXTS, {"app-misc/jq"}) == expected


def test_an_extension_of_the_image_loses_a_package_and_goes_with_its_last() -> None:
    text = 'DEFINE_string base_sysexts "a-flatcar|app/one&app/two,b-flatcar:app/two" "help"\n'
    assert without_in_base_sysexts(text, {"app/two"}) == (
        'DEFINE_string base_sysexts "a-flatcar|app/one" "help"\n'
    )
    assert without_in_base_sysexts(text, {"app/three"}) == text
