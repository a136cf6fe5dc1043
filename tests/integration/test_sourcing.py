"""Sourcing: an ebuild that never ends, and eclasses that bash cannot keep as functions."""

from __future__ import annotations

from pathlib import Path

import pytest
from ebuilds import write_ebuild

from overlaytool import workflow
from overlaytool.ebuild import metadata
from overlaytool.errors import MetadataError
from overlaytool.flatcar import checkout
from overlaytool.model.resolution import Request

ECLASSES = {
    "only comments": "# Nothing is left of it.\n",
    "read line by line": "alias mine=:\nmine\nunalias mine\n",
    "plain": 'kept() { :; }\nRDEPEND="app-misc/jq"\n',
}


def test_an_endless_ebuild_is_given_up(
    home: Path, checkout_tree: Path, gentoo_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "SOURCING_LIMIT", 1.0)
    write_ebuild(gentoo_tree, "app-misc/endless-1", "while :; do :; done")
    with (
        workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space,
        pytest.raises(MetadataError) as caught,
    ):
        workflow.plan(space, Request(atoms=("app-misc/endless",)))
    assert any("not sourced after 1 seconds" in line for line in caught.value.details)


@pytest.mark.parametrize("text", ECLASSES.values(), ids=ECLASSES)
def test_an_eclass_serves_all_that_inherit_it(
    home: Path, checkout_tree: Path, gentoo_tree: Path, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (checkout.find(checkout_tree).portage_stable / "eclass/kept.eclass").write_text(text)
    names = [f"app-misc/heir-{letter}" for letter in "abcdefgh"]  # more than there are workers
    for name, following in zip(names, [*names[1:], ""], strict=True):
        write_ebuild(gentoo_tree, f"{name}-1", f'inherit kept\nDEPEND="{following}"')
    with workflow.open_workspace(checkout=checkout_tree, gentoo=gentoo_tree) as space:
        _resolution, plan = workflow.plan(space, Request(atoms=(names[0],)))
    assert sorted(entry.package for entry in plan.imports) == names
    assert capfd.readouterr().err == ""
