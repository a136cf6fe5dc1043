"""The paths of a branch are sorted into packages, eclasses, profiles and the rest."""

from __future__ import annotations

import pytest

from overlaytool.model.review import PackageChange
from overlaytool.plan.touched import touched

STABLE = "sdk_container/src/third_party/portage-stable"
OVERLAY = "sdk_container/src/third_party/coreos-overlay"


def test_the_files_of_a_package_are_told_apart() -> None:
    found = touched(
        [
            ("A", f"{STABLE}/app-misc/tmux/tmux-3.5.ebuild"),
            ("D", f"{STABLE}/app-misc/tmux/tmux-3.4-r1.ebuild"),
            ("M", f"{STABLE}/app-misc/tmux/files/fix.patch"),
            ("M", f"{STABLE}/app-misc/tmux/Manifest"),
        ]
    )
    (package,) = found.packages.values()
    assert (package.package, package.repository) == ("app-misc/tmux", "portage-stable")
    assert package.versions(package.added) == ("3.5",)
    assert package.versions(package.removed) == ("3.4-r1",)
    assert package.others(package.changed) == ("files/fix.patch",)


def test_eclasses_are_known_by_name_and_repository() -> None:
    found = touched([("A", f"{STABLE}/eclass/x.eclass"), ("M", f"{OVERLAY}/eclass/y.eclass")])
    assert found.eclasses == {
        ("x", "portage-stable"): PackageChange.ADDED,
        ("y", "coreos-overlay"): PackageChange.CHANGED,
    }


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"{OVERLAY}/profiles/coreos/base/package.use", "profiles"),
        (f"{STABLE}/licenses/MIT-0", "licenses"),
        (f"{STABLE}/metadata/glsa/glsa-202401-01.xml", "advisories"),
        ("changelog/updates/2026-01-01-x.md", "changelog"),
        ("build_library/extra_sysexts.sh", "scripts"),
        (f"{OVERLAY}/coreos/user-patches/app-misc/jq/1.patch", "patches"),
        (f"{OVERLAY}/coreos/config/env/app-misc/jq", "hooks"),
        ("README.md", "other"),
        (f"{STABLE}/app-misc/stray", "other"),
    ],
)
def test_other_paths_have_a_kind(path: str, kind: str) -> None:
    found = touched([("M", path)])
    assert dict(found.other) == {kind: [path]}
    assert not found.packages
