"""The closure of everything, on trees of a few lines."""

from __future__ import annotations

from collections.abc import Iterable

from text_source import TextEbuild, TextSource

from overlaytool.model.resolution import DepClass
from overlaytool.model.target import Into
from overlaytool.resolve.roots import Everything, everything
from overlaytool.resolve.walk import Wanted

AMD64, ARM64, HOST = "amd64-usr", "arm64-usr", "host"
SYSEXT = Into("sysext:x")


def wanted(
    source: TextSource, target: Into, atoms: str, views: Iterable[str] = (AMD64, ARM64), use: str = ""
) -> list[Wanted]:
    return [
        Wanted(
            target=target,
            view=view,
            atoms=tuple(map(source.parse_atom, atoms.split())),
            environment=frozenset((word.lstrip("-"), word[0] != "-") for word in use.split()),
            own_root=target.partition(":")[0] == "sysext",
        )
        for view in source.views
        if view.name in views
    ]


def closure(
    text: str, *, image: str = "", sdk: str = "", sysext: str = "", use: str = ""
) -> Everything[TextEbuild]:
    source = TextSource(text)
    return everything(
        source,
        [
            *wanted(source, Into.IMAGE, image),
            *wanted(source, Into.SDK, sdk, (HOST,)),
            *wanted(source, SYSEXT, sysext, use=use),
        ],
    )


def test_a_package_is_selected_for_each_target_and_view_that_reaches_it() -> None:
    found = closure(
        'app/a-1 rdepend="dev/lib" bdepend="dev/tool"\napp/s-1 rdepend="dev/lib"\n'
        'dev/lib-1\ndev/lib-2 keywords="amd64"\ndev/tool-1\ndev/unused-1',
        image="app/a",
        sdk="app/s",
    )
    assert found.selected["dev/lib"] == {
        (Into.IMAGE, AMD64): ("dev/lib-2",),
        (Into.IMAGE, ARM64): ("dev/lib-1",),
        (Into.SDK, HOST): ("dev/lib-2",),
    }
    assert found.selected["dev/tool"] == {(Into.IMAGE, HOST): ("dev/tool-1",)}
    assert "dev/unused" not in found.selected


def test_a_broken_package_does_not_stop_the_rest() -> None:
    found = closure('app/a-1 rdepend="dev/gone dev/lib"\ndev/lib-1', image="app/a app/none")
    assert "dev/lib" in found.selected
    assert {(one.atom, one.parent, one.view) for one in found.missing} == {
        ("dev/gone", "app/a-1", AMD64),
        ("dev/gone", "app/a-1", ARM64),
        ("app/none", None, AMD64),
        ("app/none", None, ARM64),
    }
    assert {one.targets for one in found.missing if one.parent} == {(Into.IMAGE,)}


def test_a_missing_atom_says_what_was_passed_over_and_imports_nothing() -> None:
    found = closure('app/a-1 rdepend=">=dev/lib-2"\ndev/lib-1\n[gentoo]\ndev/lib-2', image="app/a")
    assert "dev/lib" not in found.selected
    assert found.missing[0].dep_class is DepClass.RDEPEND
    assert [one.reason for one in found.missing[0].rejections] == ["version, >=dev/lib-2 is wanted"]


def test_flags_in_the_environment_hold_for_the_extension_alone() -> None:
    text = (
        'app/a-1 rdepend="dev/lib"\napp/x-1 rdepend="dev/lib dev/own"\n'
        'dev/own-1 iuse="more" rdepend="more? ( dev/more )"\n'
        'dev/lib-1 iuse="more" rdepend="more? ( dev/extra )"\ndev/more-1\ndev/extra-1'
    )
    plain = closure(text, image="app/a", sysext="app/x")
    assert "dev/more" not in plain.selected
    found = closure(text, image="app/a", sysext="app/x", use="more")
    assert found.selected["dev/more"] == {(SYSEXT, AMD64): ("dev/more-1",), (SYSEXT, ARM64): ("dev/more-1",)}
    assert "dev/extra" not in found.selected, "the image has dev/lib installed already, without the flag"


def test_a_flag_that_the_environment_switches_off_is_off() -> None:
    found = closure(
        'app/x-1 iuse="+more" rdepend="more? ( dev/more )"\ndev/more-1', sysext="app/x", use="-more"
    )
    assert list(found.selected) == ["app/x"]


def test_two_extensions_can_have_different_versions_in_one_slot() -> None:
    source = TextSource('dev/driver-1 slot="0/1"\ndev/driver-2 slot="0/2"')
    old, new = Into("sysext:old"), Into("sysext:new")
    found = everything(
        source,
        [*wanted(source, old, "dev/driver:0/1", (AMD64,)), *wanted(source, new, "dev/driver:0/2", (AMD64,))],
    )
    assert found.selected["dev/driver"] == {
        (new, AMD64): ("dev/driver-2",),
        (old, AMD64): ("dev/driver-1",),
    }
    assert found.clashes == ()


def test_a_slot_gets_the_version_that_all_accept() -> None:
    found = closure(
        'app/a-1 rdepend="dev/lib"\napp/b-1 rdepend="<dev/lib-2"\ndev/lib-1\ndev/lib-2', image="app/a app/b"
    )
    assert set(found.selected["dev/lib"].values()) == {("dev/lib-1",)}
    assert found.clashes == ()


def test_versions_that_cannot_share_a_slot_are_a_clash() -> None:
    found = closure(
        'app/a-1 rdepend=">=dev/lib-2"\napp/b-1 rdepend="<dev/lib-2"\ndev/lib-1\ndev/lib-2',
        image="app/a app/b",
    )
    clash = found.clashes[0]
    assert (clash.selected, clash.wanted, clash.atom, clash.parent) == (
        "dev/lib-2",
        "dev/lib-1",
        "<dev/lib-2",
        "app/b-1",
    )
    assert clash.targets == (Into.IMAGE,)


def test_an_any_of_group_takes_what_is_there() -> None:
    found = closure('app/a-1 rdepend="|| ( dev/none dev/lib )"\ndev/lib-1', image="app/a")
    assert "dev/lib" in found.selected
    assert found.missing == ()


def test_users_are_all_that_ask_in_every_root() -> None:
    found = closure(
        'app/a-1 rdepend=">=dev/lib-1"\napp/s-1 depend="dev/lib"\napp/x-1 rdepend="dev/lib:0"\ndev/lib-1',
        image="app/a",
        sdk="app/s",
        sysext="app/x",
    )
    asked = {(use.parent, use.atom, use.dep_class, use.view) for use in found.users("dev/lib")}
    assert asked == {
        ("app/a-1", ">=dev/lib-1", DepClass.RDEPEND, AMD64),
        ("app/a-1", ">=dev/lib-1", DepClass.RDEPEND, ARM64),
        ("app/s-1", "dev/lib", DepClass.DEPEND, HOST),
        ("app/x-1", "dev/lib:0", DepClass.RDEPEND, AMD64),
        ("app/x-1", "dev/lib:0", DepClass.RDEPEND, ARM64),
    }
    assert found.users("dev/lib-1") == found.users("dev/lib")
    assert found.users("dev/lib-2") == ()


def test_a_chain_is_a_shortest_way_from_the_target_asked_about() -> None:
    found = closure(
        'app/a-1 rdepend="dev/middle"\ndev/middle-1 rdepend="dev/lib"\napp/s-1 rdepend="dev/lib"\ndev/lib-1',
        image="app/a",
        sdk="app/s",
    )
    assert [use.cpv for use in found.chain("dev/lib", Into.IMAGE, ARM64)] == [
        "app/a-1",
        "dev/middle-1",
        "dev/lib-1",
    ]
    assert [use.cpv for use in found.chain("dev/lib-1", Into.SDK)] == ["app/s-1", "dev/lib-1"]
    assert found.chain("dev/lib", Into.SDK)[0].parent is None
    assert found.chain("dev/lib", Into.SDK, ARM64) == ()
    assert found.chain("dev/none") == ()


def test_packages_in_a_circle_are_reached() -> None:
    found = closure('app/a-1 rdepend="app/b"\napp/b-1 rdepend="app/a"', image="app/a")
    assert [use.cpv for use in found.chain("app/b")] == ["app/a-1", "app/b-1"]
    assert len(found.selected["app/a"]) == 2
