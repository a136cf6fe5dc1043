"""What a change brought, as far as a complaint of Portage can concern it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from msgspec import Struct

from overlaytool.flatcar import targets
from overlaytool.flatcar.checkout import TREES
from overlaytool.model.plan import Action, Plan
from overlaytool.model.target import Into

NO_CATEGORIES = frozenset(("coreos", "licenses", "metadata", "profiles", "scripts", "changelog"))
"""Directories of a tree that hold no packages."""


class Steps(Struct, frozen=True, kw_only=True):
    """The steps of a change, from a plan or from the files that differ."""

    added: frozenset[str] = frozenset()
    """``category/name`` of packages that were not there before: nothing can have built them."""
    updated: frozenset[str] = frozenset()
    eclasses: frozenset[str] = frozenset()
    metapackage: str | None = None
    """The metapackage that got the request."""

    @classmethod
    def of(cls, plan: Plan) -> Steps:
        """The steps that a plan has."""
        edit = plan.metapackage
        return cls(
            added=frozenset(entry.package for entry in plan.imports if entry.action is Action.ADD),
            updated=frozenset(entry.package for entry in plan.imports if entry.action is Action.UPDATE),
            eclasses=frozenset(entry.name for entry in plan.eclasses),
            metapackage="/".join(PurePosixPath(edit.file).parts[-3:-1]) if edit else None,
        )

    @classmethod
    def between(cls, paths: Iterable[str], existed: Callable[[str], bool]) -> Steps:
        """The steps that differing files amount to.

        :param paths: relative to the checkout, with forward slashes.
        :param existed: whether a directory of the checkout was there before.
        """
        added: set[str] = set()
        updated: set[str] = set()
        eclasses: set[str] = set()
        for path in paths:
            match PurePosixPath(path).relative_to(TREES).parts:
                case (_, "eclass", file):
                    eclasses.add(file.removesuffix(".eclass"))
                case (tree, category, name, _, *_) if category not in NO_CATEGORIES:
                    known = existed(str(TREES / tree / category / name))
                    (updated if known else added).add(f"{category}/{name}")
        metapackages = sorted(
            updated.intersection(map(targets.metapackage, (Into.IMAGE, Into.BOARD, Into.SDK)))
        )
        return cls(
            added=frozenset(added),
            updated=frozenset(updated.difference(metapackages)),
            eclasses=frozenset(eclasses),
            metapackage=metapackages[0] if metapackages else None,
        )

    def concerned(self, packages: Iterable[str], eclass: str | None) -> str | None:
        """The subject of the first step that has to do with one of these packages, nearest first."""
        if eclass in self.eclasses:
            return f"eclass/{eclass}"
        for package in packages:
            if package in self.added or package in self.updated or package == self.metapackage:
                return package
        return None


NO_STEPS = Steps()
"""Nothing was changed, or nobody knows what."""
