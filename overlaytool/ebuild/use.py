"""The USE flags that a profile forces, enables and masks for an ebuild (PMS sections 5.2.11 and 5.3).

pkgcore reads the profile's directories and variables. Its files about USE have some thousand lines, of which
a plan needs few: they are looked up here, and stacked as Portage does it. So is USE_EXPAND: Portage stacks
its variables over the profile's make.defaults, as it stacks USE, and leaves an IUSE default alone that
none of them names. pkgcore takes the last file's value for the whole variable, and drops the defaults of
every variable that is set at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from overlaytool.ebuild.runtime import clean_environment
from overlaytool.ebuild.use_files import Change, PackageUse, UseFiles, change


class UseSets(NamedTuple):
    """What a profile says about the flags of one ebuild. Forced and masked may name flags it lacks."""

    forced: frozenset[str]
    enabled: frozenset[str]
    masked: frozenset[str]


class ProfileUse:
    """The USE flags of one profile."""

    def __init__(self, domain: Any, files: UseFiles) -> None:
        """:param domain: pkgcore's domain for the profile."""
        self._domain, self._profile, self._files = domain, domain.profile, files

    def of(self, ebuild: Any) -> UseSets:
        """The flags of an ebuild, which is sourced for its IUSE and KEYWORDS."""
        layers = self._stable if self._is_stable(ebuild) else self._unstable
        iuse: frozenset[str] = ebuild.iuse_stripped
        defaults = {flag[1:] for flag in ebuild.iuse if flag.startswith("+")}
        forced = _stacked(layers.force, ebuild, iuse, ())
        masked = _stacked(layers.mask, ebuild, iuse, ())
        kept = [flag for flag in defaults if not self._is_set_anyway(flag)]
        enabled = ((_stacked(layers.use, ebuild, iuse, kept) & iuse) | forced) - masked
        expanded = {
            flag
            for flag in iuse - forced - masked
            if self._expanded.get(flag, flag in defaults) and self._domain.use_expand_re.match(flag)
        }
        if expanded:
            enabled |= _stacked(layers.use, ebuild, iuse, expanded) & expanded
        return UseSets(frozenset(forced), frozenset(enabled), frozenset(masked))

    def nodes(self, ebuild: Any) -> tuple[tuple[Path, bool], ...]:
        """The directories, parents first, and whether the ``.stable`` files of each count for an ebuild."""
        stable = self._is_stable(ebuild)
        return tuple(
            (Path(node.path), stable and bool(node.eapi.options.profile_stable_use))
            for node in self._profile.stack
        )

    def _is_stable(self, ebuild: Any) -> bool:
        """Whether the ``.stable`` files of the profile are about an ebuild."""
        return self._takes_stable and self._domain.stable_arch in ebuild.keywords

    @cached_property
    def _takes_stable(self) -> bool:
        return self._domain.unstable_arch not in self._domain.settings["ACCEPT_KEYWORDS"]

    def _is_set_anyway(self, flag: str) -> bool:
        """Whether a flag belongs to a variable of USE_EXPAND that the profile sets."""
        found = self._domain.use_expand_re.match(flag)
        return found is not None and found[1].upper() in self._domain.settings

    @cached_property
    def _stable(self) -> _Layers:
        return self._layers(stable=True)

    @cached_property
    def _unstable(self) -> _Layers:
        return self._layers(stable=False)

    def _layers(self, *, stable: bool) -> _Layers:
        """Every file about USE of the profile and its parents, in the order in which they count."""
        force: list[Layer | None] = []
        mask: list[Layer | None] = []
        with clean_environment():
            use: list[Layer | None] = [change(self._domain.use)]
        for node in self._profile.stack:
            path, features = node.path, node.eapi.options
            force += self._read(path, ".force", stable=stable and features.profile_stable_use)
            use += self._read(path, "", stable=stable and features.profile_stable_use_defaults)
            mask += self._read(path, ".mask", stable=stable and features.profile_stable_use)
        force.append(change([self._domain.arch]))
        return _Layers(_merged(force), _merged(use), _merged(mask))

    def _read(self, directory: str, kind: str, *, stable: bool) -> Iterator[Layer | None]:
        """``use.mask``, ``package.use.mask`` and their ``.stable`` twins, for kind ``.mask``."""
        if kind:  # flags for all packages are in make.defaults otherwise
            yield self._files.about_all(directory, f"use{kind}")
        if stable:
            yield self._files.about_all(directory, f"use.stable{kind}")
        yield self._files.about_packages(directory, f"package.use{kind}")
        if stable:
            yield self._files.about_packages(directory, f"package.use.stable{kind}")

    @cached_property
    def _expanded(self) -> Mapping[str, bool]:
        """Every flag of USE_EXPAND that a make.defaults names, by the last one that does."""
        state: dict[str, bool] = {}
        values: dict[str, str] = {}
        for node in self._profile.stack:
            for variable in self._profile.use_expand:
                value = node.default_env.get(variable, "")
                if value == values.get(variable, ""):  # the parent's
                    continue
                values[variable] = value
                prefix = f"{variable.lower()}_"
                for word in value.split():
                    if word == "-*":
                        state |= {flag: False for flag in state if flag.startswith(prefix)}
                    else:
                        state[prefix + word.removeprefix("-")] = not word.startswith("-")
        return state


type Layer = Change | PackageUse
"""A change for all packages, or a file about some."""


class _Layers(NamedTuple):
    """What a profile has of each kind, for stable ebuilds or for others, parents first."""

    force: Sequence[Layer]
    use: Sequence[Layer]
    mask: Sequence[Layer]


def _merged(layers: Sequence[Layer | None]) -> list[Layer]:
    """The same with fewer layers: what says nothing left out, changes in a row made one."""
    merged: list[Layer] = []
    for layer in layers:
        if layer is None:
            continue
        last = merged[-1] if merged else None
        if isinstance(last, Change) and isinstance(layer, Change) and (both := last.then(layer)):
            merged[-1] = both
        else:
            merged.append(layer)
    return merged


def _stacked(layers: Sequence[Layer], ebuild: Any, iuse: frozenset[str], start: Iterable[str]) -> set[str]:
    """The flags that are on in the end."""
    flags, package = set(start), ebuild.key
    for layer in layers:
        if isinstance(layer, Change):
            layer.apply(flags, iuse)
        elif package in layer.packages:
            for said in layer.about(ebuild):
                said.apply(flags, iuse)
    return flags
