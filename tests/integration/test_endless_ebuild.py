"""An ebuild that never ends while it is sourced ends the command with a reason, not the user's patience."""

from __future__ import annotations

from pathlib import Path

import pytest

from overlaytool import workflow
from overlaytool.ebuild import metadata
from overlaytool.errors import MetadataError
from overlaytool.model.resolution import Request

ENDLESS = 'EAPI=8\nSLOT="0"\nKEYWORDS="amd64 arm64"\nwhile :; do :; done\n'


def test_an_endless_ebuild_is_given_up(
    home: Path, checkout_tree: Path, gentoo_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "SOURCING_LIMIT", 1.0)
    package = gentoo_tree / "app-misc/endless"
    package.mkdir()
    (package / "endless-1.ebuild").write_text(ENDLESS)
    with (
        workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space,
        pytest.raises(MetadataError) as caught,
    ):
        workflow.plan(space, Request(atoms=("app-misc/endless",)))
    assert any("not sourced after 1 seconds" in line for line in caught.value.details)
