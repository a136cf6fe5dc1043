"""Writes the profiles as a plan will edit them to a temporary place, for pkgcore to read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from overlaytool.flatcar.checkout import OVERLAY, Checkout
from overlaytool.support.scratch import scratch


@contextmanager
def with_edits(checkout: Checkout, texts: Mapping[str, str]) -> Iterator[Checkout]:
    """The checkout, with files of coreos-overlay's profiles as they are in ``texts``.

    :param texts: by path from the checkout's top; only files below coreos-overlay's ``profiles``.
    """
    with scratch() as temporary:
        place = Path(temporary) / "coreos-overlay"
        shutil.copytree(checkout.profiles, place / "profiles")
        if (checkout.overlay / "metadata/layout.conf").is_file():
            (place / "metadata").mkdir()
            shutil.copyfile(checkout.overlay / "metadata/layout.conf", place / "metadata/layout.conf")
        for name, text in texts.items():
            file = place / Path(name).relative_to(OVERLAY)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        yield replace(checkout, edited_overlay=place)
