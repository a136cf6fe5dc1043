"""What Portage's own resolver says."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from overlaytool.model.resolution import Notice, Root


class ViewKind(StrEnum):
    """The root and profile that Portage resolves for."""

    BOARD = "board"
    """The board root, with the build host beside it for BDEPEND and IDEPEND."""
    PRODUCTION = "production"
    """The image: binary packages of the board's view, under the production profile's masks."""
    EXTENSIONS = "extensions"
    """System extensions and OEMs, on top of the image, with the USE flags of each."""
    HOST = "host"
    """The build host alone: what the SDK gets."""


class ComplaintKind(StrEnum):
    """What keeps emerge from going on."""

    NO_EBUILD = "no-ebuild"
    """Nothing has the name, version and slot of an atom."""
    MASKED = "masked"
    KEYWORD = "keyword"
    LICENSE = "license"
    USE = "use"
    REQUIRED_USE = "required-use"
    SLOT_CONFLICT = "slot-conflict"
    BLOCKER = "blocker"
    ECLASS = "eclass"
    """An ebuild inherits an eclass that is not there."""
    EBUILD = "ebuild"
    """An ebuild dies when it is sourced, or its metadata is not valid."""
    EAPI = "eapi"
    """The Portage that was asked does not know the EAPI."""
    CIRCULAR = "circular"
    """A cycle of build dependencies that nothing can break, since all of it is new."""
    CONFLICT = "conflict"
    """Portage passed over all candidates, since each would be in the way of something else."""
    SELECTION = "selection"
    """Portage takes another ebuild than the plan says, or none."""
    PORTAGE = "portage"
    """Anything else: Portage's own words are all there is."""


class Complaint(Struct, frozen=True, kw_only=True):
    """One thing that Portage does not accept, in one view."""

    kind: ComplaintKind
    view: ViewKind
    board: str | None
    """None in the build host's own view."""
    root: Root
    """Where the package would be merged."""
    atom: str | None
    cpvs: tuple[str, ...]
    """The ebuilds that it is about: the parties of a conflict, the cycle, the ebuild that dies."""
    rejections: tuple[str, ...]
    """What was passed over, a line each: ``dev-libs/b-2::portage-stable: keyword ~arm64``."""
    needs: tuple[str, ...]
    """What would have to change: keywords, licences or USE flags, as the configuration files want them."""
    required_by: tuple[str, ...]
    """From the package that asks up to the request."""
    message: str
    """One line."""
    hint: str
    step: str | None
    """The `Step.subject` of the plan that it concerns; None where no step does."""
    before: bool = False
    """Whether it was there before the plan; such a complaint fails nothing."""
    target: str | None = None
    """The system extension or OEM that was asked about by itself; None: all of a view together."""


class JudgedView(Struct, frozen=True, kw_only=True):
    """One view, and how it came out."""

    view: ViewKind
    board: str | None
    atoms: tuple[str, ...]
    packages: int
    """How many packages Portage would merge, in all roots. 0 where it could not say."""
    judged: bool
    """False for a production image whose board does not resolve: there are no packages to put into it."""
    complete: bool
    """False when there may be more complaints than were found, since Portage stops at the first."""
    target: str | None = None
    """The system extension or OEM that was asked about by itself; None: all of a view together."""


class Unneeded(Struct, frozen=True, kw_only=True):
    """An imported package without which everything resolves as well."""

    package: str
    message: str
    hint: str


class Verdict(Struct, frozen=True, kw_only=True):
    """What Portage's own resolver says about a checkout."""

    atoms: tuple[str, ...]
    """What was asked for; empty for the checkout as it is."""
    portage: str
    """The version that was asked."""
    base: str | None
    """The commit that complaints were compared with; None when there was nothing to compare."""
    views: tuple[JudgedView, ...]
    complaints: tuple[Complaint, ...]
    """By view, those that the plan brought first."""
    unneeded: tuple[Unneeded, ...] = ()
    oversights: tuple[Notice, ...] = ()
    """What the change forgot that no build fails for. They are said, and fail nothing."""

    @property
    def holds(self) -> bool:
        """Whether nothing new stands in the way."""
        judged = all(view.judged or self._explained(view) for view in self.views)
        return judged and not self.unneeded and all(complaint.before for complaint in self.complaints)

    def _explained(self, view: JudgedView) -> bool:
        """Whether a view was left out for complaints of its board."""
        return any(complaint.board == view.board for complaint in self.complaints)
