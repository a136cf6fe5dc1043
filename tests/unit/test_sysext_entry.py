"""How a system extension gets another package: one entry of a script is edited, and nothing around it."""

from __future__ import annotations

import pytest
from trees import MemoryTree

from overlaytool.errors import CheckoutError
from overlaytool.flatcar import sysext_entry
from overlaytool.flatcar.targets import BUILD_IMAGE, EXTRA_SYSEXTS
from overlaytool.model.target import Into

MAIN = """# about
EXTRA_SYSEXTS=(
  "lxd|app-misc/lxd"
  "driver|x11-misc/driver:0/5|-open extra|amd64"
  "python|dev-lang/python,dev-python/pip"
)
"""
LTS = "EXTRA_SYSEXTS=(\n  store:sys-fs/store\n  pair:app-misc/one,app-misc/two\n)\n"
IMAGE = (
    'DEFINE_string base_sysexts "engine-flatcar|app-misc/engine,tool-flatcar|a-b/tool&a-b/cli" \\\n'
    '  "words"\n'
)


def after(text: str, into: str, *atoms: str, arches: tuple[str, ...] = (), file: str = EXTRA_SYSEXTS) -> str:
    change = sysext_entry.edit(MemoryTree({file: text}), Into(into), atoms, arches)
    if change is None:
        return text
    changed = sysext_entry.applied(text, change)
    assert sysext_entry.applied(changed, change) == changed, "a second time changes nothing"
    return changed


@pytest.mark.parametrize(
    ("into", "old", "new"),
    [
        ("sysext:lxd", '"lxd|app-misc/lxd"', '"lxd|app-misc/lxd,app-misc/x"'),
        ("sysext:driver", ":0/5|-open extra|amd64", ":0/5,app-misc/x|-open extra|amd64"),
        ("sysext:python", "dev-python/pip", "dev-python/pip,app-misc/x"),
    ],
)
def test_a_package_joins_those_of_its_entry(into: str, old: str, new: str) -> None:
    assert after(MAIN, into, "app-misc/x") == MAIN.replace(old, new)


def test_what_the_extension_has_is_no_change() -> None:
    tree = MemoryTree({EXTRA_SYSEXTS: MAIN})
    assert sysext_entry.edit(tree, Into("sysext:python"), ("dev-python/pip",), ()) is None


def test_a_new_extension_goes_behind_the_names_before_its_own() -> None:
    assert after(MAIN, "sysext:nfs", "net-fs/nfs", "net-libs/rpc") == MAIN.replace(
        '|amd64"\n', '|amd64"\n  "nfs|net-fs/nfs,net-libs/rpc"\n'
    ).replace('  "lxd', '  "lxd')
    assert after(MAIN, "sysext:a", "net-fs/a") == MAIN.replace('  "lxd', '  "a|net-fs/a"\n  "lxd')


def test_a_new_extension_can_be_for_one_arch() -> None:
    assert '\n  "zz|app-misc/zz||amd64"\n)' in after(MAIN, "sysext:zz", "app-misc/zz", arches=("amd64",))


def test_an_extension_for_every_arch_gets_nothing_that_one_arch_has() -> None:
    with pytest.raises(CheckoutError, match="for more arches than amd64"):
        after(MAIN, "sysext:lxd", "app-misc/x", arches=("amd64",))
    assert "app-misc/x" in after(MAIN, "sysext:driver", "app-misc/x", arches=("amd64",))


def test_an_lts_branch_has_colons_and_no_quotes() -> None:
    assert after(LTS, "sysext:pair", "app-misc/x") == LTS.replace("app-misc/two", "app-misc/two,app-misc/x")
    assert after(LTS, "sysext:q", "app-misc/q") == LTS.replace(
        "app-misc/two\n", "app-misc/two\n  q:app-misc/q\n"
    )
    with pytest.raises(CheckoutError, match="one arch alone"):
        after(LTS, "sysext:q", "app-misc/q", arches=("amd64",))


def test_an_extension_of_the_image_is_in_a_flag_of_build_image() -> None:
    assert after(IMAGE, "base-sysext:tool", "a-b/more", file=BUILD_IMAGE) == IMAGE.replace(
        "a-b/cli", "a-b/cli&a-b/more"
    )
    assert after(IMAGE, "base-sysext:engine", "a-b/more", file=BUILD_IMAGE) == IMAGE.replace(
        "app-misc/engine", "app-misc/engine&a-b/more"
    )
    assert after(IMAGE, "base-sysext:new", "a-b/new", file=BUILD_IMAGE) == IMAGE.replace(
        "a-b/cli", "a-b/cli,new-flatcar|a-b/new"
    )


def test_a_checkout_without_extensions_says_so() -> None:
    with pytest.raises(CheckoutError, match=r"no build_library/extra_sysexts\.sh"):
        sysext_entry.edit(MemoryTree({}), Into("sysext:x"), ("app-misc/x",), ())


def test_the_script_that_mangles_an_extension_is_found() -> None:
    tree = MemoryTree(
        {"build_library/sysext_mangle_flatcar-lxd": "", "build_library/sysext_mangle_tool-flatcar": ""}
    )
    assert sysext_entry.mangle_script(tree, Into("sysext:lxd")) == "build_library/sysext_mangle_flatcar-lxd"
    assert sysext_entry.mangle_script(tree, Into("base-sysext:tool")) is not None
    assert sysext_entry.mangle_script(tree, Into("sysext:tool")) is None
