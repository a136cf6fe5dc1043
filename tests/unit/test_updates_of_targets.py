"""Updates of what system extensions ask for, each in a root of its own, on trees of a few lines."""

from __future__ import annotations

from text_source import TextEbuild, TextSource

from overlaytool.model.resolution import Request, Resolution, State
from overlaytool.model.target import Into
from overlaytool.resolve.resolver import resolve
from overlaytool.resolve.roots import everything
from overlaytool.resolve.today import Today
from overlaytool.resolve.walk import Wanted

DRIVERS = """
x11/drivers-535.1 slot="0/535"
x11/drivers-570.1 slot="0/570"
x11/drivers-595.1 slot="0/595"
[gentoo]
x11/drivers-535.2 slot="0/535"
x11/drivers-595.2 slot="0/595"
"""


def update(text: str, package: str, **asked: str) -> Resolution:
    """Update a package that extensions ask for.

    :param asked: the atoms of each extension.
    """
    source = TextSource(text)
    wanted = [
        Wanted(
            target=Into(f"sysext:{name}"),
            view=source.views[0],
            atoms=tuple(map(source.parse_atom, atoms.split())),
            own_root=True,
        )
        for name, atoms in asked.items()
    ]
    today: Today[TextEbuild] = Today(everything(source, wanted))
    return resolve(Request(atoms=(package,), update=True), source, dependents=lambda: today)


def updated(resolution: Resolution) -> list[str]:
    return sorted(package.cpv for package in resolution.packages if package.state is State.UPDATE)


def test_each_extension_keeps_the_slot_that_it_asks_for() -> None:
    found = update(DRIVERS, "x11/drivers", old="x11/drivers:0/535", new="x11/drivers:0/595")
    assert updated(found) == ["x11/drivers-535.2", "x11/drivers-595.2"]
    assert found.manual_work == ()


def test_an_extension_whose_slot_the_source_has_dropped_is_work_for_a_person() -> None:
    found = update(DRIVERS, "x11/drivers", a="x11/drivers:0/535", b="x11/drivers:0/570")
    assert updated(found) == ["x11/drivers-535.2"]
    assert [notice.message for notice in found.manual_work] == [
        "sysext:b needs x11/drivers:0/570 on amd64-usr, and the plan has none that would do"
        " (it is in sysext:b)"
    ]


def test_a_package_that_one_extension_takes_in_any_version_gets_the_newest() -> None:
    found = update(DRIVERS, "x11/drivers", old="x11/drivers:0/535", any="x11/drivers")
    assert updated(found) == ["x11/drivers-535.2", "x11/drivers-595.2"]
    assert found.manual_work == ()
