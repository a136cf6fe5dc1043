"""Lines go where a person puts them, every other byte stays, and what is not understood is refused."""

from __future__ import annotations

import pytest
from trees import MemoryTree, link

from overlaytool.errors import CheckoutError
from overlaytool.flatcar import metapackage
from overlaytool.model.resolution import Into

IMAGE = "sdk_container/src/third_party/coreos-overlay/coreos-base/coreos/coreos-0.0.1"
BOARD = "sdk_container/src/third_party/coreos-overlay/coreos-devel/board-packages/board-packages-0.0.1"
SDK = "sdk_container/src/third_party/coreos-overlay/coreos-devel/sdk-depends/sdk-depends-0.0.1"

IMAGE_TEXT = """\
EAPI=7
KEYWORDS="amd64 arm64"

RDEPEND=">=sys-apps/base-3"

# Only on amd64
RDEPEND="${RDEPEND}
	amd64? (
		app-emulation/xenstore
	)"

# the list
RDEPEND="${RDEPEND}
	app-arch/gzip
	app-arch/bzip2
	app-arch/zip
	app-arch/ncompress
	app-misc/jq
	sys-apps/dbus[selinux?]
	sys-process/lsof
	!arm64? (
		sys-apps/intel-only
	)
	sys-process/procps
"

RDEPEND+="
	amd64? (
		sys-auth/oslogin
	)
"

# Accounts.
RDEPEND="${RDEPEND}
	acct-group/man

	acct-user/man
"
"""

SDK_TEXT = """\
KEYWORDS="amd64 arm64"
DEPEND="
	app-admin/sudo
	>=net-dns/dnsmasq-2.72[dhcp,ipv6]
	amd64? ( sys-apps/iucode_tool )
	sys-boot/grub
	dev-perl/Parse-Yapp
	"

DEPEND="${DEPEND}
	!arm64? (
		>=sys-apps/checkpolicy-2.0.21
	)
	sys-devel/m4"

RDEPEND="${DEPEND}"
"""

BOARD_TEXT = """\
KEYWORDS="amd64 arm64"
RDEPEND="
	app-containers/docker
	coreos-base/coreos
"
"""


def opened(stem: str, text: str, into: Into) -> metapackage.Metapackage:
    """The metapackage of a checkout that holds nothing else."""
    name = stem.rpartition("/")[2]
    tree = MemoryTree({f"{stem}.ebuild": text, f"{stem}-r320.ebuild": link(f"{name}.ebuild")})
    return metapackage.read(tree, into)


def image() -> metapackage.Metapackage:
    """The image's metapackage."""
    return opened(IMAGE, IMAGE_TEXT, Into.IMAGE)


def inserted(before: str, after: str) -> list[tuple[str, str]]:
    """Each new line of ``after`` with the one above it; nothing else may have changed."""
    old, new = before.splitlines(), after.splitlines()
    found, index = [], 0
    for number, line in enumerate(new):
        if index < len(old) and old[index] == line:
            index += 1
        else:
            found.append((new[number - 1].strip(), line))
    assert index == len(old), "a line was changed or lost"
    return found


@pytest.mark.parametrize(
    ("atom", "above"),
    [
        ("app-arch/lz4", "app-arch/bzip2"),
        ("app-arch/zstd", "app-arch/ncompress"),
        ("app-admin/sudo", 'RDEPEND="${RDEPEND}'),
        ("app-containers/runc", "app-arch/ncompress"),
        ("app-misc/screen", "app-misc/jq"),
        ("sys-process/htop", "sys-apps/dbus[selinux?]"),
        ("sys-process/psmisc", "sys-process/procps"),
        ("x11-misc/foo", "sys-process/procps"),
        ("acct-group/uucp", "acct-group/man"),
        ("acct-user/adm", ""),
    ],
)
def test_line_stands_in_sorted_position_beside_its_category(atom: str, above: str) -> None:
    edited = image().with_lines([atom]).text
    assert inserted(IMAGE_TEXT, edited) == [(above, f"\t{atom}")]


def test_several_lines_end_up_sorted_whatever_their_order() -> None:
    forward = image().with_lines(["app-misc/screen", "app-misc/mc", "sys-process/htop"]).text
    backward = image().with_lines(["sys-process/htop", "app-misc/mc", "app-misc/screen"]).text
    assert forward == backward


def test_line_for_one_architecture_joins_its_largest_group_the_first_of_equals() -> None:
    edited = image().with_lines(["app-emulation/tools"], "amd64").text
    assert inserted(IMAGE_TEXT, edited) == [("amd64? (", "\t\tapp-emulation/tools")]
    assert edited.index("app-emulation/tools") < edited.index("app-emulation/xenstore")


def test_first_line_of_an_architecture_gets_an_assignment_laid_out_as_the_other_ones() -> None:
    edited = image().with_lines(["sys-boot/b", "sys-boot/a"], "arm64").text
    assert (
        '\n\n# Only on arm64\nRDEPEND="${RDEPEND}\n\tarm64? (\n\t\tsys-boot/a\n\t\tsys-boot/b\n\t)"\n\n'
        in edited
    )
    inserted(IMAGE_TEXT, edited)


def test_group_on_one_line_is_the_style_of_a_file_that_has_such_groups() -> None:
    edited = opened(SDK, SDK_TEXT, Into.SDK).with_lines(["sys-boot/shim"], "amd64").text
    assert inserted(SDK_TEXT, edited) == [("sys-boot/grub", "\tamd64? ( sys-boot/shim )")]


def test_sdk_lines_go_into_depend() -> None:
    edited = opened(SDK, SDK_TEXT, Into.SDK).with_lines(["net-misc/curl"]).text
    assert inserted(SDK_TEXT, edited) == [(">=net-dns/dnsmasq-2.72[dhcp,ipv6]", "\tnet-misc/curl")]


def test_file_without_groups_gets_one_at_the_head_of_its_list() -> None:
    edited = opened(BOARD, BOARD_TEXT, Into.BOARD).with_lines(["sys-boot/shim"], "amd64").text
    assert 'RDEPEND="\n\tamd64? (\n\t\tsys-boot/shim\n\t)\n\tapp-containers/docker\n' in edited


def test_edited_file_is_understood_again_and_holds_the_line() -> None:
    for arch in (None, "amd64", "arm64"):
        again = opened(IMAGE, image().with_lines(["sys-process/htop"], arch).text, Into.IMAGE)
        assert again.holds("sys-process/htop", arch)
        assert again.with_lines(["sys-process/htop"], arch).text == again.text


@pytest.mark.parametrize(
    ("atom", "arch", "held"),
    [
        ("sys-process/lsof", None, True),
        ("sys-process/lsof", "arm64", True),
        ("sys-apps/base", None, True),
        (">=sys-apps/base-4", None, False),
        ("app-emulation/xenstore", None, False),
        ("app-emulation/xenstore", "amd64", True),
        ("app-emulation/xenstore", "arm64", False),
        ("sys-apps/intel-only", "amd64", True),
        ("sys-apps/intel-only", "arm64", False),
        ("sys-process/htop", None, False),
    ],
)
def test_what_is_held_depends_on_the_architecture(atom: str, arch: str | None, held: bool) -> None:
    assert image().holds(atom, arch) is held


def test_highest_revision_is_read_and_the_next_one_is_beside_it() -> None:
    tree = MemoryTree(
        {
            f"{IMAGE}.ebuild": IMAGE_TEXT,
            f"{IMAGE}-r9.ebuild": link("coreos-0.0.1.ebuild"),
            f"{IMAGE}-r10.ebuild": link("coreos-0.0.1.ebuild"),
        }
    )
    found = metapackage.read(tree, Into.IMAGE)
    assert (found.revision, found.link, found.link_of(11)) == (
        10,
        f"{IMAGE}-r10.ebuild",
        f"{IMAGE}-r11.ebuild",
    )


@pytest.mark.parametrize(
    "broken",
    [
        'RDEPEND="\n\tapp-misc/jq\n',
        'RDEPEND="\n\t$(echo app-misc/jq)\n"\n',
        'RDEPEND="\n\t`echo app-misc/jq`\n"\n',
        'RDEPEND="\n\tapp-misc/jq\n\t${MORE}\n"\n',
        'RDEPEND="\n\tamd64? (\n\tapp-misc/jq\n"\n',
        'RDEPEND="\n\tapp-misc/jq )\n"\n',
        'RDEPEND="\n\tapp-misc/jq\n" || die\n',
        "RDEPEND='\n\tapp-misc/jq\n'\n",
        'if true; then\n\tRDEPEND="\n\tapp-misc/jq\n"\nfi\n',
        'RDEPEND="\n\tapp-misc/jq\n\tword\n"\n',
    ],
)
def test_shape_that_is_not_understood_is_refused(broken: str) -> None:
    with pytest.raises(CheckoutError, match=r"line [1-4] has a shape"):
        opened(BOARD, broken, Into.BOARD)


def test_dependencies_on_the_assignment_s_own_line_leave_no_place_for_another() -> None:
    with pytest.raises(CheckoutError, match="not understood"):
        opened(BOARD, 'RDEPEND="app-misc/jq"\n', Into.BOARD).with_lines(["app-misc/mc"])


@pytest.mark.parametrize(
    "files",
    [
        {f"{IMAGE}.ebuild": IMAGE_TEXT},
        {f"{IMAGE}.ebuild": IMAGE_TEXT, f"{IMAGE}-r3.ebuild": IMAGE_TEXT},
        {f"{IMAGE}-r3.ebuild": link("coreos-0.0.1.ebuild")},
        {f"{IMAGE}.ebuild": IMAGE_TEXT, f"{IMAGE}-r3.ebuild": link("../coreos-0.0.1.ebuild")},
        {f"{IMAGE}.ebuild": 'DEPEND=""\n', f"{IMAGE}-r3.ebuild": link("coreos-0.0.1.ebuild")},
        {
            f"{IMAGE}.ebuild": IMAGE_TEXT.replace("\n", "\r\n"),
            f"{IMAGE}-r3.ebuild": link("coreos-0.0.1.ebuild"),
        },
    ],
)
def test_directory_without_the_ebuild_and_its_revision_link_is_refused(files: dict[str, str]) -> None:
    with pytest.raises(CheckoutError):
        metapackage.read(MemoryTree(files), Into.IMAGE)


def test_the_line_beside_is_one_for_the_same_package_and_no_other_slot() -> None:
    text = IMAGE_TEXT.replace("app-misc/jq", "app-misc/jq:1").replace("app-arch/zip", "!app-arch/zip")
    image = opened(IMAGE, text, Into.IMAGE)
    assert image.line_beside("=sys-apps/dbus-2") == "sys-apps/dbus[selinux?]"
    assert image.line_beside(">=app-misc/jq-1") == "app-misc/jq:1" == image.line_beside("app-misc/jq:1/2=[y]")
    others = ("app-misc/jq:2", "=app-arch/zip-1", "=sys-apps/intel-only-1", "sys-auth/oslogin", "app-misc/x")
    assert [image.line_beside(atom) for atom in others] == [None] * len(others)


def test_a_line_for_one_arch_goes_when_all_get_the_package() -> None:
    edited = image().with_lines(["sys-auth/oslogin"]).text
    assert edited.count("sys-auth/oslogin") == 1
    assert 'RDEPEND+="' not in edited, "the variable asked for nothing else"
    assert "\n\tsys-auth/oslogin\n" in edited


def test_only_its_own_line_goes_from_a_group_of_several() -> None:
    text = IMAGE_TEXT.replace("\t\tsys-auth/oslogin\n", "\t\tsys-auth/more\n\t\tsys-auth/oslogin\n")
    edited = opened(IMAGE, text, Into.IMAGE).with_lines(["sys-auth/oslogin"]).text
    assert "\tamd64? (\n\t\tsys-auth/more\n\t)\n" in edited
    assert edited.count("sys-auth/oslogin") == 1


def test_a_group_on_one_line_goes_whole() -> None:
    edited = opened(SDK, SDK_TEXT, Into.SDK).with_lines(["sys-apps/iucode_tool"]).text
    assert edited.count("iucode_tool") == 1
    assert "amd64? (" not in edited


def test_a_line_for_one_arch_leaves_the_others_as_they_are() -> None:
    edited = image().with_lines(["sys-auth/oslogin"], "arm64").text
    assert "\tamd64? (\n\t\tsys-auth/oslogin\n" in edited


OEM = "sdk_container/src/third_party/coreos-overlay/coreos-base/oem-cloud"
OEM_TEXT = (
    'EAPI=8\nKEYWORDS="amd64"\n\nRDEPEND="\n  ~app-misc/agent-${PV}\n  net-misc/chrony\n"\n\nS="${WORKDIR}"\n'
)


def test_an_oem_has_its_revision_in_the_ebuild_s_own_name() -> None:
    tree = MemoryTree({f"{OEM}/oem-cloud-2.1-r2.ebuild": OEM_TEXT, f"{OEM}/files/x.ebuild.in": "x"})
    found = metapackage.read(tree, Into("oem:cloud"))
    assert (found.revision, found.is_link, found.arches) == (2, False, frozenset({"amd64"}))
    assert found.link_of(3) == f"{OEM}/oem-cloud-2.1-r3.ebuild"
    assert found.bumped(frozenset({"oem-cloud-2.1-r2.ebuild"})) == 3
    assert found.bumped(frozenset({"oem-cloud-2.1-r1.ebuild"})) == 2
    text = found.with_lines(["dev-libs/b"]).text
    assert text == OEM_TEXT.replace("  net-misc", "  dev-libs/b\n  net-misc")


def test_an_oem_that_depends_on_nothing_gets_the_variable() -> None:
    text = 'EAPI=8\nKEYWORDS="amd64 arm64"\n\nSYSEXT_NAME="x"\n'
    found = metapackage.read(MemoryTree({f"{OEM}/oem-cloud-0.ebuild": text}), Into("oem:cloud"))
    assert found.revision == 0
    edited = found.with_lines(["dev-libs/b"])
    assert edited.text == text.replace('arm64"\n', 'arm64"\n\nRDEPEND="\n\tdev-libs/b\n"\n')
    assert edited.holds("dev-libs/b")
    assert found.bumped(frozenset({"oem-cloud-0.ebuild"})) == 1


def test_an_oem_with_two_ebuilds_is_left_to_a_person() -> None:
    tree = MemoryTree({f"{OEM}/oem-cloud-1.ebuild": OEM_TEXT, f"{OEM}/oem-cloud-2.ebuild": OEM_TEXT})
    with pytest.raises(CheckoutError, match="does not have one ebuild, but 2"):
        metapackage.read(tree, Into("oem:cloud"))
