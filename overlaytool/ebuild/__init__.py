"""Ebuild repositories, through pkgcore. Nothing outside this package imports pkgcore."""

from overlaytool.ebuild import runtime as runtime  # before anything else here imports pkgcore
