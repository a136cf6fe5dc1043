"""Chooses the container that a build uses from the user's options: engine, image, name and build id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from overlaytool.flatcar.checkout import Checkout
from overlaytool.model.build import BuildRequest
from overlaytool.sdk import engine as engines
from overlaytool.sdk import journal, stages, wrapper
from overlaytool.sdk.container import Container, stable_name
from overlaytool.sdk.engine import Engine, EngineKind
from overlaytool.sdk.stages import Selection


class Choice(Struct, frozen=True, kw_only=True):
    """What the user said about the container."""

    engine: EngineKind = EngineKind.AUTO
    image: str | None = None
    """``--image``: another image than Flatcar's for the checkout's version.txt."""
    image_file: Path | None = None
    """``--image-file``: a tarball to load the image from."""
    name: str | None = None
    """``--container``: another name than our own."""


def open_container(
    checkout: Checkout,
    choice: Choice,
    request: BuildRequest,
    selection: Selection,
    *,
    fingerprint: str,
    state: Path,
    line: Callable[[str], None],
) -> Container:
    """The container for a build. Nothing is made or started yet, but an image may be loaded.

    :raises ToolMissingError: when no engine answers.
    :raises CheckoutError: when the checkout has no run_sdk_container or no version.txt.
    :raises SdkError: when the image's tarball cannot be loaded.
    """
    engine = engines.find(choice.engine)
    version = wrapper.version_values(checkout.path)
    expected = engines.image_reference(version["FLATCAR_SDK_VERSION"])
    image = choice.image or _loaded(engine, choice.image_file, expected, line)
    name = choice.name or stable_name(checkout, image)
    last = journal.load(state, name, request.board)
    continued = last.build_id if last and stages.continues(last, request, selection, fingerprint) else None
    return Container(
        engine=engine,
        checkout=checkout,
        wrapper=wrapper.look(checkout, engine),
        name=name,
        image=image,
        chosen=image != expected,
        build_id=continued or version.get("FLATCAR_BUILD_ID") or f"{datetime.now(UTC):%Y-%m-%d-%H%M}",
        state=state,
    )


def _loaded(engine: Engine, file: Path | None, expected: str, line: Callable[[str], None]) -> str:
    """The image of the tarball. It is not unpacked again when the engine has Flatcar's image already."""
    if file is None:
        return expected
    if f"{expected.rpartition(':')[2]}." in file.name and engine.image(expected):
        return expected
    line(f"loading {file}")
    return engine.load(file, line=line)
