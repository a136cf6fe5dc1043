"""The packages of an image as CycloneDX: the only importer of cyclonedx-python-lib and packageurl-python."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from importlib.util import find_spec
from uuid import NAMESPACE_URL, uuid5

from msgspec import Struct

from overlaytool.errors import ToolMissingError

NAMESPACE = "https://github.com/flatcar/scripts/commit/"


class SbomPackage(Struct, frozen=True, kw_only=True):
    """One ebuild that an image is made of."""

    cpv: str
    package: str
    description: str
    licenses: tuple[str, ...]
    """Gentoo's names."""
    homepages: tuple[str, ...]
    needs: tuple[str, ...]
    """CPVs that it needs at run time."""


def check() -> None:
    """Whether the libraries are there.

    :raises ToolMissingError: where they are not.
    """
    missing = [name for name in ("cyclonedx", "packageurl") if find_spec(name) is None]
    if missing:
        raise ToolMissingError(
            "an SBOM needs cyclonedx-python-lib and packageurl-python",
            details=(f"there is no module {' and no module '.join(missing)}",),
            hint="pip install 'overlaytool[sbom]'",
        )


def cyclonedx_json(
    packages: Iterable[SbomPackage], *, name: str, version: str, commit: str | None, made: datetime
) -> str:
    """The document; the same packages of the same commit give the same bytes.

    :param name: of the image.
    :param made: when the checkout's commit was made.
    :raises ToolMissingError: where the libraries are not there.
    """
    check()
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import DisjunctiveLicense
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    bom = Bom(serial_number=uuid5(NAMESPACE_URL, f"{NAMESPACE}{commit}#{name}"))
    bom.metadata.timestamp = made
    image = Component(
        name=name, version=version, type=ComponentType.OPERATING_SYSTEM, bom_ref=f"image:{name}@{version}"
    )
    bom.metadata.component = image
    made_of = list(packages)
    components: dict[str, Component] = {}
    for entry in made_of:
        category, _, short = entry.package.partition("/")
        release = entry.cpv.removeprefix(f"{entry.package}-")
        purl = PackageURL(type="ebuild", namespace=category, name=short, version=release)
        components[entry.cpv] = Component(
            name=short,
            group=category,
            version=release,
            type=ComponentType.APPLICATION,
            description=entry.description or None,
            purl=purl,
            bom_ref=entry.cpv,
            licenses=[DisjunctiveLicense(name=license) for license in entry.licenses],
            external_references=[
                ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(url))
                for url in entry.homepages
            ],
        )
    bom.components.update(components.values())
    bom.register_dependency(image, components.values())
    for entry in made_of:
        bom.register_dependency(
            components[entry.cpv], [components[cpv] for cpv in entry.needs if cpv in components]
        )
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"
