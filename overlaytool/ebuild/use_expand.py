"""USE_EXPAND flags as Portage has them on, where pkgcore has them off.

Portage stacks the variables of USE_EXPAND over the profile's make.defaults, as it stacks USE, and leaves an
IUSE default alone that none of them names. pkgcore takes the last file's value for the whole variable,
and drops the defaults of every variable that is set at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any


class UseExpand:
    """The USE_EXPAND variables of one profile."""

    def __init__(self, domain: Any) -> None:
        """:param domain: pkgcore's domain for the profile."""
        self._domain, self._profile = domain, domain.profile

    def enabled(self, ebuild: Any, settled: frozenset[str]) -> frozenset[str]:
        """The flags of USE_EXPAND that Portage enables for an ebuild.

        :param settled: flags that the profile forces or masks, which are not looked at.
        """
        defaults = {flag[1:] for flag in ebuild.iuse if flag.startswith("+")}
        on = {
            flag
            for flag in ebuild.iuse_stripped - settled
            if self._stacked.get(flag, flag in defaults) and self._domain.use_expand_re.match(flag)
        }
        if not on:
            return frozenset()
        kept = self._package_use(ebuild).pull_data(ebuild, pre_defaults=sorted(on))
        return frozenset(on & set(kept))

    def _package_use(self, ebuild: Any) -> Any:
        """What package.use says in the end, by whether the ebuild is stable."""
        domain = self._domain
        unstable = domain.unstable_arch in domain.settings["ACCEPT_KEYWORDS"]
        stable = domain.stable_arch in ebuild.keywords and not unstable
        return domain.stable_enabled_use if stable else domain.enabled_use

    @cached_property
    def _stacked(self) -> Mapping[str, bool]:
        """Every flag that a make.defaults names, by the last one that does."""
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
