"""What the commands of `image` give to scripts: see docs/json.md."""

from __future__ import annotations

import json

from msgspec import Struct, to_builtins

from overlaytool.model.forecast import Forecast, PackageForecast, Refusal
from overlaytool.model.image import Budget, Component, ImageContents, PartitionContent, VerityCheck
from overlaytool.model.image_change import (
    ComponentChange,
    ImageChange,
    OptionChange,
    PackageCost,
)

SCHEMA = 1


class ShowDocument(Struct, frozen=True, kw_only=True):
    """``image show --format json``."""

    subject: str
    version: str
    release: dict[str, str]
    partitions: tuple[PartitionContent, ...]
    verity: tuple[VerityCheck, ...]
    budgets: tuple[Budget, ...]
    kernel_version: str
    kernel_config: dict[str, str]
    components: tuple[Component, ...]
    contradictions: tuple[str, ...]
    unread: tuple[str, ...]
    untold: tuple[str, ...]


class DiffDocument(Struct, frozen=True, kw_only=True):
    """``image diff --format json``."""

    old: str
    new: str
    version_before: str
    version_after: str
    kernel_before: str
    kernel_after: str
    growth: int
    components: tuple[ComponentChange, ...]
    costs: tuple[PackageCost, ...]
    options: tuple[OptionChange, ...]
    licenses_added: tuple[str, ...]
    licenses_removed: tuple[str, ...]
    budgets_before: tuple[Budget, ...]
    budgets_after: tuple[Budget, ...]
    unread: tuple[str, ...]
    untold: tuple[str, ...]


def show(image: ImageContents) -> ShowDocument:
    """The document about one image."""
    same = ("subject", "version", "partitions", "verity", "budgets", "kernel_version", "components")
    more = ("contradictions", "unread", "untold")
    return ShowDocument(
        release=dict(image.release),
        kernel_config=dict(image.kernel_config),
        **{name: getattr(image, name) for name in (*same, *more)},
    )


def diff(change: ImageChange) -> DiffDocument:
    """The document about two images."""
    names = DiffDocument.__struct_fields__
    return DiffDocument(**{name: getattr(change, name) for name in names})


class ForecastDocument(Struct, frozen=True, kw_only=True):
    """``image forecast --format json``."""

    packages: tuple[PackageForecast, ...]
    unknown: tuple[str, ...]
    compressed: int
    used: int | None
    left: int | None
    limit: int
    kernel_limit: int
    refusals: tuple[Refusal, ...]


def forecast(found: Forecast) -> ForecastDocument:
    """The document about what is to be built."""
    names = ForecastDocument.__struct_fields__
    return ForecastDocument(**{name: getattr(found, name) for name in names})


def to_json(document: ShowDocument | DiffDocument | ForecastDocument) -> str:
    """A document as text. Bytes of a path that are no UTF-8 stand as lone surrogates, ``\\udcff``."""
    return json.dumps({"schema": SCHEMA, **to_builtins(document)}, indent=1) + "\n"
