"""The USE flags that a profile forces, enables and masks for an ebuild.

pkgcore reads the profile into layers; they are stacked here, as its ``get_package_use_unconfigured`` does,
some hundred times for each board, and with USE_EXPAND as Portage has it: Portage stacks the variables of
USE_EXPAND over the profile's make.defaults, as it stacks USE, and leaves an IUSE default alone that
none of them names. pkgcore takes the last file's value for the whole variable, and drops the defaults of
every variable that is set at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from pkgcore.restrictions import packages

from overlaytool.ebuild.runtime import clean_environment


class UseSets(NamedTuple):
    """What a profile says about the flags of one ebuild. Forced and masked may name flags it lacks."""

    forced: frozenset[str]
    enabled: frozenset[str]
    masked: frozenset[str]


class ProfileUse:
    """The USE flags of one profile."""

    def __init__(self, domain: Any) -> None:
        """:param domain: pkgcore's domain for the profile."""
        self._domain, self._profile = domain, domain.profile

    def of(self, ebuild: Any) -> UseSets:
        """The flags of an ebuild, which is sourced for its IUSE and KEYWORDS."""
        layers = self._stable if self._is_stable(ebuild) else self._unstable
        iuse: frozenset[str] = ebuild.iuse_stripped
        defaults = [flag[1:] for flag in ebuild.iuse if flag.startswith("+")]
        forced = layers.forced.flags(ebuild)
        masked = layers.masked.flags(ebuild)
        enabled = layers.enabled.flags(ebuild, [flag for flag in defaults if not self._is_set_anyway(flag)])
        for pattern in enabled & layers.enabled.patterns:
            enabled |= {flag for flag in iuse if flag.startswith(pattern[:-1])}
        enabled = ((enabled & iuse) | forced) - masked
        expanded = {
            flag
            for flag in iuse - forced - masked
            if self._expanded.get(flag, flag in defaults) and self._domain.use_expand_re.match(flag)
        }
        if expanded:
            enabled |= expanded & layers.enabled.flags(ebuild, expanded)
        return UseSets(frozenset(forced), frozenset(enabled), frozenset(masked))

    def _is_stable(self, ebuild: Any) -> bool:
        """Whether the ``.stable`` files of the profile are about an ebuild (PMS section 5.2.11)."""
        return self._takes_stable and self._domain.stable_arch in ebuild.keywords

    @cached_property
    def _takes_stable(self) -> bool:
        return self._domain.unstable_arch not in self._domain.settings["ACCEPT_KEYWORDS"]

    def _is_set_anyway(self, flag: str) -> bool:
        """Whether a flag belongs to a variable of USE_EXPAND that the profile sets."""
        found = self._domain.use_expand_re.match(flag)
        return found is not None and found[1].upper() in self._domain.settings

    @cached_property
    def _stable(self) -> _ProfileLayers:
        with clean_environment():
            return _ProfileLayers(
                forced=_Layers(self._domain.stable_forced_use),
                enabled=_Layers(self._domain.stable_enabled_use),
                masked=_Layers(self._profile.stable_masked_use),
            )

    @cached_property
    def _unstable(self) -> _ProfileLayers:
        with clean_environment():
            return _ProfileLayers(
                forced=_Layers(self._domain.forced_use),
                enabled=_Layers(self._domain.enabled_use),
                masked=_Layers(self._profile.masked_use),
            )

    @cached_property
    def _expanded(self) -> Mapping[str, bool]:
        """Every flag of USE_EXPAND that a make.defaults names, by the last one that does."""
        state: dict[str, bool] = {}
        for node in self._profile.stack:
            for variable in self._profile.use_expand:
                prefix = f"{variable.lower()}_"
                for word in str(node.default_env.get(variable, "")).split():
                    if word == "-*":
                        state |= {flag: False for flag in state if flag.startswith(prefix)}
                    else:
                        state[prefix + word.removeprefix("-")] = not word.startswith("-")
        return state


class _Layer(NamedTuple):
    """Flags that one line, or all global ones in turn, set and unset."""

    matches: Callable[[Any], bool] | None
    """Which ebuilds it is about; None: all."""
    clears: bool
    """Whether it begins with ``-*``."""
    prefixes: tuple[str, ...]
    """Of the USE_EXPAND variables that it begins by emptying."""
    off: frozenset[str]
    on: frozenset[str]


class _Layers:
    """Settings of flags on top of each other (pkgcore's ChunkedDataDict)."""

    def __init__(self, stacked: Any) -> None:
        self._of_package, self._of_all = stacked._dict, stacked._global_settings
        self._read: dict[int, _Layer] = {}
        self.patterns: set[str] = set()
        """Those of the flags seen so far that stand for all flags of a variable: ``video_cards_*``."""

    def flags(self, ebuild: Any, defaults: Iterable[str] = ()) -> set[str]:
        """The flags that are on in the end; ``defaults`` are on at the beginning."""
        flags = set(defaults)
        for chunk in self._of_package.get(ebuild.key, self._of_all):
            matches, clears, prefixes, off, on = self._read.get(id(chunk)) or self._layer(chunk)
            if matches is not None and not matches(ebuild):
                continue
            if clears:
                flags.clear()
            for prefix in prefixes:
                flags -= {flag for flag in flags if flag.startswith(prefix)}
            flags -= off
            flags |= on
        return flags

    def _layer(self, chunk: Any) -> _Layer:
        self.patterns.update(flag for flag in chunk.pos if flag.endswith("*"))
        layer = self._read[id(chunk)] = _Layer(
            matches=None if chunk.key is packages.AlwaysTrue else chunk.key.match,
            clears="*" in chunk.neg,
            prefixes=tuple(flag[:-2] for flag in chunk.neg if flag.endswith("_*")),
            off=frozenset(chunk.neg),
            on=frozenset(chunk.pos),
        )
        return layer


class _ProfileLayers(NamedTuple):
    """What a profile has of each kind, for stable ebuilds or for others."""

    forced: _Layers
    enabled: _Layers
    masked: _Layers
