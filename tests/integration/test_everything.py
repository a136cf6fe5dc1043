"""The closure of everything on a checkout with profiles, and with a system extension of its own."""

from __future__ import annotations

from pathlib import Path

from overlaytool.flatcar.targets import EXTRA_SYSEXTS
from overlaytool.model.target import Into
from overlaytool.workflow.everything import everything
from overlaytool.workflow.workspace import open_workspace

OVERLAY = "sdk_container/src/third_party/coreos-overlay"


def test_every_target_of_a_checkout_is_in_it(checkout_tree: Path) -> None:
    profile = checkout_tree / OVERLAY / "profiles/coreos/base"
    (profile / "packages.build").write_text("# first\nsys-libs/zlib\nsys-libs/gone\n")
    host = checkout_tree / OVERLAY / "profiles/coreos/amd64/sdk"
    (host / "packages.build").write_text("-sys-libs/gone\n")
    (host / "packages").write_text("*sys-libs/ncurses\n")
    (checkout_tree / EXTRA_SYSEXTS).write_text('EXTRA_SYSEXTS=( "screen|dev-libs/held||amd64" )\n')
    with open_workspace(checkout=checkout_tree, with_sources=False) as space:
        found = everything(space)
    assert (Into("sdk-build:stage1"), "host") in found.selected["sys-libs/zlib"]
    assert (Into("sdk-build:system"), "host") in found.selected["sys-libs/ncurses"]
    assert {key for key in found.selected["dev-libs/held"] if key[0].name} == {
        (Into("sysext:screen"), "amd64-usr")
    }
    assert found.selected["coreos-base/coreos"].keys() == {
        (target, view) for target in (Into.IMAGE, Into.BOARD) for view in ("amd64-usr", "arm64-usr")
    }
    assert "sys-libs/gone" not in {one.atom for one in found.missing}
