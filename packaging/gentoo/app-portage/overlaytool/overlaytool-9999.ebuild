# Copyright 2026 The overlaytool Authors
# Distributed under the terms of the BSD-3-Clause license

EAPI=8

DISTUTILS_USE_PEP517=hatchling
PYTHON_COMPAT=( python3_{12..14} )

inherit distutils-r1 git-r3

DESCRIPTION="Add Gentoo packages to a Flatcar Container Linux image"
HOMEPAGE="https://www.flatcar.org/"
EGIT_REPO_URI="${OVERLAYTOOL_REPO_URI:-https://example.org/overlaytool.git}"

LICENSE="BSD"
SLOT="0"
IUSE="graphviz verify"

RDEPEND="
	dev-python/gitpython[${PYTHON_USEDEP}]
	dev-python/msgspec[${PYTHON_USEDEP}]
	dev-python/networkx[${PYTHON_USEDEP}]
	dev-python/rich[${PYTHON_USEDEP}]
	dev-python/typer[${PYTHON_USEDEP}]
	dev-vcs/git
	>=sys-apps/pkgcore-0.12.48[${PYTHON_USEDEP}]
	<sys-apps/pkgcore-0.13[${PYTHON_USEDEP}]
	graphviz? ( media-gfx/graphviz )
	verify? ( sys-apps/portage[${PYTHON_USEDEP}] )
"
BDEPEND="
	dev-python/hatch-vcs[${PYTHON_USEDEP}]
	dev-python/msgspec[${PYTHON_USEDEP}]
	dev-python/rich[${PYTHON_USEDEP}]
	dev-python/typer[${PYTHON_USEDEP}]
"
