"""Every private name of pkgcore that overlaytool uses. A release that renames one fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from pkgcore.ebuild import domain, eclass_cache, processor, profiles, repository
from pkgcore.ebuild.ebuild_src import package_factory
from pkgcore.package import metadata as pkgcore_metadata
from support import ROOT

from overlaytool.ebuild import metadata, profile
from overlaytool.ebuild import repository as our_repository

ATTRIBUTES: list[tuple[object, str]] = [
    (domain.domain, "_pkg_filters"),
    (eclass_cache.cache, "_load_eclasses"),
    (package_factory, "_get_metadata"),
    (package_factory, "_update_metadata"),
    (pkgcore_metadata.package, "_parent"),
    (processor, "_bash_quote"),
    (processor.EbuildProcessor, "_generate_env_str"),
    (profiles.OnDiskProfile, "_collapse_generic"),
    (profiles.OnDiskProfile, "_incremental_masks"),
    (profiles.OnDiskProfile, "_incremental_unmasks"),
    (profiles.OnDiskProfile, "_node_kls"),
    (profiles.ProfileNode, "_load_repoconfig_from_path"),
    (profiles.ProfileNode, "_repo_map"),
    (repository.UnconfiguredTree, "_get_packages"),
]
"""What is used or overridden of a class or module."""

SET_OR_READ = [
    (pkgcore_metadata.factory.__init__, "_parent_repo"),
    (package_factory.__init__, "_ecache"),
    (processor.EbuildProcessor._generate_env_str, "_readonly_vars"),
]
"""What a method of pkgcore sets on its object, or reads from the object that overlaytool gives it."""

NAMES = frozenset(name for _owner, name in (*ATTRIBUTES, *SET_OR_READ))

SUBCLASSES = [
    metadata.CachedMetadataFactory,
    our_repository.Eclasses,
    our_repository._Tree,
    profile._Node,
    profile._Profile,
]


@pytest.mark.parametrize(
    ("owner", "name"), ATTRIBUTES, ids=lambda value: str(getattr(value, "__name__", value))
)
def test_pkgcore_has_the_private_name(owner: object, name: str) -> None:
    assert hasattr(owner, name)


@pytest.mark.parametrize(
    ("method", "name"), SET_OR_READ, ids=lambda value: getattr(value, "__qualname__", value)
)
def test_pkgcore_sets_or_reads_the_private_name(method: object, name: str) -> None:
    assert name in method.__code__.co_names  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "overlaytool/ebuild").glob("*.py")), ids=lambda file: file.stem
)
def test_no_other_private_name_is_used(file: Path) -> None:
    assert set(foreign(ast.parse(file.read_text()))) <= NAMES


@pytest.mark.parametrize("kind", SUBCLASSES, ids=lambda kind: kind.__name__)
def test_no_other_private_name_is_overridden(kind: type) -> None:
    base = kind.__mro__[1]
    assert {name for name in vars(kind) if is_private(name) and hasattr(base, name)} <= NAMES


def foreign(module: ast.Module) -> Iterator[str]:
    """The private names that a module uses and does not define itself."""
    nodes = list(ast.walk(module))
    own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    own |= {
        node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    own.discard("_repo_map")  # set on pkgcore's class
    own.add("_replace")  # of every named tuple, documented
    for node in nodes:
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
            yield node.attr
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("pkgcore", "snakeoil")):
            yield from (alias.name for alias in node.names if is_private(alias.name))


def is_private(name: str) -> bool:
    """Whether a name is private, and not one of Python's own."""
    return name.startswith("_") and not name.startswith("__")
