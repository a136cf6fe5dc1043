"""Known faults of a checkout's own build scripts: found by looking, repaired only when asked.

A repair is a pair of texts; `overlaytool doctor --fix` makes a commit of its own of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from overlaytool.flatcar.checkout import Checkout
from overlaytool.model.build import Fault

IGNORE_MISMATCH = "--ignore_version_mismatch"
PULLS = "pulls-loaded-image"


class Known(Struct, frozen=True, kw_only=True):
    """A fault that we look for."""

    name: str
    file: str
    summary: str
    subject: str
    body: str
    repair: Callable[[Checkout, str], str | None]
    """The repaired text; None where the fault is not there."""


def find(checkout: Checkout) -> tuple[Fault, ...]:
    """The faults that this checkout has."""
    found = []
    for known in KNOWN:
        text = _text(checkout, known.file)
        repaired = known.repair(checkout, text) if text is not None else None
        if text is not None and repaired is not None:
            found.append(
                Fault(
                    name=known.name,
                    file=known.file,
                    summary=known.summary,
                    commit_message=f"{known.subject}\n\n{known.body}\n",
                    before=text,
                    after=repaired,
                )
            )
    return tuple(found)


def pulls_loaded_image(checkout: Checkout) -> bool:
    """Whether the checkout's function that gets an image pulls before it looks."""
    return any(fault.name == PULLS for fault in find(checkout))


def _text(checkout: Checkout, file: str) -> str | None:
    try:
        return (checkout.path / file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _ignore_mismatch(checkout: Checkout, text: str) -> str | None:
    """install_oem_sysext builds the sysext itself, and build_sysext dies of the board's other build id."""
    build_sysext = _text(checkout, "build_sysext") or ""
    if "DEFINE_boolean ignore_version_mismatch" not in build_sysext:
        return None
    function = re.search(r"^install_oem_sysext\(\) \{\n.*?^\}", text, re.MULTILINE | re.DOTALL)
    if not function or IGNORE_MISMATCH in function[0] or "/build_sysext" not in function[0]:
        return None
    flags = re.search(r"build_sysext_flags=\(\n(?P<indent>\s+)", function[0])
    if not flags:
        return None
    place = function.start() + flags.start("indent")
    return f"{text[:place]}{flags['indent']}{IGNORE_MISMATCH}\n{text[place:]}"


def _ask_before_pull(_checkout: Checkout, text: str) -> str | None:
    """docker_image_from_registry_or_buildcache pulls first, whatever is there."""
    function = re.search(
        r"^function docker_image_from_registry_or_buildcache\(\) \{\n.*?^\}", text, re.MULTILINE | re.DOTALL
    )
    if not function or "image inspect" in function[0]:
        return None
    pull = re.search(r'^(?P<indent>\s+)if \$docker pull "(?P<image>[^"]+)"', function[0], re.MULTILINE)
    if not pull:
        return None
    indent = pull["indent"].strip("\n")
    lines = (
        f'{indent}if $docker image inspect "{pull["image"]}" >/dev/null 2>&1 ; then\n'
        f"{indent}    return\n"
        f"{indent}fi\n\n"
    )
    place = function.start() + pull.start("indent") + len(pull["indent"]) - len(indent)
    return text[:place] + lines + text[place:]


KNOWN = (
    Known(
        name="oem-sysext-version",
        file="build_library/vm_image_util.sh",
        summary="image_to_vm.sh builds the OEM sysext and refuses it when the board has another build id",
        subject="vm_image_util: Ignore version mismatch in OEM sysexts",
        body=(
            "The board packages carry the build id of the process that built them,\n"
            "which differs from the image's in local builds. build_sysext has a\n"
            "flag for that."
        ),
        repair=_ignore_mismatch,
    ),
    Known(
        name=PULLS,
        file="ci-automation/ci_automation_common.sh",
        summary="run_sdk_container pulls the SDK image even when it has been loaded by hand",
        subject="ci-automation: Use an SDK image that is already there",
        body="An image that was loaded from a tarball needs no pull.",
        repair=_ask_before_pull,
    ),
)
