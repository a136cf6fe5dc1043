"""plan(request, closure) -> Removal: lines, packages and leftovers to remove, and why nothing needs them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import PurePosixPath

from overlaytool.ebuild.candidate import EbuildCandidate
from overlaytool.ebuild.eclass import inherited_in, live_eclasses
from overlaytool.errors import NeededError, UnknownPackageError
from overlaytool.flatcar import targets
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.flatcar.dropping import asked_in
from overlaytool.flatcar.inventory import OURS, Inventory, PackageDirectory, licenses_in, names_package
from overlaytool.flatcar.metapackage import Metapackage
from overlaytool.flatcar.order import atom_name
from overlaytool.git.repository import Repository
from overlaytool.model.removal import RemovedEntry, RemovedFile, RemovedLine, RemovedPackage
from overlaytool.model.resolution import package_name
from overlaytool.model.target import Into, TargetKind
from overlaytool.plan.arrival import came_before
from overlaytool.plan.leftovers import entries_of, hooks_of
from overlaytool.resolve.roots import Everything
from overlaytool.resolve.without import Cut, Left

MAX_CHAINS = 5
EXTENSIONS = (TargetKind.SYSEXT, TargetKind.BASE_SYSEXT)
"""Targets that a line of a script is made of."""


class Removing:
    """One removal while it is worked out."""

    def __init__(
        self,
        packages: tuple[str, ...],
        everything: Everything[EbuildCandidate],
        inventory: Inventory,
        metapackages: Mapping[Into, tuple[Metapackage, int]],
        provide: tuple[str, ...],
        repository: Repository | None,
    ) -> None:
        """
        :param packages: what was asked for, ``category/name``.
        :param metapackages: those whose lines may go, with the revision that a change takes them to.
        :param provide: CPVs that package.provided gets.
        :param repository: the checkout's; None where it is no git work tree.
        :raises UnknownPackageError: for a package that the checkout does not have.
        :raises NeededError: where a target still needs one of them.
        """
        self.requested, self.inventory, self._all = packages, inventory, everything
        self._metapackages, self._provide, self._repository = metapackages, provide, repository
        for name in packages:
            if name not in inventory.packages:
                raise UnknownPackageError(
                    f"the checkout has no package {name}", hint="overlaytool audit lists what is left over"
                )
        names = {targets.metapackage(into) for into in metapackages}
        sysexts = {into for into in everything.targets if into.kind in EXTENSIONS}
        given = {package_name(cpv) for cpv in provide}
        self._before = Left(everything, Cut((), (), ()))
        self._left = Left(everything, Cut(packages, names, sysexts, given))
        self._refuse()

    def _refuse(self) -> None:
        needed = [name for name in self.requested if name in self._left.packages]
        if not needed:
            return
        details: list[str] = []
        for name in needed[:MAX_CHAINS]:
            found = self._left.chain(name)
            if found is not None:
                target, way = found
                details.append(f"{name}, for {targets.facts(target).where}:")
                details += [f"  {use.parent} {use.dep_class}s on {use.atom} ({use.view})" for use in way]
                if not way:
                    details.append(f"  {target} asks for it")
        raise NeededError(
            f"{' and '.join(needed)} cannot be removed: still needed",
            details=tuple(details),
            hint="remove what needs it too, switch that off by USE,"
            " or do without: --provide CATEGORY/NAME-VERSION",
        )

    @cached_property
    def gone(self) -> dict[str, PackageDirectory]:
        """The packages that go, and where they are: what was asked for, and what only that needed.

        A package that was there before, unused, stays, and so does everything that it needs.
        """
        places = {
            name: place
            for name in {*self.requested, *(self._before.packages - self._left.packages)}
            for place in self.inventory.packages.get(name, ())
            if place.repository in OURS
        }
        stay = {name for name in places if name not in self.requested and self._was_unused(name, places)}
        pending = list(stay)
        while pending:
            below = {other for other in places if pending[-1] in self.users(other)} - {*stay, *self.requested}
            pending.pop()
            stay |= below
            pending += below
        return {name: place for name, place in places.items() if name not in stay}

    def _was_unused(self, name: str, places: Mapping[str, PackageDirectory]) -> bool:
        """Whether a package was left over before those came that need it."""
        if self._repository is None:
            return False
        users = [places[user].path for user in self.users(name) if user in places and user != name]
        gone = [place.path for place in places.values()]
        return bool(users) and came_before(
            self._repository, places[name].path, users, partial(_packages_named_in, name), gone
        )

    def lines(self) -> Iterator[RemovedLine]:
        """The lines of targets that ask for the packages to remove."""
        for into, (meta, revision) in self._metapackages.items():
            for name in sorted(asked_in(meta) & set(self.requested)):
                yield RemovedLine(
                    target=str(into), package=name, file=meta.file, revision=(meta.revision, revision)
                )
        for target in (*targets.base_sysexts(self.inventory.tree), *targets.sysexts(self.inventory.tree)):
            for name in dict.fromkeys(atom_name(atom) for atom in target.atoms):
                if name in self.requested:
                    yield RemovedLine(target=str(target.into), package=name, file=target.file, revision=None)

    def packages(self) -> Iterator[RemovedPackage]:
        """The package directories, those that need others first."""
        gone = self.gone
        order: list[str] = []
        pending = [name for name in (*self.requested, *sorted(gone)) if name in gone]
        users = {name: set(self.users(name)) & gone.keys() - {name} for name in gone}
        while pending:
            ready = [name for name in dict.fromkeys(pending) if not users[name] - set(order)] or pending[:1]
            order += ready
            pending = [name for name in pending if name not in order]
        for name in order:
            yield RemovedPackage(
                package=name,
                path=gone[name].path,
                requested=name in self.requested,
                because=self._because(name, gone),
            )

    def users(self, name: str) -> tuple[str, ...]:
        """The packages that depend on one today."""
        links = self._all.links_to.get(name, ())
        return tuple(
            dict.fromkeys(
                link.parent.candidate.package
                for link in links
                if link.parent is not None and link.parent.candidate is not None
            )
        )

    def _because(self, name: str, gone: Mapping[str, object]) -> str:
        users = self.users(name)
        views = ", ".join(sorted({link.child.view.name for link in self._all.links_to.get(name, ())}))
        by = [user for user in users if user in gone and user != name]
        if any(package_name(cpv) == name for cpv in self._provide):
            return f"package.provided has it from now on ({views})"
        if name not in self._before.packages:
            return "no target needs it, on any board, the build host or in a system extension"
        if not by:
            return f"only the lines that go asked for it ({views})"
        more = f" and {len(by) - 4} more" if len(by) > 4 else ""
        return f"only {', '.join(by[:4])}{more} needed it ({views})"

    def entries(self) -> tuple[RemovedEntry, ...]:
        """The lines of profile files about removed packages, and of package.provided that only they need."""
        unused = {
            cpv
            for cpv, view in self._before.provided - self._left.provided
            if all(cpv != other for other, _view in self._left.provided)
        } - set(self._provide)
        return tuple(entries_of(self.inventory, self.gone.keys(), unused, self._provide))

    def hooks(self) -> tuple[RemovedFile, ...]:
        """Environment hooks and user-patches of what goes."""
        return tuple(hooks_of(self.inventory, self.gone.keys()))

    def leaves_image(self) -> tuple[str, ...]:
        """The CPVs that the image has at run time today, and has on no board afterwards."""
        left = self._left.cpvs
        return tuple(
            sorted(
                {
                    cpv
                    for where in self._all.selected_at_run_time.values()
                    for (target, view), cpvs in where.items()
                    if target.kind in (TargetKind.IMAGE, TargetKind.BASE_SYSEXT)
                    for cpv in cpvs
                    if cpv in self._before.cpvs.get(view, frozenset()) - left.get(view, frozenset())
                }
            )
        )

    def eclasses(self) -> Iterator[RemovedFile]:
        """The eclasses that only removed packages inherit."""
        dropped, kept = self._texts()
        live = live_eclasses(kept, self.inventory.eclass_texts)
        dead = live_eclasses({**kept, **dropped}, self.inventory.eclass_texts) - live
        places = {
            PurePosixPath(path).stem: path
            for path in self.inventory.eclass_texts
            if PurePosixPath(path).stem in dead and path.startswith((f"{PORTAGE_STABLE}/", f"{OVERLAY}/"))
        }
        users = {
            name: [each for each, text in dropped.items() if self._inherits(text, name)] for name in places
        }
        there = {
            name: self.inventory.eclass_texts[path]
            for name, path in places.items()
            if self._was_there_before(path, users[name], partial(_inherited, name))
        }
        needed = live_eclasses(there, self.inventory.eclass_texts) | there.keys()
        for name, path in places.items():
            if name not in needed:
                direct = sorted(
                    {_package_of(each) for each in users[name] if _inherited(name, dropped[each])}
                )
                who = ", ".join(direct[:4]) or "eclasses that go"
                yield RemovedFile(name=f"eclass/{name}.eclass", path=path, because=f"only {who} inherited it")

    def _inherits(self, text: str, name: str) -> bool:
        """Whether an ebuild inherits an eclass, through others too."""
        return name in live_eclasses({"": text}, self.inventory.eclass_texts)

    def licenses(self, eclasses: Collection[str]) -> Iterator[RemovedFile]:
        """The licence texts that only removed packages name.

        :param eclasses: the paths of those that go.
        """
        dropped, kept = self._texts()
        for path, text in self.inventory.eclass_texts.items():
            (dropped if path in eclasses else kept)[path] = text
        named = {name for text in kept.values() for name in licenses_in(text)}
        users: dict[str, list[str]] = {}
        for path, text in dropped.items():
            for name in set(licenses_in(text)) - named:
                users.setdefault(name, []).append(path)
        for repository in (PORTAGE_STABLE, OVERLAY):
            for name, by in sorted(users.items()):
                path = f"{repository}/licenses/{name}"
                there = self.inventory.tree.read(path) is not None
                if there and not self._was_there_before(path, by, partial(_licensed, name)):
                    because = f"only {', '.join(sorted({_package_of(each) for each in by})[:4])} named it"
                    yield RemovedFile(name=f"licenses/{name}", path=path, because=because)

    def _was_there_before(self, path: str, users: Iterable[str], uses: Callable[[str], bool]) -> bool:
        """Whether a file was left over before the packages came that use it."""
        if self._repository is None:
            return False
        gone = [place.path for place in self.gone.values()]
        directories = {user.rpartition("/")[0] for user in users if user.endswith(".ebuild")}
        return bool(directories) and came_before(self._repository, path, directories, uses, gone)

    def _texts(self) -> tuple[dict[str, str], dict[str, str]]:
        """The ebuilds that go, and those that stay: path to text."""
        prefixes = tuple(f"{place.path}/" for place in self.gone.values())
        dropped: dict[str, str] = {}
        kept: dict[str, str] = {}
        for path, text in self.inventory.ebuild_texts.items():
            (dropped if path.startswith(prefixes) else kept)[path] = text
        return dropped, kept

    def categories(self) -> Iterator[RemovedEntry]:
        """Lines of ``profiles/categories`` for categories that become empty, not those that were."""
        gone = self.gone
        for repository in OURS:
            path = f"{PORTAGE_STABLE.parent}/{repository}/profiles/categories"
            lines = (self.inventory.text(path) or "").split("\n")
            there = {place.name for place in self.inventory.directories if place.repository == repository}
            used = {name.partition("/")[0] for name in there}
            left = {
                name.partition("/")[0]
                for name in there
                if name not in gone or gone[name].repository != repository
            }
            listed = {line.strip() for line in lines if line.strip()}
            if listed - used:
                continue
            for number, line in enumerate(lines, 1):
                if line.strip() and line.strip() not in left:
                    yield RemovedEntry(
                        package=line.strip(),
                        file=path,
                        line=number,
                        text=line,
                        because="it has no package left",
                    )


def _packages_named_in(name: str, text: str) -> bool:
    return names_package(text, name)


def _inherited(name: str, text: str) -> bool:
    return name in inherited_in(text)


def _licensed(name: str, text: str) -> bool:
    return name in licenses_in(text)


def _package_of(path: str) -> str:
    """``category/name`` of an ebuild's path; an eclass's own name."""
    parts = path.split("/")
    return "/".join(parts[-3:-1]) if path.endswith(".ebuild") else parts[-1]
