"""Everything that is particular to each target: the image, boards, the SDK, each system extension, each OEM.

:func:`facts` needs a target's name only. :func:`read` lists the targets of a checkout, with what
emerge is asked for to build each; it reads a work tree or a commit, from alpha-3665.0.0 to main.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from msgspec import Struct

from overlaytool.flatcar.checkout import OVERLAY
from overlaytool.flatcar.tree import Tree
from overlaytool.model.resolution import Root
from overlaytool.model.target import Into, TargetKind

EXTRA_SYSEXTS = "build_library/extra_sysexts.sh"
BUILD_IMAGE = "build_image"
VM_IMAGES = "build_library/vm_image_util.sh"
TORCX = "build_torcx_store"
TOOLCHAIN = "build_library/toolchain_util.sh"
SYSTEM_SET = "@system"
"""The profile's ``packages`` (PMS section 5.2.6), as emerge names them."""
STAGE1_SET = "@stage1"
"""The profile's ``packages.build``, which catalyst builds a stage 1 from."""

_KEYWORDS = re.compile(r"""^\s*KEYWORDS=["']?([^"'\n]*)""", re.MULTILINE)


class Facts(Struct, frozen=True, kw_only=True):
    """What is particular to a kind of target, whatever a checkout says."""

    where: str
    """In a sentence: ``the image``, ``the system extension zfs``."""
    added: str
    """After ``Added htop``, in a changelog entry: ``to the image``."""
    metapackage: str | None
    """``category/name`` of the ebuild that a request is written into; None: a line of a script."""
    variable: str = "RDEPEND"
    """The dependency variable of that ebuild that gets the line."""
    root: Root = Root.BOARD
    """Where the packages are merged."""
    beside: tuple[Into, ...] = ()
    """The targets whose packages come into one root with those of this one."""
    own_root: bool = False
    """Whether its packages are merged into a root of its own, on top of the image."""
    requests: bool = True
    """Whether ``--into`` may name it."""


class Target(Struct, frozen=True, kw_only=True):
    """One target of a checkout."""

    into: Into
    atoms: tuple[str, ...]
    """What emerge is asked for: the metapackage, packages, or a set of the profile such as ``@system``."""
    use: tuple[str, ...] = ()
    """USE flags in the environment while it is built, as they stand: ``-kernel-open persistenced``."""
    arches: tuple[str, ...] = ()
    """The only arches that it is built for; empty: every one."""
    file: str
    """What says so, relative to the checkout."""

    @property
    def facts(self) -> Facts:
        """What is particular to its kind."""
        return facts(self.into)

    @property
    def flags(self) -> frozenset[tuple[str, bool]]:
        """:attr:`use` as flags and their states; the last word about a flag counts."""
        return frozenset({word.lstrip("-"): not word.startswith("-") for word in self.use}.items())

    def is_for(self, arch: str | None) -> bool:
        """Whether it is built for an arch. None: the build host, whose targets are built once."""
        if (arch is None) != (self.facts.root is Root.HOST):
            return False
        return arch is None or not self.arches or arch in self.arches


def facts(into: Into) -> Facts:
    """What is particular to a target, from its name alone."""
    name = into.name
    match into.kind:
        case TargetKind.IMAGE:
            return Facts(where="the image", added="to the image", metapackage="coreos-base/coreos")
        case TargetKind.BOARD:
            return Facts(
                where="the packages that are built beside the image",
                added="to the packages that are built for system extensions",
                metapackage="coreos-devel/board-packages",
                beside=(Into.IMAGE,),
            )
        case TargetKind.SDK:
            return Facts(
                where="the SDK",
                added="to the SDK",
                metapackage="coreos-devel/sdk-depends",
                variable="DEPEND",
                root=Root.HOST,
            )
        case TargetKind.BASE_SYSEXT:
            return _on_top(f"the system extension {name} of the image")
        case TargetKind.SYSEXT:
            return _on_top(f"the system extension {name}")
        case TargetKind.OEM:
            return _on_top(f"the OEM {name}", f"coreos-base/oem-{name}")
        case TargetKind.DEV:
            return Facts(
                where="the developer container",
                added="to the developer container",
                metapackage="coreos-base/coreos-dev",
                requests=False,
            )
        case TargetKind.SDK_BUILD:
            return Facts(
                where=f"the SDK's own build ({name})",
                added="to the SDK's own build",
                metapackage=None,
                root=Root.HOST,
                requests=False,
            )


def _on_top(where: str, metapackage: str | None = None) -> Facts:
    """What is merged into a root of its own, on top of the image."""
    return Facts(
        where=where, added=f"to {where}", metapackage=metapackage, beside=(Into.IMAGE,), own_root=True
    )


def metapackage(into: Into) -> str:
    """The ebuild that a request into a target is written into.

    :raises LookupError: for a target that is a line of a script.
    """
    found = facts(into).metapackage
    if found is None:
        raise LookupError(into)
    return found


def read(tree: Tree) -> tuple[Target, ...]:
    """Every target of a checkout: what is built for boards first, then the build host's.

    A script that is not there, or that has another shape, has no targets. Two OEM targets can have one
    ebuild, with different USE flags (``coreos-base/common-oem-files`` until 2024).
    """
    image = str(OVERLAY / "coreos-base/coreos")
    board = str(OVERLAY / "coreos-devel/board-packages")
    dev = str(OVERLAY / "coreos-base/coreos-dev")
    return (
        Target(into=Into.IMAGE, atoms=("coreos-base/coreos",), file=image),
        Target(into=Into.BOARD, atoms=("coreos-devel/board-packages",), file=board),
        *(
            (Target(into=Into("dev"), atoms=(SYSTEM_SET, "coreos-base/coreos-dev"), file=dev),)
            if tree.list(dev)
            else ()
        ),
        *base_sysexts(tree),
        *sysexts(tree),
        *_oems(tree),
        *_sdk(tree),
    )


def find(tree: Tree, into: Into) -> Target | None:
    """One target of a checkout, or None where it has no such target.

    ``base-sysext:docker-flatcar`` and ``sysext:flatcar-zfs``, as the image files are called, are found too.
    """
    names = {into.name, into.name.removesuffix("-flatcar"), into.name.removeprefix("flatcar-")}
    return next(
        (target for target in read(tree) if target.into.kind is into.kind and target.into.name in names), None
    )


def base_sysexts(tree: Tree) -> tuple[Target, ...]:
    """The system extensions that build_image puts into the image, lowest first; at 3665, torcx's image."""
    found = re.search(r'DEFINE_string\s+base_sysexts\s+"([^"]*)"', _text(tree, BUILD_IMAGE))
    targets = []
    for entry in (found[1] if found else "").split(","):
        name, _, packages = entry.strip().partition("|" if "|" in entry else ":")
        if name and packages:
            into = Into(f"{TargetKind.BASE_SYSEXT}:{name.removesuffix('-flatcar')}")
            targets.append(Target(into=into, atoms=tuple(packages.split("&")), file=BUILD_IMAGE))
    torcx = re.search(r"^\s*=?(app-torcx/([\w-]+?)-\d\S*)", _text(tree, TORCX), re.MULTILINE)
    if torcx:
        into = Into(f"{TargetKind.BASE_SYSEXT}:{torcx[2]}")
        targets.append(Target(into=into, atoms=(f"={torcx[1]}",), file=TORCX))
    return tuple(targets)


def sysexts(tree: Tree) -> tuple[Target, ...]:
    """The entries of EXTRA_SYSEXTS: ``name|pkg,pkg|USE|arches``, or ``name:pkg,pkg`` as in 2024."""
    targets = []
    for entry in bash_array(_text(tree, EXTRA_SYSEXTS), "EXTRA_SYSEXTS"):
        if "|" in entry:
            name, packages, use, arches, *_ = (*entry.split("|"), "", "", "")
        else:
            (name, _, packages), use, arches = entry.partition(":"), "", ""
        if name and packages:
            targets.append(
                Target(
                    into=Into(f"{TargetKind.SYSEXT}:{name}"),
                    atoms=_words(packages),
                    use=_words(use),
                    arches=_words(arches),
                    file=EXTRA_SYSEXTS,
                )
            )
    return tuple(targets)


def bash_array(text: str, name: str) -> tuple[str, ...]:
    """The words of an array that a script assigns literally, without quotes and comments; the last counts.

    An array that the end of the file cuts off counts up to there.
    """
    words: list[str] = []
    for found in re.finditer(rf"^[ \t]*(?:declare\s+(?:-\w+\s+)*)?{name}=\(", text, re.MULTILINE):
        reader = shlex.shlex(text[found.end() :], posix=True, punctuation_chars="()")
        reader.whitespace_split = True
        words = []
        try:
            while (word := reader.get_token()) not in (")", None):
                words.append(str(word))
        except ValueError:  # a quote that is never closed
            continue
    return tuple(words)


def _words(text: str) -> tuple[str, ...]:
    """Words with commas or blanks between, as bash splits them."""
    return tuple(text.replace(",", " ").split())


def _oems(tree: Tree) -> Iterator[Target]:
    """Each ``coreos-base/oem-NAME``, and what vm_image_util.sh puts into the OEM partition with USE flags."""
    base = f"{OVERLAY}/coreos-base"
    arches: dict[str, set[str]] = {}
    for path in tree.list(base):
        package = path.removeprefix(f"{base}/").partition("/")[0]
        if package.startswith("oem-") and path.endswith(".ebuild"):
            keywords = _KEYWORDS.search(_text(tree, path))
            words = keywords[1].split() if keywords else []
            arches.setdefault(package, set()).update(word.lstrip("~") for word in words)
    use = _oem_flags(_text(tree, VM_IMAGES))
    for package in dict.fromkeys([*arches, *use]):
        directory = f"{base}/{package}"
        if package not in arches and not tree.list(directory):
            continue
        for number, flags in enumerate(use.get(package, [()])):
            own = package in arches and not number
            name = package.removeprefix("oem-") + ("" if own else f"-{'-'.join(flags)}")
            yield Target(
                into=Into(f"{TargetKind.OEM}:{name}"),
                atoms=(f"coreos-base/{package}",),
                use=flags,
                arches=tuple(sorted(arches.get(package, ()))),
                file=directory,
            )


def _oem_flags(text: str) -> dict[str, list[tuple[str, ...]]]:
    """The USE flags with which packages are put into OEM partitions: ``IMG_FORMAT_OEM_PACKAGE`` and its twin.

    main has neither any more.
    """
    settings = dict(re.findall(r"""^IMG_(\w+_OEM_(?:PACKAGE|USE))=["']?([^"'\n]*)""", text, re.MULTILINE))
    found: dict[str, list[tuple[str, ...]]] = {}
    for setting, package in settings.items():
        image = setting.removesuffix("_OEM_PACKAGE")
        flags = _words(settings.get(f"{image}_OEM_USE", ""))
        if image not in (setting, "DEFAULT", "FORCE") and package and flags not in found.get(package, ()):
            found.setdefault(package, []).append(flags)
    return found


def _sdk(tree: Tree) -> Iterator[Target]:
    """The build host's: what a developer gets, and what catalyst and the scripts around it build besides."""
    yield Target(
        into=Into.SDK, atoms=("coreos-devel/sdk-depends",), file=str(OVERLAY / "coreos-devel/sdk-depends")
    )
    profile = str(OVERLAY / "profiles/coreos")
    yield Target(into=Into("sdk-build:stage1"), atoms=(STAGE1_SET,), file=profile)
    yield Target(into=Into("sdk-build:system"), atoms=(SYSTEM_SET,), file=profile)
    script = _text(tree, TOOLCHAIN)
    packages = list(bash_array(script, "TOOLCHAIN_PKGS"))
    packages += sorted({*re.findall(r'"\$\{TOOLCHAIN_PKGS\[@\]\}"\s+([a-z][\w-]*/[\w+-]+)', script)})
    if packages:
        yield Target(into=Into("sdk-build:toolchain"), atoms=tuple(packages), file=TOOLCHAIN)
    if re.search(r"emerge.*\bdev-lang/rust\b", script):
        yield Target(into=Into("sdk-build:rust"), atoms=("dev-lang/rust",), file=TOOLCHAIN)


def _text(tree: Tree, path: str) -> str:
    state = tree.read(path)
    return state.content.decode("utf-8", errors="replace") if state is not None else ""
