"""A board's or the build host's view of ebuilds: masks, keywords, licences, USE, package.provided.

Built from the checkout's own profiles by pkgcore's domain, without any configuration directory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pkgcore.ebuild import domain as pkgcore_domain
from pkgcore.ebuild import profiles as pkgcore_profiles
from pkgcore.ebuild.misc import incremental_expansion_license

from overlaytool.ebuild.depend import is_about
from overlaytool.ebuild.description import license_text
from overlaytool.ebuild.evaluate import lacking, words
from overlaytool.ebuild.profile_check import check_profile
from overlaytool.ebuild.repository import Repository
from overlaytool.ebuild.restrictions import VARIABLES, tokens, unaccepted
from overlaytool.ebuild.runtime import clean_environment
from overlaytool.ebuild.use import ProfileUse, UseSets
from overlaytool.ebuild.use_files import UseFiles
from overlaytool.errors import CheckoutError
from overlaytool.model.dependency import FlagChanges
from overlaytool.support.files import read_text

type _Identity = tuple[str, Any]
"""A CPV and pkgcore's tree: two trees with different eclasses may give one ebuild different metadata."""

NOWHERE = "/dev/null"
"""A root and configuration directory in which nothing can be found."""


class _Node(pkgcore_profiles.ProfileNode):  # type: ignore[misc]
    """A profile directory. pkgcore reads the repository's layout.conf anew for each."""

    _load_repoconfig_from_path = staticmethod(cache(pkgcore_profiles.ProfileNode._load_repoconfig_from_path))


class _Profile(pkgcore_profiles.OnDiskProfile):  # type: ignore[misc]
    """A profile of such directories."""

    _node_kls = _Node


class _Instance:
    """A repository as pkgcore's domain wants it: something to instantiate later."""

    def __init__(self, tree: object) -> None:
        self.name, self._tree = "repository", tree

    def instantiate(self) -> object:
        return self._tree


class _WithKeywords:
    """An ebuild as if its KEYWORDS were known."""

    def __init__(self, ebuild: Any, keywords: tuple[str, ...]) -> None:
        self._ebuild, self.keywords = ebuild, keywords

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ebuild, name)


class ProfileView:
    """What one profile says about ebuilds."""

    def __init__(self, profile: Path, repositories: tuple[Repository, ...], files: UseFiles) -> None:
        """
        :param profile: the profile directory, below a repository's ``profiles``.
        :param repositories: the checkout's trees, lowest priority first; the first one's licence groups hold.
        :param files: shared by the profiles of one run.
        :raises CheckoutError: when the profile or one of its parents cannot be read.
        """
        self.path = profile
        self._repositories = repositories
        _name_repositories(repositories)
        base = next(parent for parent in profile.parents if parent.name == "profiles")
        check_profile(profile, {tree.name: tree.path for tree in repositories})
        try:
            self._profile = _Profile(str(base), str(profile.relative_to(base)), load_profile_base=False)
            with clean_environment():
                self._domain = pkgcore_domain.domain(
                    self._profile,
                    [_Instance(repository.tree) for repository in repositories],
                    [],
                    root=NOWHERE,
                    config_dir=NOWHERE,
                )
                self.arch: str = self._domain.arch
        except (pkgcore_profiles.ProfileError, pkgcore_domain.Failure, OSError) as error:
            missing = tuple(_missing_parents(profile, {tree.name: tree.path for tree in repositories}))
            raise CheckoutError(
                f"the profile {profile} cannot be used",
                details=missing or (str(error),),
                hint="is the clone complete? git checkout -- sdk_container restores the files",
            ) from error
        self._use = ProfileUse(self._domain, files)
        self._iuse: dict[_Identity, frozenset[str]] = {}
        self._flags: dict[_Identity, UseSets] = {}

    # --- USE ---------------------------------------------------------------------------------------

    def _use_sets(self, ebuild: Any) -> UseSets:
        identity = (ebuild.cpvstr, ebuild.repo)
        sets = self._flags.get(identity)
        if sets is None:
            sets = self._flags[identity] = self._use.of(ebuild)
        return sets

    def use(self, ebuild: Any, changes: FlagChanges = frozenset()) -> frozenset[str]:
        """Enabled flags, with those implied by the profile, after the ``changes`` that the profile allows."""
        forced, enabled, masked = self._use_sets(ebuild)
        if not changes:
            return enabled
        iuse: frozenset[str] = ebuild.iuse_stripped
        on = {flag for flag, state in changes if state and flag not in masked}
        off = {flag for flag, state in changes if not state and flag not in forced}
        return (enabled | (on & iuse)) - off

    def unchangeable(self, ebuild: Any, changes: Iterable[tuple[str, bool]]) -> tuple[str, ...]:
        """Those of the changes that use.mask or use.force of the profile do not allow."""
        forced, _enabled, masked = self._use_sets(ebuild)
        return tuple(flag for flag, state in changes if (flag in masked if state else flag in forced))

    def iuse(self, ebuild: Any) -> frozenset[str]:
        """IUSE_EFFECTIVE (PMS section 11.1.1)."""
        identity = (ebuild.cpvstr, ebuild.repo)
        iuse = self._iuse.get(identity)
        if iuse is None:
            iuse = self._iuse[identity] = self._profile.iuse_effective | ebuild.iuse_stripped
        return iuse

    # --- visibility --------------------------------------------------------------------------------

    def mask(self, ebuild: Any, repository: Repository) -> str | None:
        """The package.mask atom of profile or repository that hides an ebuild, or None.

        An ebuild of a source is looked at as if it lay in portage-stable, where it will be built.
        """
        masks, _unmasks = self._masks(repository)
        for atom in masks.get(ebuild.key, ()):
            if is_about(atom, ebuild):
                return None if self.unmasked(ebuild, repository) else str(atom)
        return None

    def unmasked(self, ebuild: Any, repository: Repository) -> bool:
        """Whether package.unmask of the profile is about an ebuild."""
        _masks, unmasks = self._masks(repository)
        return any(is_about(unmask, ebuild) for unmask in unmasks.get(ebuild.key, ()))

    def _masks(self, repository: Repository) -> tuple[Mapping[str, list[Any]], Mapping[str, list[Any]]]:
        known = self._mask_index.get(repository.name)
        if known is None:
            masks: set[Any] = set(self._repositories[0].tree.pkg_masks)
            if repository in self._repositories:
                masks |= set(repository.tree.pkg_masks)
            for removed, added in self._profile._incremental_masks:
                masks = (masks - set(removed)) | set(added)
            unmasks: set[Any] = set()
            for removed, added in self._profile._incremental_unmasks:
                unmasks = (unmasks - set(removed)) | set(added)
            known = self._mask_index[repository.name] = (_by_package(masks), _by_package(unmasks))
        return known

    @cached_property
    def _mask_index(self) -> dict[str, tuple[Mapping[str, list[Any]], Mapping[str, list[Any]]]]:
        return {}

    def keyword_accepted(self, ebuild: Any, keywords: tuple[str, ...] | None = None) -> bool:
        """Whether ACCEPT_KEYWORDS and package.accept_keywords of the profile admit an ebuild.

        :param keywords: what to take for its KEYWORDS instead of sourcing it.
        """
        if ebuild.key not in self._accepted and self._plain_keywords:
            return not self._plain_keywords.isdisjoint(ebuild.keywords if keywords is None else keywords)
        seen = ebuild if keywords is None else _WithKeywords(ebuild, keywords)
        return is_about(self._keyword_filter, seen)

    @cached_property
    def _plain_keywords(self) -> frozenset[str]:
        """The keywords that are accepted for any package; empty where package.accept_keywords counts too."""
        accepted = {self.arch, *self._domain.settings["ACCEPT_KEYWORDS"]}
        accepted |= {keyword.lstrip("~") for keyword in accepted}
        special = self._profile.keywords or any("*" in keyword for keyword in accepted)
        return frozenset() if special else frozenset(accepted)

    def stable(self, ebuild: Any) -> bool:
        """Whether ACCEPT_KEYWORDS admits an ebuild by itself, without package.accept_keywords."""
        accepted = {self.arch, *self._domain.settings["ACCEPT_KEYWORDS"]}
        return not accepted.isdisjoint(ebuild.keywords)

    def accepts_unkeyworded(self, ebuild: Any) -> bool:
        """Whether an ebuild would be admitted whatever its KEYWORDS, by ``**``. Sources nothing."""
        return any(
            "**" in keywords and is_about(atom, ebuild)
            for atom, keywords in self._accepted.get(ebuild.key, ())
        )

    @cached_property
    def _accepted(self) -> Mapping[str, list[tuple[Any, tuple[str, ...]]]]:
        index: dict[str, list[tuple[Any, tuple[str, ...]]]] = defaultdict(list)
        for atom, keywords in self._profile.accept_keywords:
            index[atom.key].append((atom, keywords))
        return index

    @cached_property
    def _keyword_filter(self) -> Any:
        with clean_environment():
            return self._domain._pkg_filters()[0]

    def unaccepted_licenses(self, ebuild: Any) -> tuple[str, ...]:
        """The licences of an ebuild that ACCEPT_LICENSE does not admit; empty where one choice is."""
        if not self._accepted_licenses:
            return ()
        text = license_text(ebuild, lambda: self.use(ebuild))
        known = self._refused_licenses.get(text)
        if known is None:
            named = frozenset(words(text, ()))
            allowed = incremental_expansion_license(
                ebuild, named, self._license_groups, self._accepted_licenses
            )
            known = self._refused_licenses[text] = lacking(text, named & set(allowed))
        return known

    def unaccepted_tokens(self, ebuild: Any) -> tuple[str, ...]:
        """The values of RESTRICT and PROPERTIES of an ebuild that the profile does not accept."""
        found = []
        for variable, accepted in self._accepted_tokens.items():
            if accepted != ("*",) and ebuild.data.get(variable):
                said = tokens(ebuild, variable, self.use(ebuild))
                found += [f"{variable} {token}" for token in unaccepted(said, accepted)]
        return tuple(found)

    @cached_property
    def _accepted_tokens(self) -> Mapping[str, tuple[str, ...]]:
        """The accepted values of RESTRICT and of PROPERTIES: the last make.defaults that sets them counts."""
        values = dict.fromkeys(VARIABLES, ("*",))
        for node in self._profile.stack:
            for variable, accepting in VARIABLES.items():
                if said := node.default_env.get(accepting, ""):
                    values[variable] = ("*", *said.split())
        return values

    @cached_property
    def _accepted_licenses(self) -> tuple[str, ...]:
        return tuple(self._domain.settings.get("ACCEPT_LICENSE", ()))

    @cached_property
    def _refused_licenses(self) -> dict[str, tuple[str, ...]]:
        return {}

    @cached_property
    def _license_groups(self) -> Any:
        return self._repositories[0].tree.licenses.groups

    # --- package.provided --------------------------------------------------------------------------

    @cached_property
    def provided(self) -> Mapping[str, tuple[Any, ...]]:
        """package.provided by ``category/name``: pkgcore's versioned CPVs."""
        index: dict[str, list[Any]] = defaultdict(list)
        for entry in self._profile._collapse_generic("pkg_provided"):
            index[entry.key].append(entry)
        return {package: tuple(sorted(entries)) for package, entries in index.items()}

    @cached_property
    def system(self) -> tuple[str, ...]:
        """The profile's ``packages``: atoms of the system set."""
        return tuple(sorted(str(atom) for atom in self._profile.system))

    def nodes(self, ebuild: Any) -> tuple[tuple[Path, bool], ...]:
        """The directories, parents first, and whether the ``.stable`` files of each count for an ebuild."""
        return self._use.nodes(ebuild)

    @cached_property
    def stage1(self) -> tuple[str, ...]:
        """The profile's ``packages.build``, sorted: what catalyst builds a stage 1 from."""
        atoms: dict[str, None] = {}
        for directory in self.files:
            file = directory / "packages.build"
            lines = read_text(file, errors="replace").splitlines() if file.is_file() else []
            for line in filter(None, (line.partition("#")[0].strip() for line in lines)):
                if line.startswith("-"):
                    atoms.pop(line[1:], None)
                else:
                    atoms[line] = None
        return tuple(sorted(atoms))

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The profile's directories, parents first."""
        return tuple(Path(node.path) for node in self._profile.stack)


def _by_package(atoms: Iterable[Any]) -> Mapping[str, list[Any]]:
    index: dict[str, list[Any]] = defaultdict(list)
    for atom in sorted(atoms, key=str):
        index[atom.key].append(atom)
    return index


def _missing_parents(profile: Path, trees: Mapping[str, Path]) -> Iterator[str]:
    """What ``parent`` files name and is not there (PMS section 5.2.1; Portage adds ``repository:path``)."""
    file = profile / "parent"
    lines = read_text(file, errors="replace").splitlines() if file.is_file() else []
    for line in filter(None, (line.partition("#")[0].strip() for line in lines)):
        name, colon, path = line.partition(":")
        own = next(parent for parent in profile.parents if parent.name == "profiles")
        tree = trees.get(name)
        parent = profile / line if not colon else (tree / "profiles" if tree else own) / path
        if not parent.is_dir():
            yield f"{file} names {line}, which is not there"
        else:
            yield from _missing_parents(parent.resolve(), trees)


def _name_repositories(repositories: tuple[Repository, ...]) -> None:
    """Let ``repo:path`` parents be found, by both names that portage-stable has had.

    pkgcore keeps profile nodes for the whole process and this table on their class.
    """
    table = dict(pkgcore_profiles.ProfileNode._repo_map or {})
    for repository in repositories:
        table[repository.tree.repo_id] = str(repository.path)
        table[repository.name] = str(repository.path)
    pkgcore_profiles.ProfileNode._repo_map = table
