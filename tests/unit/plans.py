"""Plans for tests, built from the fields that a test is about."""

from __future__ import annotations

from typing import Any

from overlaytool.model.plan import (
    Action,
    ArchLine,
    CheckoutState,
    EclassImport,
    Import,
    KeywordChange,
    LicenseImport,
    MetapackageEdit,
    Plan,
    Selected,
    TreeCommit,
    UseChange,
)
from overlaytool.model.resolution import Because, DepClass, Into, Notice, Root, package_name

OVERLAY = "sdk_container/src/third_party/coreos-overlay"
STABLE = "sdk_container/src/third_party/portage-stable"
KEYWORDS_FILE = f"{OVERLAY}/profiles/coreos/base/package.accept_keywords"
USE_FILE = f"{OVERLAY}/profiles/coreos/base/package.use"
METAPACKAGE_FILE = f"{OVERLAY}/coreos-base/coreos/coreos-0.0.1.ebuild"
GENTOO = TreeCommit(name="gentoo", commit="0123456789abcdef0123456789abcdef01234567")
GURU = TreeCommit(name="guru", commit=None)
REQUESTED = Because(parent=None, atom="sys-process/htop", dep_class=DepClass.RDEPEND)


def plan(**fields: Any) -> Plan:
    """A plan that does nothing, with ``fields`` replaced."""
    defaults: dict[str, Any] = {
        "request": (),
        "into": Into.IMAGE,
        "boards": ("amd64-usr", "arm64-usr"),
        "checkout": CheckoutState(commit="f" * 40, version="9001.0.0"),
        "sources": (GENTOO, GURU),
        "imports": (),
        "eclasses": (),
        "licenses": (),
        "keywords": (),
        "use": (),
        "metapackage": None,
        "present": (),
        "new_in_image": (),
        "warnings": (),
        "manual_work": (),
    }
    return Plan(**(defaults | fields))


def imported(package: str, *cpvs: str, action: Action = Action.ADD, **fields: Any) -> Import:
    """A package directory from Gentoo, of which ``cpvs`` are selected for amd64."""
    defaults: dict[str, Any] = {
        "source": "gentoo",
        "repository": "portage-stable",
        "selected": tuple(Selected(cpv=cpv, board="amd64-usr", root=Root.BOARD) for cpv in cpvs),
        "because": (REQUESTED,),
    }
    return Import(package=package, action=action, **(defaults | fields))


def keyword(
    atom: str, *keywords: str, comment: str = "Keep versions on both arches in sync."
) -> KeywordChange:
    """A line of package.accept_keywords."""
    return KeywordChange(atom=atom, keywords=keywords, file=KEYWORDS_FILE, comment=comment)


def use(atom: str, *flags: str, parent: str | None = None) -> UseChange:
    """A line of package.use that ``parent`` asks for."""
    because = Because(parent=parent, atom=f"{atom}[{','.join(flags)}]", dep_class=DepClass.RDEPEND)
    comment = f"Required by {package_name(parent)}." if parent else f"Asked for as {because.atom}."
    return UseChange(atom=atom, flags=flags, file=USE_FILE, because=because, comment=comment)


def edit(*added: str, revision: int = 320, **arches: str) -> MetapackageEdit:
    """New lines of the image's metapackage; ``amd64="cat/pn"`` is one for that architecture only."""
    return MetapackageEdit(
        file=METAPACKAGE_FILE,
        added=(*added, *arches.values()),
        arch_only=tuple(ArchLine(atom=atom, arch=arch) for arch, atom in arches.items()),
        revision=(revision, revision + 1),
    )


FULL_PLAN = plan(
    request=("sys-process/htop",),
    imports=(
        imported(
            "dev-libs/b",
            "dev-libs/b-2.1",
            because=(
                Because(
                    parent="sys-process/htop-3.5.3", atom=">=dev-libs/b-2[ssl]", dep_class=DepClass.RDEPEND
                ),
            ),
        ),
        imported("sys-process/htop", "sys-process/htop-3.5.3", action=Action.UPDATE),
        imported("app-misc/fetch", source="guru", repository="coreos-overlay", selected=()),
    ),
    eclasses=(
        EclassImport(
            name="foo",
            action=Action.UPDATE,
            source="gentoo",
            needed_by=("dev-libs/b-2.1",),
            inherited_by=("dev-libs/c-1",),
        ),
    ),
    licenses=(LicenseImport(name="MIT-0", source="gentoo", needed_by=("dev-libs/b-2.1",)),),
    keywords=(keyword("=dev-libs/b-2.1", "~arm64"), keyword("=sys-process/htop-3.5.3")),
    use=(use("dev-libs/c", "ssl", "-doc", parent="dev-libs/b-2.1"),),
    metapackage=edit("sys-process/htop", amd64="app-emulation/xen"),
    present=("sys-libs/ncurses-6.5",),
    new_in_image=("dev-libs/b-2.1",),
    warnings=(Notice(reference="image-masked", message="Masked there.", hint="Do that."),),
    manual_work=(Notice(reference="overlay-held", message="Held."),),
)
