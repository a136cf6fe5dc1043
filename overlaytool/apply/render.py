"""render(plan, tree) -> ChangeSet: a plan worked out down to bytes, in memory.

Each step becomes a commit: eclasses, licences, packages (each followed by the profile changes that it
needs), the metapackage, the automation list, the changelog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

from overlaytool.apply.package_source import (
    Distfiles,
    Issues,
    check_manifest,
    read_directory,
    read_plain,
)
from overlaytool.apply.staging import Draft
from overlaytool.errors import ManifestError, RepositoryError, StaleError, UnsafeSourceError
from overlaytool.flatcar import automation, mask_files, metapackage, profiles, sysext_entry, targets
from overlaytool.flatcar.checkout import OVERLAY, PORTAGE_STABLE
from overlaytool.flatcar.order import atom_name, place
from overlaytool.flatcar.tree import Tree, digest_of
from overlaytool.model.change import ChangeSet, FileState, StepKind
from overlaytool.model.plan import (
    Action,
    EclassImport,
    Import,
    KeywordChange,
    LicenseImport,
    Plan,
    TreeCommit,
    UseChange,
)
from overlaytool.model.resolution import package_name

REPOSITORIES = {"portage-stable": str(PORTAGE_STABLE), "coreos-overlay": str(OVERLAY)}
GENTOO = "gentoo"


def render(
    plan: Plan, tree: Tree, sources: Mapping[str, Path], distfiles: Distfiles, today: date
) -> ChangeSet:
    """What the plan changes in the checkout that ``tree`` reads. Nothing is written.

    What the checkout has already, from an earlier run, is not changed again.

    :param sources: the paths of the trees that the plan names. The caller checks that they are still at
        the commits that the plan was made from.
    :param distfiles: what the copied ebuilds fetch, to hold their Manifests against.
    :param today: for the name of the changelog entry.
    :raises UnsafeSourceError: for files that must not be copied, all of them.
    :raises ManifestError: for distfiles that no Manifest covers, all of them.
    :raises StaleError: where a source or the checkout is not as the plan says.
    :raises CheckoutError: where a file of the checkout has a shape that is not understood.
    """
    draft = Draft(tree)
    copies = _Copies(plan, draft, sources, distfiles)
    for eclass in plan.eclasses:
        copies.eclass(eclass)
    for license_import in plan.licenses:
        copies.license(license_import)
    _put_profile_edits(draft, plan)
    keywords, use = list(plan.keywords), list(plan.use)
    packages = frozenset(imported.package for imported in plan.imports)
    for imported in plan.imports:
        gone = copies.package(imported)
        of_package = _is_for(imported.package)
        _put_keywords(draft, imported.package, _remove_matching(keywords, of_package), gone)
        _put_use(draft, imported.package, _remove_matching(use, of_package))
        for change in _remove_matching(use, _asked_by(imported.package, packages)):
            _put_use(draft, atom_name(change.atom), [change])
    _raise(copies.issues)
    rest = [*(change.atom for change in keywords), *(change.atom for change in use)]
    for name in dict.fromkeys(atom_name(atom) for atom in rest):
        _put_keywords(draft, name, _remove_matching(keywords, _is_for(name)), frozenset())
        _put_use(draft, name, _remove_matching(use, _is_for(name)))
    _put_metapackage(draft, plan)
    _put_entry(draft, plan)
    _put_automation(draft, plan)
    _put_changelog(draft, plan, today)
    return ChangeSet(plan=plan, steps=draft.steps())


class _Copies:
    """What is copied from source trees, and what is wrong with it."""

    def __init__(self, plan: Plan, draft: Draft, sources: Mapping[str, Path], distfiles: Distfiles) -> None:
        self.issues = Issues()
        self._draft = draft
        self._sources = sources
        self._distfiles = distfiles
        self._commits = {source.name: source for source in plan.sources}

    def eclass(self, imported: EclassImport) -> None:
        """One eclass, as a step."""
        self._file(f"eclass/{imported.name}.eclass", imported.source, imported.digest)
        self._draft.finish(
            StepKind.ECLASS, imported.action, f"eclass/{imported.name}", self._commit(imported.source)
        )

    def license(self, imported: LicenseImport) -> None:
        """One licence text, as a step."""
        path = f"licenses/{imported.name}"
        self._file(path, imported.source, imported.digest)
        self._draft.finish(StepKind.LICENSE, Action.ADD, path, self._commit(imported.source))

    def package(self, imported: Import) -> frozenset[str]:
        """One package directory, as a step.

        :return: atoms of the versions that the checkout had and will not have.
        """
        files = read_directory(self._root(imported.source), imported.package, self.issues)
        self._compare(imported.package, files, imported.digest)
        check_manifest(imported.package, files, self._distfiles.get(imported.package, {}), self.issues)
        repository = REPOSITORIES[imported.repository]
        directory = f"{repository}/{imported.package}"
        old = {path.removeprefix(f"{directory}/") for path in self._draft.list(directory)}
        for name in sorted(old - set(files)):
            self._draft.put(f"{directory}/{name}", None)
        for name, state in files.items():
            self._draft.put(f"{directory}/{name}", state)
        _put_category(self._draft, repository, imported.package.partition("/")[0])
        self._draft.finish(StepKind.PACKAGE, imported.action, imported.package, self._commit(imported.source))
        return _versions(imported.package, old) - _versions(imported.package, files)

    def _compare(self, path: str, files: Mapping[str, FileState], planned: str) -> None:
        """Check that the copied files are those that the plan was made from, by their digest."""
        reported = any(line.startswith(path) for line in (*self.issues.missing, *self.issues.unsafe))
        if planned and not reported and digest_of(files) != planned:
            self.issues.missing.append(f"{path} is not as it was when the plan was made")

    def _file(self, path: str, source: str, planned: str) -> None:
        state = read_plain(self._root(source), path, self.issues)
        if state is not None:
            self._compare(path, {path: state}, planned)
            repository = PORTAGE_STABLE if source == GENTOO else OVERLAY
            self._draft.put(f"{repository}/{path}", state)

    def _root(self, source: str) -> Path:
        try:
            return self._sources[source]
        except KeyError:
            raise RepositoryError(
                f"the plan imports from {source}, and no such tree was given",
                hint="name it with --source, or in overlaytool.toml",
            ) from None

    def _commit(self, source: str) -> TreeCommit:
        return self._commits.get(source) or TreeCommit(name=source, commit=None)


def _raise(issues: Issues) -> None:
    """One error for all issues of the gravest kind."""
    if issues.missing:
        raise StaleError(
            "the sources do not have what the plan imports",
            details=tuple(issues.missing),
            hint="make the plan again: the trees have changed since",
        )
    if issues.unsafe:
        raise UnsafeSourceError(
            "the sources hold files that must not be copied",
            details=tuple(issues.unsafe),
            hint="git status in that tree shows whether they belong to it",
        )
    if issues.manifest:
        raise ManifestError(
            "Manifests do not cover what the copied ebuilds fetch",
            details=tuple(issues.manifest),
            hint="refresh that tree (overlaytool sync does it for Gentoo), then try again",
        )


def _versions(package: str, files: Iterable[str]) -> frozenset[str]:
    """Atoms for the ebuilds among a package directory's files."""
    category = package.partition("/")[0]
    return frozenset(
        f"={category}/{name.removesuffix('.ebuild')}"
        for name in files
        if name.endswith(".ebuild") and "/" not in name
    )


def _is_for(package: str) -> Callable[[KeywordChange | UseChange], bool]:
    return lambda change: atom_name(change.atom) == package


def _asked_by(package: str, imported: frozenset[str]) -> Callable[[UseChange], bool]:
    """Whether a package of the checkout gets its flags for the sake of ``package``."""
    return lambda change: (
        atom_name(change.atom) not in imported
        and change.because.parent is not None
        and package_name(change.because.parent) == package
    )


def _remove_matching[T](items: list[T], wanted: Callable[[T], bool]) -> list[T]:
    """Remove the entries that fit from the list, and return them."""
    taken = [item for item in items if wanted(item)]
    items[:] = [item for item in items if not wanted(item)]
    return taken


def _put_category(draft: Draft, repository: str, category: str) -> None:
    """A category that neither the repository nor its master portage-stable knows (PMS section 4.4)."""
    own, stable = f"{repository}/profiles/categories", f"{PORTAGE_STABLE}/profiles/categories"
    known = draft.read_text(own).split()
    if category in (*known, *draft.read_text(stable).split()):
        return
    position = place([(name,) for name in known], (category,))
    known.insert(position, category)
    draft.put_text(own, "".join(f"{name}\n" for name in known))


def _put_profile_edits(draft: Draft, plan: Plan) -> None:
    """Masks that are lifted and packages that count as installed, a step for each package."""
    for change in plan.masks:
        for file, text in mask_files.edits_of_mask(draft.read_text, change).items():
            draft.put_text(file, text)
        draft.finish(StepKind.MASKS, Action.ADD, atom_name(change.atom))
    for entry in plan.provided:
        for file, text in mask_files.edits_of_provided(draft.read_text, entry).items():
            draft.put_text(file, text)
        draft.finish(StepKind.PROVIDED, Action.ADD, package_name(entry.cpv))


def _put_keywords(draft: Draft, package: str, changes: Iterable[KeywordChange], gone: frozenset[str]) -> None:
    for change in changes:
        text = draft.read_text(change.file)
        draft.put_text(
            change.file,
            profiles.with_keywords(text, change.atom, change.keywords, change.comment, gone=gone),
        )
    draft.finish(StepKind.KEYWORDS, Action.ADD, package)


def _put_use(draft: Draft, package: str, changes: Iterable[UseChange]) -> None:
    for change in changes:
        text = draft.read_text(change.file)
        draft.put_text(change.file, profiles.with_use(text, change.atom, change.flags, change.comment))
    draft.finish(StepKind.USE, Action.ADD, package)


def _put_metapackage(draft: Draft, plan: Plan) -> None:
    edit = plan.metapackage
    if edit is None:
        return
    before = metapackage.read(draft, plan.into)
    conditional = {line.atom for line in edit.arch_only}
    after = before.with_lines(atom for atom in edit.added if atom not in conditional)
    for line in edit.arch_only:
        after = after.with_lines([line.atom], line.arch)
    if after.text == before.text:
        return
    if before.file != edit.file or before.revision != edit.revision[0]:
        raise StaleError(
            f"the plan takes {targets.metapackage(plan.into)} from revision {edit.revision[0]}"
            f" to {edit.revision[1]}, and it is at {before.revision}",
            hint="make the plan again: the checkout has changed since",
        )
    renamed = before.link_of(edit.revision[1]) if edit.revision[1] != before.revision else before.link
    draft.put_text(before.file if before.is_link else renamed, after.text)
    if renamed != before.link:
        if before.is_link:
            draft.put(renamed, draft.read(before.link))
        draft.put(before.link, None)
    draft.finish(StepKind.METAPACKAGE, Action.ADD, targets.metapackage(plan.into))


def _put_entry(draft: Draft, plan: Plan) -> None:
    if plan.entry is None:
        return
    text = draft.read_text(plan.entry.file)
    draft.put_text(plan.entry.file, sysext_entry.applied(text, plan.entry))
    names = ", ".join(atom_name(atom) for atom in plan.entry.added)
    what = f"Add {plan.into.name}" if plan.entry.before is None else f"Add {names} to {plan.into.name}"
    message = f"sysext: {what}\n"
    draft.finish(StepKind.ENTRY, Action.ADD, plan.entry.file, message=message)


def _put_automation(draft: Draft, plan: Plan) -> None:
    """The automation follows Gentoo: what comes from elsewhere has no place in its list."""
    names = [imported.package for imported in plan.imports if imported.repository == "portage-stable"] + [
        f"eclass/{eclass.name}.eclass" for eclass in plan.eclasses if eclass.source == GENTOO
    ]
    if names and draft.read(automation.PACKAGES_LIST):
        text = draft.read_text(automation.PACKAGES_LIST)
        draft.put_text(automation.PACKAGES_LIST, automation.with_packages(text, names))
        draft.finish(StepKind.AUTOMATION, Action.ADD, automation.PACKAGES_LIST)


def _put_changelog(draft: Draft, plan: Plan, today: date) -> None:
    if not plan.asked_for:
        return
    packages = tuple(dict.fromkeys(atom_name(atom) for atom in plan.asked_for))
    arch_only = plan.metapackage.arch_only if plan.metapackage is not None else ()
    arches = {
        package: [line.arch for line in arch_only if atom_name(line.atom) == package] for package in packages
    }
    words = [
        package.partition("/")[2] + (f" (for {' and '.join(arches[package])})" if arches[package] else "")
        for package in packages
    ]
    listing = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    bullet = f"Added {listing} {targets.facts(plan.into).added}."
    path, text = automation.changelog_entry(draft, packages, bullet, today)
    draft.put_text(path, text)
    draft.finish(StepKind.CHANGELOG, Action.ADD, "changelog")
