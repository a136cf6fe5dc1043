"""What a report shows of an ebuild: its licence, what it downloads, and its other metadata as text."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.evaluate import words
from overlaytool.ebuild.manifest import sizes_in
from overlaytool.model.resolution import Description, Distfile


def describe(candidate: EbuildCandidate, use: frozenset[str]) -> Description:
    """The description of a candidate.

    :param use: its enabled USE flags.
    """
    ebuild = candidate.ebuild
    iuse = ebuild.iuse_stripped
    return Description(
        slot=candidate.slot,
        subslot=candidate.subslot,
        eapi=str(ebuild.eapi),
        keywords=tuple(ebuild.keywords),
        use=tuple(sorted(use & iuse)),
        iuse=tuple(sorted(iuse)),
        license=license_text(ebuild, lambda: use),
        description=ebuild.description,
        homepage=" ".join(ebuild.homepage),
        distfiles=distfiles(candidate, use),
    )


def distfiles(candidate: EbuildCandidate, use: Collection[str]) -> tuple[Distfile, ...]:
    """What emerge downloads, with the sizes that the Manifest gives; 0 where it has none."""
    sizes = sizes_in(Path(candidate.ebuild.path).parent)
    return tuple(
        Distfile(name=name, size=sizes.get(name, 0)) for name in distfile_names(candidate.ebuild, use)
    )


def license_text(ebuild: Any, use: Callable[[], Collection[str]]) -> str:
    """LICENSE with its USE conditionals evaluated.

    :param use: the enabled USE flags, asked for only where there is a conditional.
    """
    raw = ebuild.data.get("LICENSE")  # until pkgcore has parsed it
    if raw is not None and "?" not in raw:
        return " ".join(raw.split())
    return str(ebuild.license.evaluate_depset(use()))


def distfile_names(ebuild: Any, use: Collection[str]) -> tuple[str, ...]:
    """The files of SRC_URI (PMS section 7.3.2) in order, each once."""
    names: list[str] = []
    following = words(ebuild.data.get("SRC_URI", ""), use)
    for word in following:
        if word == "->":
            names[-1] = next(following)
        else:
            names.append(word.rpartition("/")[2])
    return tuple(dict.fromkeys(names))
