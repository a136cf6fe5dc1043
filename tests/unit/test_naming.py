"""What people type and paste for a package is understood, or refused with what to type."""

from __future__ import annotations

import pytest

from overlaytool.errors import MalformedAtomError
from overlaytool.resolve.naming import as_atom, meant


@pytest.mark.parametrize(
    ("text", "atom"),
    [
        ("https://packages.gentoo.org/packages/sys-process/htop", "sys-process/htop"),
        ("https://packages.gentoo.org/packages/dev-libs/libsigc++/?x#y", "dev-libs/libsigc++"),
        ("/srv/gentoo/sys-process/htop/htop-3.4.1-r1.ebuild", "=sys-process/htop-3.4.1-r1"),
        ("sys-process/htop/htop-3.4.1.ebuild", "=sys-process/htop-3.4.1"),
        ("./sys-process/htop/", "sys-process/htop"),
        ("/srv/gentoo/sys-process/htop", "sys-process/htop"),
        ("sys-process/htop/", "sys-process/htop"),
        ("sys-process/htop-3.4.1", "=sys-process/htop-3.4.1"),
        ("sys-process/htop-3.4.1_p2-r1:0[lm-sensors]", "=sys-process/htop-3.4.1_p2-r1:0[lm-sensors]"),
        ("media-libs/gst-plugins-1", "=media-libs/gst-plugins-1"),
        ("x11-libs/gtk+-3.24.1", "=x11-libs/gtk+-3.24.1"),
        ("sys-process/htop", "sys-process/htop"),
        ("htop", "htop"),
        (">=sys-process/htop-3", ">=sys-process/htop-3"),
        ("app-arch/7zip", "app-arch/7zip"),
        ("sys-process/htop:0[lm-sensors]", "sys-process/htop:0[lm-sensors]"),
        ("media-fonts/font-100dpi", "media-fonts/font-100dpi"),
    ],
)
def test_a_text_is_the_atom_that_it_stands_for(text: str, atom: str) -> None:
    assert as_atom(text) == atom


@pytest.mark.parametrize("text", ["sys-process/htop::guru", "htop::gentoo[x]", "=sys-process/htop-3::guru"])
def test_a_repository_is_refused(text: str) -> None:
    with pytest.raises(MalformedAtomError) as caught:
        as_atom(text)
    assert "--source" in str(caught.value.hint)


def test_a_bare_name_does_not_mean_accounts_and_virtuals() -> None:
    assert meant(("acct-group/docker", "app-containers/docker")) == ("app-containers/docker",)
    assert meant(("acct-group/x", "acct-user/x")) == ("acct-group/x", "acct-user/x")
    assert meant(("a/x", "b/x")) == ("a/x", "b/x")
