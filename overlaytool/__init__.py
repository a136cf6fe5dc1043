"""overlaytool: add Gentoo packages to a Flatcar Container Linux image."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("overlaytool")
except PackageNotFoundError:  # run from a tree that was never installed
    __version__ = "0"
