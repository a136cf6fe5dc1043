"""A plan worked out down to bytes: steps in order, whole directories, and nothing unsafe."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from plans import (
    KEYWORDS_FILE,
    METAPACKAGE_FILE,
    OVERLAY,
    STABLE,
    USE_FILE,
    edit,
    imported,
    keyword,
    plan,
    use,
)
from trees import MemoryTree, link

from overlaytool.apply.render import render
from overlaytool.errors import CheckoutError, ManifestError, RepositoryError, StaleError, UnsafeSourceError
from overlaytool.flatcar.automation import PACKAGES_LIST
from overlaytool.flatcar.tree import EXECUTABLE, SYMLINK
from overlaytool.model.change import ChangeSet, FileState, StepKind
from overlaytool.model.plan import Action, EclassImport, LicenseImport, Plan, TreeCommit
from overlaytool.model.resolution import Into

DAY = date(2026, 8, 22)
CHECKOUT: dict[str, str | FileState] = {
    METAPACKAGE_FILE: 'KEYWORDS="amd64 arm64"\nRDEPEND="\n\tapp-misc/jq\n\tsys-process/lsof\n"\n',
    METAPACKAGE_FILE.replace(".ebuild", "-r320.ebuild"): link("coreos-0.0.1.ebuild"),
    KEYWORDS_FILE: "# Keep versions on both arches in sync.\n=app-misc/jq-1 ~arm64\n",
    USE_FILE: "app-misc/jq -doc\n",
    PACKAGES_LIST: "# Keep sorted!\n\napp-misc/jq\n\nsys-process/lsof\n",
    f"{STABLE}/profiles/categories": "app-misc\ndev-libs\nsys-process\n",
    f"{OVERLAY}/profiles/categories": "coreos-base\n",
    f"{STABLE}/sys-process/lsof/lsof-1.ebuild": "old\n",
    f"{STABLE}/sys-process/lsof/lsof-2.ebuild": "same\n",
    f"{STABLE}/sys-process/lsof/files/old.patch": "old\n",
}


@pytest.fixture
def gentoo(tmp_path: Path) -> Path:
    """A source tree with htop, a new lsof, an eclass and a licence."""
    root = tmp_path / "gentoo"
    write(root, "sys-process/htop/htop-3.ebuild", "EAPI=8\n")
    write(root, "sys-process/htop/Manifest", "DIST htop-3.tar.xz 9 SHA512 aa\n")
    write(root, "sys-process/htop/metadata.xml", "<pkgmetadata/>\n")
    write(root, "sys-process/htop/files/run.sh", "#!/bin/sh\n").chmod(0o755)
    (root / "sys-process/htop/files/alias.sh").symlink_to("run.sh")
    write(root, "sys-process/lsof/lsof-2.ebuild", "same\n")
    write(root, "sys-process/lsof/lsof-3.ebuild", "new\n")
    write(root, "eclass/foo.eclass", "# foo\n")
    write(root, "licenses/MIT-0", "Permission\n")
    return root


def write(root: Path, path: str, text: str) -> Path:
    """A file, with the directories above it."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    return root / path


def rendered(
    made: Plan,
    gentoo: Path,
    tree: MemoryTree | None = None,
    distfiles: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None,
) -> ChangeSet:
    """``made``, on the checkout above."""
    return render(
        made, tree or MemoryTree(CHECKOUT), {"gentoo": gentoo, "guru": gentoo}, distfiles or {}, DAY
    )


def after(tree: MemoryTree, change_set: ChangeSet) -> MemoryTree:
    """The checkout as the change set leaves it."""
    files = dict(tree.files)
    for change in change_set.net:
        assert files.get(change.path) == change.before
        files.pop(change.path, None)
        if change.after is not None:
            files[change.path] = change.after
    return MemoryTree(files)


WHOLE = plan(
    request=("sys-process/htop",),
    imports=(
        imported("sys-process/lsof", "sys-process/lsof-3", action=Action.UPDATE),
        imported("sys-process/htop", "sys-process/htop-3"),
    ),
    eclasses=(EclassImport(name="foo", action=Action.ADD, source="gentoo", needed_by=(), inherited_by=()),),
    licenses=(LicenseImport(name="MIT-0", source="gentoo", needed_by=()),),
    keywords=(keyword("=sys-process/htop-3", "~arm64"), keyword("=dev-libs/present-1", "~arm64")),
    use=(
        use("sys-process/lsof", "rpc", parent="sys-process/htop-3"),
        use("sys-libs/libcap", "static-libs", parent="sys-process/htop-3"),
    ),
    metapackage=edit("sys-process/htop"),
)


def test_steps_come_in_the_order_of_a_pull_request(gentoo: Path) -> None:
    steps = rendered(WHOLE, gentoo).steps
    assert [(step.kind, step.action, step.subject) for step in steps] == [
        (StepKind.ECLASS, Action.ADD, "eclass/foo"),
        (StepKind.LICENSE, Action.ADD, "licenses/MIT-0"),
        (StepKind.PACKAGE, Action.UPDATE, "sys-process/lsof"),
        (StepKind.USE, Action.ADD, "sys-process/lsof"),
        (StepKind.PACKAGE, Action.ADD, "sys-process/htop"),
        (StepKind.KEYWORDS, Action.ADD, "sys-process/htop"),
        (StepKind.USE, Action.ADD, "sys-libs/libcap"),
        (StepKind.KEYWORDS, Action.ADD, "dev-libs/present"),
        (StepKind.METAPACKAGE, Action.ADD, "coreos-base/coreos"),
        (StepKind.AUTOMATION, Action.ADD, PACKAGES_LIST),
        (StepKind.CHANGELOG, Action.ADD, "changelog"),
    ]
    assert [step.source for step in steps[:3]] == [WHOLE.sources[0]] * 3
    assert {step.source for step in steps[5:]} == {None}


def test_package_directory_is_copied_as_git_sees_it(gentoo: Path) -> None:
    files = after(MemoryTree(CHECKOUT), rendered(WHOLE, gentoo)).files
    directory = f"{STABLE}/sys-process/htop"
    assert sorted(path for path in files if path.startswith(directory)) == [
        f"{directory}/{name}"
        for name in ("Manifest", "files/alias.sh", "files/run.sh", "htop-3.ebuild", "metadata.xml")
    ]
    assert files[f"{directory}/files/run.sh"] == FileState(mode=EXECUTABLE, content=b"#!/bin/sh\n")
    assert files[f"{directory}/files/alias.sh"] == FileState(mode=SYMLINK, content=b"run.sh")


def test_update_removes_what_the_source_no_longer_has_and_leaves_the_rest(gentoo: Path) -> None:
    change_set = rendered(WHOLE, gentoo)
    step = next(step for step in change_set.steps if step.subject == "sys-process/lsof")
    directory = f"{STABLE}/sys-process/lsof"
    assert {change.path: change.after is None for change in step.changes} == {
        f"{directory}/files/old.patch": True,
        f"{directory}/lsof-1.ebuild": True,
        f"{directory}/lsof-3.ebuild": False,
    }


def test_edited_files_are_what_a_person_would_write(gentoo: Path) -> None:
    files = after(MemoryTree(CHECKOUT), rendered(WHOLE, gentoo)).files
    assert files[METAPACKAGE_FILE].content.decode() == str(CHECKOUT[METAPACKAGE_FILE]).replace(
        "\tsys-process/lsof", "\tsys-process/htop\n\tsys-process/lsof"
    )
    old, new = (METAPACKAGE_FILE.replace(".ebuild", f"-r{number}.ebuild") for number in (320, 321))
    assert old not in files and files[new] == link("coreos-0.0.1.ebuild")
    assert (
        files[KEYWORDS_FILE]
        .content.decode()
        .endswith("=app-misc/jq-1 ~arm64\n=dev-libs/present-1 ~arm64\n=sys-process/htop-3 ~arm64\n")
    )
    assert (
        files[USE_FILE].content == b"app-misc/jq -doc\n\n# Required by sys-process/htop.\n"
        b"sys-libs/libcap static-libs\nsys-process/lsof rpc\n"
    )
    assert files[PACKAGES_LIST].content == (
        b"# Keep sorted!\n\napp-misc/jq\n\neclass/foo.eclass\n\nsys-process/htop\nsys-process/lsof\n"
    )
    assert files["changelog/changes/2026-08-22-htop.md"].content == b"- Added htop to the image.\n"


def test_plan_that_was_carried_out_changes_nothing_more(gentoo: Path) -> None:
    done = after(MemoryTree(CHECKOUT), rendered(WHOLE, gentoo))
    again = render(WHOLE, done, {"gentoo": gentoo}, {}, date(2027, 1, 1))
    assert again.steps == () and again.net == ()


def test_same_plan_gives_the_same_change_set(gentoo: Path) -> None:
    assert rendered(WHOLE, gentoo) == rendered(WHOLE, gentoo)


def test_package_of_another_source_goes_into_the_overlay_and_not_into_the_automation_list(
    gentoo: Path,
) -> None:
    made = plan(imports=(imported("sys-process/htop", source="guru", repository="coreos-overlay"),))
    change_set = rendered(made, gentoo)
    assert [step.kind for step in change_set.steps] == [StepKind.PACKAGE]
    assert change_set.steps[0].source == TreeCommit(name="guru", commit=None)
    assert all(change.path.startswith(f"{OVERLAY}/sys-process/htop/") for change in change_set.net)


@pytest.mark.parametrize(
    ("repository", "categories"),
    [
        ("portage-stable", "app-misc\ndev-libs\nnet-new\nsys-process\n"),
        ("coreos-overlay", "coreos-base\nnet-new\n"),
    ],
)
def test_new_category_is_part_of_the_package_s_step(gentoo: Path, repository: str, categories: str) -> None:
    write(gentoo, "net-new/tool/tool-1.ebuild", "")
    change_set = rendered(plan(imports=(imported("net-new/tool", repository=repository),)), gentoo)
    path = f"{STABLE if repository == 'portage-stable' else OVERLAY}/profiles/categories"
    assert {change.path: change.after for change in change_set.steps[0].changes}[path] == FileState(
        mode=0o100644, content=categories.encode()
    )


def test_keyword_of_a_version_that_the_update_takes_away_is_superseded(gentoo: Path) -> None:
    tree = MemoryTree(
        CHECKOUT
        | {
            KEYWORDS_FILE: "# Keep versions on both arches in sync.\n"
            "=sys-process/lsof-1\n=sys-process/lsof-2\n"
        }
    )
    made = plan(
        imports=(imported("sys-process/lsof", action=Action.UPDATE),),
        keywords=(keyword("=sys-process/lsof-3"),),
    )
    text = after(tree, rendered(made, gentoo, tree)).files[KEYWORDS_FILE].content.decode()
    assert text == "# Keep versions on both arches in sync.\n=sys-process/lsof-3\n=sys-process/lsof-2\n"


def test_line_for_one_architecture_is_said_so_in_the_changelog(gentoo: Path) -> None:
    made = plan(metapackage=edit("sys-process/htop", "app-misc/mc", amd64="app-emulation/xen"))
    files = after(MemoryTree(CHECKOUT), rendered(made, gentoo)).files
    assert b"\tamd64? (\n\t\tapp-emulation/xen\n\t)\n" in files[METAPACKAGE_FILE].content
    entry = files["changelog/changes/2026-08-22-htop-mc-xen.md"].content
    assert entry == b"- Added htop, mc and xen (for amd64) to the image.\n"


def test_metapackage_at_another_revision_means_that_the_plan_is_stale(gentoo: Path) -> None:
    with pytest.raises(StaleError, match="from revision 319 to 320, and it is at 320"):
        rendered(plan(metapackage=edit("sys-process/htop", revision=319)), gentoo)


def test_metapackage_that_is_not_understood_is_refused(gentoo: Path) -> None:
    tree = MemoryTree(CHECKOUT | {METAPACKAGE_FILE: "RDEPEND=$(list)\n"})
    with pytest.raises(CheckoutError, match="not understood"):
        rendered(plan(metapackage=edit("sys-process/htop")), gentoo, tree)


def test_sdk_request_edits_the_sdk_s_metapackage(gentoo: Path) -> None:
    stem = f"{OVERLAY}/coreos-devel/sdk-depends/sdk-depends-0.0.1"
    tree = MemoryTree(
        CHECKOUT
        | {
            f"{stem}.ebuild": 'DEPEND="\n\tapp-misc/jq\n"\n',
            f"{stem}-r57.ebuild": link("sdk-depends-0.0.1.ebuild"),
        }
    )
    change = edit("sys-process/htop", revision=57)
    made = plan(
        into=Into.SDK,
        metapackage=type(change)(file=f"{stem}.ebuild", added=change.added, arch_only=(), revision=(57, 58)),
    )
    files = after(tree, rendered(made, gentoo, tree)).files
    assert files[f"{stem}.ebuild"].content == b'DEPEND="\n\tapp-misc/jq\n\tsys-process/htop\n"\n'
    assert files["changelog/changes/2026-08-22-htop.md"].content == b"- Added htop to the SDK.\n"


def test_every_unsafe_file_is_named_before_anything_else_happens(gentoo: Path) -> None:
    htop, lsof = gentoo / "sys-process/htop", gentoo / "sys-process/lsof"
    (htop / "files/out").symlink_to("../../lsof/lsof-3.ebuild")
    (htop / "files/absolute").symlink_to("/etc/passwd")
    (htop / "files/here").symlink_to(".")
    (htop / "files/round").symlink_to("here/../../../lsof")
    (htop / "files/dangling").symlink_to("nowhere")
    os.mkfifo(htop / "files/pipe")
    write(gentoo, "sys-process/htop/files/.git/config", "")
    (lsof / "new\nline").write_text("")
    (lsof / os.fsdecode(b"latin-\xe9")).write_text("")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(lsof)
        server.bind("socket")
        os.chdir(here)
        with pytest.raises(UnsafeSourceError) as caught:
            rendered(WHOLE, gentoo)
    leaves = "is a symlink that leaves the package directory, to "
    assert sorted(caught.value.details) == sorted(
        [
            "sys-process/htop/files/.git is a git repository's own",
            f"sys-process/htop/files/absolute {leaves}/etc/passwd",
            f"sys-process/htop/files/out {leaves}../../lsof/lsof-3.ebuild",
            "sys-process/htop/files/pipe is a fifo",
            f"sys-process/htop/files/round {leaves}here/../../../lsof",
            "sys-process/lsof/latin-\\udce9 has a name with control characters or bytes that are not UTF-8",
            "sys-process/lsof/new\\nline has a name with control characters or bytes that are not UTF-8",
            "sys-process/lsof/socket is a socket",
        ]
    )


def test_link_through_a_link_is_followed_on_disk(gentoo: Path) -> None:
    htop = gentoo / "sys-process/htop"
    (htop / "files/top").symlink_to("..")
    (htop / "files/deep/deeper").mkdir(parents=True)
    (htop / "files/deep/deeper/x").symlink_to("../../top/../lsof")
    with pytest.raises(UnsafeSourceError) as caught:
        rendered(WHOLE, gentoo)
    assert [line.split()[0] for line in caught.value.details] == ["sys-process/htop/files/deep/deeper/x"]


@pytest.mark.skipif(os.geteuid() != 0, reason="device nodes need root")
def test_device_is_not_copied(gentoo: Path) -> None:
    os.mknod(gentoo / "sys-process/htop/null", 0o20666, os.makedev(1, 3))
    with pytest.raises(UnsafeSourceError) as caught:
        rendered(WHOLE, gentoo)
    assert caught.value.details == ("sys-process/htop/null is a device",)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
def test_files_that_cannot_be_read_are_named(gentoo: Path) -> None:
    for parent in gentoo.parents[:4]:  # up to the directory that pytest shares with nobody
        parent.chmod(parent.stat().st_mode | 0o011)
    (gentoo / "sys-process/htop/Manifest").chmod(0o600)
    (gentoo / "licenses/MIT-0").chmod(0o600)
    os.seteuid(65534)
    try:
        with pytest.raises(UnsafeSourceError) as caught:
            rendered(WHOLE, gentoo)
    finally:
        os.seteuid(0)
    assert caught.value.details == (
        "licenses/MIT-0 cannot be read: Permission denied",
        "sys-process/htop/Manifest cannot be read: Permission denied",
    )


def test_package_directory_or_eclass_that_is_a_link_is_not_followed(gentoo: Path) -> None:
    (gentoo / "sys-process/fake").symlink_to("htop")
    (gentoo / "eclass/bar.eclass").symlink_to("foo.eclass")
    made = plan(
        imports=(imported("sys-process/fake"),),
        eclasses=(
            EclassImport(name="bar", action=Action.ADD, source="gentoo", needed_by=(), inherited_by=()),
        ),
    )
    with pytest.raises(UnsafeSourceError) as caught:
        rendered(made, gentoo)
    assert caught.value.details == (
        "eclass/bar.eclass is not a regular file",
        "sys-process/fake is a symlink",
    )


def test_manifests_have_to_cover_what_is_fetched(gentoo: Path) -> None:
    distfiles: dict[str, dict[str, tuple[str, ...]]] = {
        "sys-process/htop": {"sys-process/htop-3": ("htop-3.tar.xz", "htop-3-docs.tar.xz")},
        "sys-process/lsof": {"sys-process/lsof-2": (), "sys-process/lsof-3": ("lsof-3.tar.gz",)},
    }
    with pytest.raises(ManifestError) as caught:
        rendered(WHOLE, gentoo, distfiles=distfiles)
    assert caught.value.details == (
        "sys-process/lsof has no Manifest, and sys-process/lsof-3 fetches lsof-3.tar.gz",
        "sys-process/htop/Manifest has no DIST line for htop-3-docs.tar.xz of sys-process/htop-3",
    )
    write(gentoo, "sys-process/lsof/Manifest", "DIST lsof-3.tar.gz 1 SHA512 aa\n")
    write(gentoo, "sys-process/htop/Manifest", "DIST htop-3.tar.xz 1 S a\nDIST htop-3-docs.tar.xz 1 S a\n")
    assert rendered(WHOLE, gentoo, distfiles=distfiles).steps


def test_source_that_lacks_what_the_plan_imports_means_that_the_plan_is_stale(gentoo: Path) -> None:
    made = plan(
        imports=(imported("app-misc/gone"),),
        licenses=(LicenseImport(name="GONE", source="gentoo", needed_by=()),),
    )
    with pytest.raises(StaleError) as caught:
        rendered(made, gentoo)
    assert caught.value.details == ("licenses/GONE", "app-misc/gone")


def test_source_that_was_not_given_is_asked_for(gentoo: Path) -> None:
    with pytest.raises(RepositoryError, match="imports from other"):
        rendered(plan(imports=(imported("app-misc/x", source="other"),)), gentoo)
