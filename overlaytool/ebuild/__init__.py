"""Ebuild repositories, through pkgcore. Nothing outside this package imports pkgcore.

A process calls :func:`overlaytool.ebuild.runtime.start` before it imports another module of this room.
"""
