"""The targets of a checkout, read from its scripts as they are on main, on an LTS branch and at 3665."""

from __future__ import annotations

import pytest
from trees import MemoryTree

from overlaytool.flatcar import targets
from overlaytool.flatcar.targets import Target
from overlaytool.model.resolution import Root
from overlaytool.model.target import Into, TargetKind

BASE = "sdk_container/src/third_party/coreos-overlay/coreos-base"
MAIN = """EXTRA_SYSEXTS=(
  "store|sys-fs/store"   # a comment (with brackets)
  # "gone|sys-fs/gone"
  "driver-open|x11-drivers/driver:0/535|kernel-open -tools|amd64"
  'pair|app-misc/one,app-misc/two||amd64,arm64'
)
"""


def read(files: dict[str, str]) -> dict[str, Target]:
    return {str(target.into): target for target in targets.read(MemoryTree(files))}


def test_an_extension_has_packages_flags_and_arches() -> None:
    found = read({targets.EXTRA_SYSEXTS: MAIN})
    assert [name for name in found if name.startswith("sysext:")] == [
        "sysext:store",
        "sysext:driver-open",
        "sysext:pair",
    ]
    driver = found["sysext:driver-open"]
    assert driver.atoms == ("x11-drivers/driver:0/535",)
    assert driver.flags == {("kernel-open", True), ("tools", False)}
    assert (driver.is_for("amd64"), driver.is_for("arm64"), driver.is_for(None)) == (True, False, False)
    pair = found["sysext:pair"]
    assert (pair.atoms, pair.use, pair.arches) == (
        ("app-misc/one", "app-misc/two"),
        (),
        ("amd64", "arm64"),
    )
    assert found["sysext:store"].is_for("arm64")


def test_an_extension_of_an_lts_branch_has_colons() -> None:
    found = read(
        {targets.EXTRA_SYSEXTS: "EXTRA_SYSEXTS=(\n  store:sys-fs/store\n  pair:a-b/one,a-b/two\n)\n"}
    )
    assert found["sysext:store"].atoms == ("sys-fs/store",)
    assert found["sysext:pair"].atoms == ("a-b/one", "a-b/two")


@pytest.mark.parametrize("separator", ["|", ":"])
def test_the_image_has_extensions_of_its_own(separator: str) -> None:
    listed = f"engine-flatcar{separator}app-misc/engine,tool-flatcar{separator}app-misc/tool&app-misc/cli"
    found = read({targets.BUILD_IMAGE: f'DEFINE_string base_sysexts "{listed}" \\\n  "words"\n'})
    assert found["base-sysext:engine"].atoms == ("app-misc/engine",)
    assert found["base-sysext:tool"].atoms == ("app-misc/tool", "app-misc/cli")


def test_torcx_is_the_extension_of_old_images() -> None:
    found = read({targets.TORCX: "    local -a images=(\n        =app-torcx/engine-20.10\n    )\n"})
    assert found["base-sysext:engine"].atoms == ("=app-torcx/engine-20.10",)


def test_an_oem_is_built_for_the_arches_of_its_keywords() -> None:
    found = read(
        {
            f"{BASE}/oem-cloud/oem-cloud-1.ebuild": 'EAPI=8\nKEYWORDS="amd64 ~arm64"\n',
            f"{BASE}/oem-one/oem-one-1.ebuild": "KEYWORDS='amd64'\n",
            f"{BASE}/oem-one/files/oem.ebuild.txt": 'KEYWORDS="arm64"\n',
            f"{BASE}/other/other-1.ebuild": 'KEYWORDS="amd64"\n',
        }
    )
    assert [name for name in found if name.startswith("oem:")] == ["oem:cloud", "oem:one"]
    assert found["oem:cloud"].is_for("arm64")
    assert not found["oem:one"].is_for("arm64")
    assert found["oem:one"].atoms == ("coreos-base/oem-one",)


def test_an_oem_partition_gives_flags() -> None:
    script = (
        "IMG_DEFAULT_OEM_PACKAGE=\nIMG_ami_OEM_PACKAGE=oem-compat\nIMG_ami_OEM_USE=ec2\n"
        "IMG_stack_OEM_PACKAGE=oem-compat\nIMG_stack_OEM_USE=stack\n"
        "IMG_qemu_OEM_PACKAGE=common-files\nIMG_qemu_OEM_USE=qemu\nIMG_gone_OEM_PACKAGE=oem-gone\n"
    )
    found = read(
        {
            targets.VM_IMAGES: script,
            f"{BASE}/oem-compat/oem-compat-1.ebuild": 'KEYWORDS="amd64"\n',
            f"{BASE}/common-files/common-files-0.ebuild": 'KEYWORDS="amd64"\n',
        }
    )
    oems = {name: (target.atoms[0], target.use) for name, target in found.items() if name[:4] == "oem:"}
    assert oems == {
        "oem:compat": ("coreos-base/oem-compat", ("ec2",)),
        "oem:compat-stack": ("coreos-base/oem-compat", ("stack",)),
        "oem:common-files-qemu": ("coreos-base/common-files", ("qemu",)),
    }
    assert found["oem:compat-stack"].arches == ("amd64",)


def test_the_sdk_s_own_build_asks_for_more_than_the_sdk() -> None:
    script = (
        "TOOLCHAIN_PKGS=(\n    sys-devel/gcc\n    sys-libs/glibc\n)\n"
        'all_pkgs=( "${TOOLCHAIN_PKGS[@]}" dev-debug/gdb )\n'
        '    "${sudo[@]}" emerge "${emerge_flags[@]}" --update dev-lang/rust\n'
    )
    found = read({targets.TOOLCHAIN: script})
    assert found["sdk-build:toolchain"].atoms == ("sys-devel/gcc", "sys-libs/glibc", "dev-debug/gdb")
    assert found["sdk-build:rust"].atoms == ("dev-lang/rust",)
    assert found["sdk-build:stage1"].atoms == ("@stage1",)
    assert all(
        found[name].is_for(None) and not found[name].is_for("amd64") for name in ("sdk", "sdk-build:rust")
    )


def test_a_checkout_without_these_scripts_has_the_metapackages() -> None:
    assert list(read({})) == ["image", "board", "sdk", "sdk-build:stage1", "sdk-build:system"]


def test_an_array_that_never_ends_counts_as_far_as_it_goes() -> None:
    assert targets.bash_array("A=(\n  one 'two", "A") == ("one",)
    assert targets.bash_array("A=( one )\nB=( two )\nA=( three )\n", "A") == ("three",)


def test_an_extension_is_found_by_the_name_of_its_image_file() -> None:
    tree = MemoryTree(
        {
            targets.EXTRA_SYSEXTS: MAIN,
            targets.BUILD_IMAGE: 'DEFINE_string base_sysexts "engine-flatcar|app-misc/engine" "words"\n',
        }
    )
    for text, name in (
        ("sysext:flatcar-store", "sysext:store"),
        ("base-sysext:engine-flatcar", "base-sysext:engine"),
    ):
        found = targets.find(tree, Into(text))
        assert found is not None
        assert found.into == name
    assert targets.find(tree, Into("sysext:engine")) is None


@pytest.mark.parametrize(
    "text", ["", "disk", "image:x", "sysext", "sysext:", "sysext:a b", "oem:../x", "sdk-build"]
)
def test_text_that_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no target"):
        Into(text)


def test_every_kind_of_target_has_facts() -> None:
    for kind in TargetKind:
        into = next(Into(text) for text in (str(kind), f"{kind}:x") if _is_target(text))
        about = targets.facts(into)
        assert about.where
        assert about.added.startswith("to ")
        assert (about.root is Root.HOST) == (kind in (TargetKind.SDK, TargetKind.SDK_BUILD))


def _is_target(text: str) -> bool:
    try:
        Into(text)
    except ValueError:
        return False
    return True
