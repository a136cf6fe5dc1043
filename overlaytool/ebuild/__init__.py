"""Ebuild repositories, through pkgcore. Nothing outside this package imports pkgcore."""
