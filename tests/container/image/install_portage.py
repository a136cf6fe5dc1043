"""Copy the Portage of this Python environment (from PyPI) into a root file system.

usage: install_portage.py ROOT

The wheel's files are those of a virtual environment, which Portage takes for a prefix. Here they are
laid out as on a Gentoo system, under /usr/lib/portage, and its installation type is set to go with that.
"""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path

HOME = "usr/lib/portage"
SKIP = ("__pycache__", ".dist-info")


def target(file: str) -> str | None:
    """Where a file of the distribution belongs, relative to the root; None for one that is not needed."""
    if any(part in file for part in SKIP):
        return None
    if file.startswith("../../portage/bin/"):
        return f"{HOME}/bin/{file.removeprefix('../../portage/bin/')}"
    if file.startswith("../../../share/portage/config/"):
        return f"usr/share/portage/config/{file.removeprefix('../../../share/portage/config/')}"
    return None if file.startswith("..") else f"{HOME}/lib/{file}"


def main(root: Path) -> None:
    """Copy, link the commands into /usr/bin, and let every python3 of the root import the modules."""
    found = distribution("portage")
    for file in found.files or []:
        place = target(str(file))
        if place:
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(Path(str(found.locate_file(file))), root / place)
    installation = root / HOME / "lib/portage/installation.py"
    installation.write_text(installation.read_text().replace('if "MODULE" ==', 'if "SOURCE" =='))
    (root / "usr/bin").mkdir()
    for command in ("emerge", "ebuild", "portageq", "emaint", "quickpkg"):
        (root / "usr/bin" / command).symlink_to(f"../lib/portage/bin/{command}")
    packages = root / "usr/lib/python3/dist-packages"
    packages.mkdir(parents=True)
    (packages / "portage.pth").write_text(f"/{HOME}/lib\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
