"""Change sets made by hand for tests of the series, on a checkout in miniature."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from overlaytool.git.repository import Repository
from overlaytool.model.change import ChangeSet, FileChange, FileState, Step, StepKind
from overlaytool.model.plan import Action, CheckoutState, Plan, TreeCommit
from overlaytool.model.resolution import Into

STABLE = "sdk_container/src/third_party/portage-stable"
OVERLAY = "sdk_container/src/third_party/coreos-overlay"
AUTOMATION = ".github/workflows/portage-stable-packages-list"
KEYWORDS = f"{OVERLAY}/profiles/coreos/base/package.accept_keywords"
METAPACKAGE = f"{OVERLAY}/coreos-base/coreos"
CHANGELOG = "changelog/changes/2026-08-22-add-htop.md"

GENTOO = TreeCommit(name="gentoo", commit="5c1942efa446ed15b1d1eeb7f5a3b3d4d8a453a8")
GURU = TreeCommit(name="guru", commit="05abdcd720bc767a152082750d9c7a044d638059")

Contents = Mapping[str, bytes | FileState | None]
"""Path to its content afterwards: bytes for a plain file, None where it goes."""


def git(directory: Path, *arguments: str, check: bool = True) -> str:
    """What git says, with the identity of the test's home."""
    done = subprocess.run(["git", *arguments], cwd=directory, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


def plan(request: tuple[str, ...] = ("sys-process/htop",)) -> Plan:
    """A plan that says no more than what was asked."""
    return Plan(
        request=request,
        into=Into.IMAGE,
        boards=("amd64-usr", "arm64-usr"),
        checkout=CheckoutState(commit=None, version="9001.0.0"),
        sources=(GENTOO,),
        imports=(),
        eclasses=(),
        licenses=(),
        keywords=(),
        use=(),
        metapackage=None,
        present=(),
        new_in_image=(),
        warnings=(),
        manual_work=(),
    )


class Steps:
    """Builds steps one after the other: each starts from what the one before left."""

    def __init__(self, checkout: Path) -> None:
        self._tree = Repository.open(checkout).tree("HEAD")
        self._now: dict[str, FileState | None] = {}
        self._steps: list[Step] = []

    def step(
        self,
        kind: StepKind,
        subject: str,
        contents: Contents,
        *,
        source: TreeCommit | None = None,
        action: Action = Action.ADD,
    ) -> Steps:
        """One more step."""
        changes = []
        for path in sorted(contents):
            content = contents[path]
            after = FileState(mode=0o100644, content=content) if isinstance(content, bytes) else content
            before = self.text(path)
            changes.append(FileChange(path=path, before=before, after=after))
            self._now[path] = after
        self._steps.append(
            Step(kind=kind, action=action, subject=subject, source=source, changes=tuple(changes))
        )
        return self

    def text(self, path: str) -> FileState | None:
        """A file as the steps so far leave it."""
        return self._now[path] if path in self._now else self._tree.read(path)

    def content(self, path: str) -> bytes:
        """The bytes of a file that is there."""
        state = self.text(path)
        assert state is not None, path
        return state.content

    def change_set(self) -> ChangeSet:
        """All steps so far."""
        return ChangeSet(plan=plan(), steps=tuple(self._steps))


def htop(checkout: Path, *, source: TreeCommit = GENTOO) -> ChangeSet:
    """What adding htop amounts to, with the sorts of files that are hard to carry in a patch."""
    steps = Steps(checkout)
    package = f"{STABLE}/sys-process/htop"
    steps.step(
        StepKind.PACKAGE,
        "sys-process/htop",
        {
            f"{package}/Manifest": b"DIST htop-3.5.3.tar.xz 419880 BLAKE2B aa SHA512 bb\n",
            f"{package}/htop-3.5.3.ebuild": b"# Copyright\nEAPI=8\nSLOT=0\n",
            f"{package}/metadata.xml": b"<pkgmetadata/>",
            f"{package}/files/windows.patch": b"one\r\ntwo\r\nthree\n",
            f"{package}/files/carriage": b"ends with a carriage return\r",
            f"{package}/files/binary": bytes(range(256)) * 3,
            f"{package}/files/latin1.patch": b"+caf\xe9\nFrom here on\n--- a\n",
            f"{package}/files/empty": b"",
            f"{package}/files/run": FileState(mode=0o100755, content=b"#!/bin/sh\n"),
            f"{package}/files/link": FileState(mode=0o120000, content=b"run"),
        },
        source=source,
    )
    steps.step(
        StepKind.KEYWORDS,
        "sys-process/htop",
        {
            KEYWORDS: steps.content(KEYWORDS)
            + b"\n# Keep versions on both arches in sync.\n=sys-process/htop-3.5.3 ~amd64\n"
        },
    )
    steps.step(
        StepKind.METAPACKAGE,
        "coreos-base/coreos",
        {
            f"{METAPACKAGE}/coreos-0.0.1.ebuild": steps.content(f"{METAPACKAGE}/coreos-0.0.1.ebuild").replace(
                b"\tsys-libs/", b"\tsys-process/htop\n\tsys-libs/", 1
            ),
            f"{METAPACKAGE}/coreos-0.0.1-r320.ebuild": None,
            f"{METAPACKAGE}/coreos-0.0.1-r321.ebuild": steps.text(f"{METAPACKAGE}/coreos-0.0.1-r320.ebuild"),
        },
    )
    steps.step(
        StepKind.AUTOMATION,
        ".github",
        {AUTOMATION: steps.content(AUTOMATION) + b"\nsys-process/htop\n"},
    )
    steps.step(StepKind.CHANGELOG, "changelog", {CHANGELOG: b"- Added htop.\n"})
    return steps.change_set()
