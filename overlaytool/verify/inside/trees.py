"""Portage's ``trees``: one configuration for each root, built by hand.

``emerge`` takes the running root's configuration from ``/``. Here it is the SDK's own root in the
temporary directory, so that BDEPEND and IDEPEND are resolved under the SDK's profile and nothing of
the host's Portage is looked at.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import portage
import portage.dbapi.porttree as porttree
from _emerge.RootConfig import RootConfig
from portage._sets import load_default_config
from portage.cache.flat_hash import md5_database
from portage.cache.template import database
from portage.dbapi.bintree import binarytree
from portage.dbapi.porttree import portagetree
from portage.dbapi.vartree import vartree
from portage.util import LazyItemsDict

FEATURES = (
    "-sandbox -usersandbox -userpriv -userfetch -network-sandbox -ipc-sandbox -pid-sandbox -mount-sandbox"
    " -news -strict"
)
"""Reading metadata builds nothing: no namespaces, no other user."""


EAPIS_BEFORE_BDEPEND = frozenset("0123456")


class ConfigurationError(Exception):
    """Portage cannot make sense of a profile."""


class MetadataClient:
    """The line to the process that has the metadata: a line of JSON asked, a line answered.

    Asked is tree and CPV. An answer has the entry of that CPV, null where there is no such ebuild, or a text
    that says why it cannot be sourced; and the entries of others of that tree that are at hand there, and
    likely to be asked for.
    """

    def __init__(self, descriptor: int) -> None:
        self._stream = socket.socket(fileno=descriptor).makefile("rw", encoding="utf-8")
        self._told: dict[tuple[str, str], dict[str, str] | str | None] = {}

    def ask(self, tree: str, cpv: str) -> dict[str, str] | None:
        """The md5-dict entry of an ebuild, or None; None, too, when nobody answers any more.

        Every root asks for the same ebuilds, so what was told is kept.
        """
        key = (tree, cpv)
        if key not in self._told:
            self._told[key] = None
            self._told.update({(tree, name): entry for name, entry in self._ask(tree, cpv).items()})
        told = self._told[key]
        return dict(told) if isinstance(told, dict) else None

    def why_not(self, tree: str, cpv: str) -> str:
        """Why there is no entry for an ebuild that is there."""
        self.ask(tree, cpv)
        told = self._told[(tree, cpv)]
        return told if isinstance(told, str) else "it was changed while Portage was asked"

    def _ask(self, tree: str, cpv: str) -> dict[str, dict[str, str] | str | None]:
        try:
            self._stream.write(json.dumps([tree, cpv]) + "\n")
            self._stream.flush()
            answer = self._stream.readline()
        except OSError:
            return {}
        return json.loads(answer) if answer else {}


class ServedMetadata(database):  # type: ignore[misc]
    """A cache that asks :class:`MetadataClient`. Portage compares the digests itself before it believes."""

    autocommits = True
    validation_chf = "md5"
    store_eclass_paths = False

    def __init__(self, tree: str, client: MetadataClient, keys: Any) -> None:
        super().__init__(tree, "", keys, readonly=True)
        self._client = client

    def _getitem(self, cpv: str) -> dict[str, str]:
        entry = self._client.ask(self.location, str(cpv))
        if entry is None:
            raise KeyError(cpv)
        return entry

    def __contains__(self, cpv: str) -> bool:
        return self._client.ask(self.location, str(cpv)) is not None

    def __iter__(self) -> Any:
        return iter(())


class Unsourced:
    """Takes the place of what would source an ebuild: whatever could be sourced is served already."""

    def __init__(self, *, cpv: str, portdb: Any, repo_path: str, **rest: Any) -> None:
        """Portage's arguments."""
        with Path(portdb.findname(cpv, mytree=repo_path)).open(encoding="utf-8", errors="replace") as lines:
            eapi = portage._parse_eapi_ebuild_head(lines)[0] or "0"
        self.metadata = {"EAPI": eapi}  # all that Portage wants where it does not know the EAPI
        self.returncode = int(portage.eapi_is_supported(eapi))

    def start(self) -> None:
        """Nothing is started."""

    def isAlive(self) -> bool:
        """Nothing is running."""
        return False

    async def async_wait(self) -> int:
        """There is nothing to wait for."""
        return self.returncode


class Roots:
    """The roots of a job, each configured when a run first needs it."""

    def __init__(self, roots: dict[str, dict[str, str]], client: MetadataClient, *, root_deps: bool) -> None:
        """
        :param roots: by name: ``path``, and ``repositories``, the text of repos.conf.
        :param root_deps: whether emerge is called with --root-deps, see `_look_in_target_root`.
        """
        self._roots, self._client, self._root_deps = roots, client, root_deps
        self._made: dict[tuple[str, str], Any] = {}
        porttree.EbuildMetadataPhase = Unsourced

    def trees(self, target: str, use: str = "") -> Any:
        """``trees`` for a run into the root named ``target``; the host's root is the running one.

        :param use: USE flags in the environment, for that root.
        :raises ConfigurationError: when a root's profile sets no ARCH.
        """
        trees = portage._trees_dict()
        for role in dict.fromkeys(("host", target)):
            flags = use if role == target else ""
            tree = self._made.get((role, flags)) or self._make(role, flags)
            eroot = tree["root_config"].settings["EROOT"]
            trees[eroot] = tree
            if role == target:
                trees._target_eroot = eroot
            if role == "host":
                trees._running_eroot = eroot
        return trees

    def _make(self, role: str, use: str) -> Any:
        settings = _settings(role, self._roots[role], use)
        tree = self._made[(role, use)] = _tree(settings)
        tree["root_config"] = RootConfig(settings, tree, load_default_config(settings, tree))
        _serve(tree["porttree"].dbapi, self._client)
        if self._root_deps and role != "host":
            _look_in_target_root(tree["porttree"].dbapi)
        return tree


def _settings(role: str, root: dict[str, str], use: str) -> Any:
    path = root["path"]
    environment = {
        name: os.environ[name]
        for name in ("PATH", "PYTHONPATH", "HOME", "PORTAGE_USERNAME", "PORTAGE_GRPNAME")
        if name in os.environ
    }
    environment |= {
        "PORTAGE_REPOSITORIES": root["repositories"],
        "PORTAGE_DEPCACHEDIR": f"{path}/var/cache/edb/dep",
        "FEATURES": FEATURES,
        "NOCOLOR": "true",
        **({"USE": use} if use else {}),
    }
    settings = portage.config(config_root=path, target_root=path, sysroot=path, eprefix="", env=environment)
    if not settings.profiles or not settings.get("ARCH"):
        raise ConfigurationError(f"the profile of the {role} root cannot be read")
    settings.lock()
    settings._init_dirs()
    return settings


def _tree(settings: Any) -> Any:
    tree = LazyItemsDict()
    tree.addLazySingleton("virtuals", settings.getvirtuals)
    tree.addLazySingleton("vartree", vartree, categories=settings.categories, settings=settings)
    tree.addLazySingleton("porttree", portagetree, settings=settings)
    tree.addLazySingleton("bintree", binarytree, pkgdir=settings["PKGDIR"], settings=settings)
    return tree


def _serve(portdb: Any, client: MetadataClient) -> None:
    """Let a portdbapi take metadata from us."""
    for tree in portdb.porttrees:
        portdb.auxdb[tree] = md5_database(portdb.depcachedir, tree, portdb._known_keys)
        portdb._pregen_auxdb.pop(tree, None)
        served = ServedMetadata(tree, client, portdb._known_keys)
        served.ec = portdb.repositories.get_repo_for_location(tree).eclass_db
        portdb._pregen_auxdb[tree] = served
    portdb.freeze()


def _look_in_target_root(portdb: Any) -> None:
    """What --root-deps meant to the Portage of alpha-3665.0.0: DEPEND of old ebuilds is for the target root.

    Without it, and since EAPI 7 for DEPEND that is needed there, emerge looks on the build host. Later
    Portages install BDEPEND into the target root as well, so their --root-deps would ask for more than
    the build did. Moved to RDEPEND of the root's own view, it is looked up in the right place.
    """
    aux_get = portdb.aux_get

    def moved(cpv: str, keys: Any, **place: Any) -> list[str]:
        values = dict(zip(keys, aux_get(cpv, keys, **place), strict=True))
        if {"EAPI", "DEPEND", "RDEPEND"} <= values.keys() and values["EAPI"] in EAPIS_BEFORE_BDEPEND:
            values["RDEPEND"] = f"{values['RDEPEND']} {values['DEPEND']}"
            values["DEPEND"] = ""
        return [values[key] for key in keys]

    portdb.aux_get = moved
    portdb.get_unmoved = aux_get


def own_rdepend(package: Any) -> str:
    """RDEPEND as the ebuild has it, whatever `_look_in_target_root` made of it."""
    portdb = package.root_config.trees["porttree"].dbapi
    get = getattr(portdb, "get_unmoved", portdb.aux_get)
    return str(get(package.cpv, ["RDEPEND"], myrepo=package.repo)[0])
