"""The workflow of the commands that build: a checkout, the SDK container, an image. See also `workflow`.

engine, image --open_container--> container --stages--> packages, image --reports--> what the image gained
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from overlaytool import config as configuration
from overlaytool.config import Config
from overlaytool.errors import CheckoutError
from overlaytool.flatcar import checkout as checkouts
from overlaytool.flatcar.checkout import TREES, Checkout
from overlaytool.git.repository import content
from overlaytool.model.build import BuildRequest, BuildResult, Check, Fault, SysextBuild
from overlaytool.model.resolution import Board, Into
from overlaytool.sdk import engine as engines
from overlaytool.sdk import evidence, faults, opening, programs, stages
from overlaytool.sdk.doctor import examine
from overlaytool.sdk.opening import Choice
from overlaytool.sdk.repair import commit_repair
from overlaytool.sdk.stages import Reporter, Selection

BUILD_LIBRARY = "build_library"
BUILD_SCRIPTS = ("build_image", "image_to_vm.sh", "build_sysext")


class BuildPlace(Struct, frozen=True, kw_only=True):
    """A checkout and one of its boards, to build in the SDK container."""

    checkout: Checkout
    config: Config
    board: Board


def build_places(checkout: Path | None, config: Path | None, boards: Sequence[str]) -> tuple[BuildPlace, ...]:
    """The boards to build, one after the other: those named, else those configured, else this machine's.

    :raises CheckoutError: when there is no checkout, or no such board.
    :raises ConfigError: when the configuration cannot be used.
    """
    found = checkouts.find(checkout)
    settings = configuration.load(config, checkout=found.path)
    names = boards or settings.boards or (checkouts.host_board(),)
    return tuple(BuildPlace(checkout=found, config=settings, board=found.board(name)) for name in names)


def check_engine(choice: Choice) -> None:
    """See that a container engine answers.

    :raises ToolMissingError: where none does.
    """
    engines.find(choice.engine)


def build(
    place: BuildPlace,
    atoms: tuple[str, ...],
    into: Into,
    selection: Selection,
    choice: Choice,
    reporter: Reporter,
    *,
    sysext: SysextBuild | None = None,
) -> BuildResult:
    """Build packages, the metapackage and an image in the SDK container, as far as ``selection`` asks for it.

    :raises StageFailed: when a stage fails, with the reason and the next command.
    :raises LockedError: when another build is under way in the container.
    :raises ToolMissingError: when no container engine answers.
    """
    tree = content(place.checkout.path, str(TREES))
    fingerprint = _fingerprint(place.checkout, tree)
    request = BuildRequest(board=place.board.name, atoms=atoms, into=into, sysext=sysext)
    state = place.config.state
    container = opening.open_container(
        place.checkout, choice, request, selection, fingerprint=fingerprint, state=state, line=reporter.line
    )
    witness = evidence.Witness(reporter, request, state=state, tree=tree) if tree else reporter
    run = stages.build(container, request, selection, fingerprint=fingerprint, reporter=witness)
    return stages.result(container, run)


def _fingerprint(checkout: Checkout, tree: str | None) -> str:
    """What a build depends on in the checkout: ebuild repositories and build scripts, as they are now.

    Where git cannot name them, nothing is known to be the same as before: every build is a new one.
    """
    library = content(checkout.path, BUILD_LIBRARY)
    if tree is None or library is None:
        return secrets.token_hex(20)
    digest = hashlib.sha256(f"{tree} {library}".encode())
    for script in BUILD_SCRIPTS:
        with suppress(OSError):
            digest.update((checkout.path / script).read_bytes())
    return digest.hexdigest()


def doctor(
    checkout: Path | None, config: Path | None, choice: Choice, line: Callable[[str], None]
) -> Iterator[Check]:
    """What this machine and the checkout have of what is needed, one check after the other.

    :raises ConfigError: when the configuration cannot be used.
    """
    try:
        found = checkouts.find(checkout)
    except CheckoutError:
        if checkout:
            raise
        found = None
    place = found.path if found else None
    settings = configuration.load(config, checkout=place)
    yield from examine(found, choice, line=line)
    yield from programs.examine(place or Path.cwd(), settings.gentoo.path)


def faults_of(checkout: Path | None) -> tuple[Fault, ...]:
    """The known faults of the checkout.

    :raises CheckoutError: when there is no checkout.
    """
    return tuple(faults.find(checkouts.find(checkout)))


def repair(checkout: Path | None) -> Iterator[tuple[Fault, str]]:
    """Commit a repair of each known fault of the checkout, and give the commits' ids.

    :raises CheckoutError: when there is no checkout.
    :raises GitError: when git refuses, or the file has changes of its own.
    """
    found = checkouts.find(checkout)
    for fault in faults.find(found):
        yield fault, commit_repair(found.path, fault)
