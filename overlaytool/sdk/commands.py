"""What each stage runs in the container."""

from __future__ import annotations

import re

from overlaytool.errors import SdkError
from overlaytool.flatcar import targets
from overlaytool.flatcar.checkout import Checkout
from overlaytool.model.build import BuildRequest, StageName
from overlaytool.model.resolution import Into, package_name
from overlaytool.sdk.container import BUILD, SCRIPTS

BINARY_PACKAGES = ("--usepkg", "--getbinpkg")
"""Take what Flatcar has built; without this everything below the request would be built here."""
VM_FORMATS = ("qemu", "qemu_uefi")
"""In the order of wish: alpha-3665.0.0 has both and boots `qemu`, main has `qemu_uefi` alone."""


def command(stage: StageName, request: BuildRequest, checkout: Checkout) -> tuple[str, ...]:
    """The words to run for a stage; none for the start, which is the engine's matter."""
    match stage:
        case StageName.START:
            return ()
        case StageName.EMERGE:
            names = " ".join(dict.fromkeys(map(_name, request.atoms)))
            return (*_emerge(request), f"--usepkg-exclude={names}", *request.atoms)
        case StageName.METAPACKAGE:
            package = targets.metapackage(request.into)
            return (*_emerge(request), f"--usepkg-exclude={package}", package)
        case StageName.IMAGE:
            return _build_image(request, checkout)
        case StageName.VM_IMAGE:
            return (
                f"{SCRIPTS}/image_to_vm.sh",
                f"--from={BUILD}/images/{request.board}/latest",
                f"--board={request.board}",
                f"--format={vm_format(checkout)}",
                "--image_compression_formats=none",
            )
        case StageName.SYSEXT:
            return _build_sysext(request)


def vm_format(checkout: Checkout) -> str:
    """The format for QEMU that this checkout's image_to_vm.sh makes."""
    text = _text(checkout, "build_library/vm_image_util.sh")
    listed = re.search(r"VALID_IMG_TYPES=\(([^)]*)\)", text)
    known = listed[1].split() if listed else []
    return next((name for name in VM_FORMATS if name in known), VM_FORMATS[-1])


def _emerge(request: BuildRequest) -> tuple[str, ...]:
    """emerge for the board root, or for the SDK itself.

    The packages that are asked for are built from source even where a binary package of that version is
    there: it may be of an ebuild that was edited since, or of a metapackage whose revision was not bumped.
    """
    if request.into is Into.SDK:
        return ("sudo", "-E", "emerge", "--oneshot", "--verbose", *BINARY_PACKAGES)
    return (f"emerge-{request.board}", *BINARY_PACKAGES)


def _build_image(request: BuildRequest, checkout: Checkout) -> tuple[str, ...]:
    """build_image for production, and the OEM sysext that image_to_vm.sh wants to find ready made.

    ``--replace``: one build id gives one directory, and a run that is continued writes it again.
    """
    words = (f"{SCRIPTS}/build_image", f"--board={request.board}", "--group=developer", "--replace")
    oem = re.search(
        rf"^IMG_{vm_format(checkout)}_OEM_SYSEXT=['\"]?([\w-]+)",
        _text(checkout, "build_library/vm_image_util.sh"),
        re.MULTILINE,
    )
    if oem and "oem_sysexts" in _text(checkout, "build_image"):
        return (*words, f"--oem_sysexts={oem[1]}", "prod", "oem_sysext")
    return (*words, "prod")


def _build_sysext(request: BuildRequest) -> tuple[str, ...]:
    """build_sysext, which wants root and binary packages. Only options that both releases know.

    :raises SdkError: when no extension is asked for.
    """
    if request.sysext is None:
        raise SdkError("no system extension is asked for", hint="overlaytool sysext build NAME ATOM...")
    mangle = request.sysext.mangle
    return (
        *("sudo", "-E", f"{SCRIPTS}/build_sysext", f"--board={request.board}"),
        *((f"--manglefs_script={SCRIPTS}/{mangle}",) if mangle else ()),
        request.sysext.name,
        *request.atoms,
    )


def _name(atom: str) -> str:
    """Category and name of an atom, for options that take no versions."""
    bare = re.sub(r"[:\[].*$", "", atom)
    name = bare.lstrip("<>=~!")
    return package_name(name.rstrip("*")) if name != bare else name


def _text(checkout: Checkout, file: str) -> str:
    try:
        return (checkout.path / file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
