"""A resolution as large as a real image: the shape of coreos-base/coreos on flatcar/scripts main, made up."""

from __future__ import annotations

import random

from records import edge, package, resolution

from overlaytool.model.resolution import DepClass, Edge, Package, Resolution, State

DIRECT = 137
"""What the metapackage asks for itself."""
CATEGORIES = ("acct-group", "app-arch", "dev-libs", "net-misc", "sys-apps", "sys-fs", "sys-libs", "virtual")


def image_like(count: int = 400, *, imports: int = 8, seed: int = 4) -> Resolution:
    """``count`` packages on both boards, about 2.4 dependencies each, a few cycles; the same every time."""
    dice = random.Random(seed)
    names = [f"{dice.choice(CATEGORIES)}/package-{number:03}-{dice.randint(0, 9)}.{dice.randint(0, 40)}.1"
             for number in range(1, count)]  # fmt: skip
    cpvs = ["coreos-base/coreos-0.0.1-r320", *names]
    pairs = [(0, child) for child in sorted({1, *dice.sample(range(2, count), min(DIRECT, count - 2))})]
    for child in range(2, count):
        for _ in range(dice.choice((1, 1, 2, 3, 4))):
            pairs.append((max(1, child - 1 - int(dice.expovariate(1 / 60))), child))
    pairs += [(child, child - dice.randint(1, 9)) for child in dice.sample(range(20, count), count // 40)]
    chosen = set(dice.sample(range(count // 4, count), imports))
    packages: list[Package] = []
    edges: list[Edge] = []
    for board in ("amd64-usr", "arm64-usr"):
        edges.append(edge(None, f"{board}:{cpvs[0]}"))
        for number in reversed(range(count)):
            state = State.ADD if number in chosen else State.PRESENT
            packages.append(package(f"{board}:{cpvs[number]}", state, size=1000 * number))
        for parent, child in pairs:
            weak = DepClass.PDEPEND if child < parent else (DepClass.RDEPEND, DepClass.DEPEND)[child % 2]
            edges.append(edge(f"{board}:{cpvs[parent]}", f"{board}:{cpvs[child]}", weak))
    return resolution(packages, dict.fromkeys(edges))
