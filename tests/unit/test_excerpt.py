"""A verdict in plain lines: that it claims no more than was asked."""

from __future__ import annotations

import pytest

from overlaytool.model.verdict import JudgedView, Verdict, ViewKind
from overlaytool.verify import excerpt


def verdict(*boards: str | None) -> Verdict:
    views = tuple(
        JudgedView(
            view=ViewKind.BOARD, board=board, atoms=("dev-libs/a",), packages=2, judged=True, complete=True
        )
        for board in boards
    )
    return Verdict(atoms=("dev-libs/a",), portage="3.0.83", base=None, views=views, complaints=())


@pytest.mark.parametrize(
    ("boards", "where"),
    [
        (("amd64-usr",), "amd64-usr"),
        (("amd64-usr", "arm64-usr", "amd64-usr"), "amd64-usr, arm64-usr"),
        ((None,), "the build host"),
    ],
)
def test_a_verdict_that_holds_says_on_which_boards(boards: tuple[str | None, ...], where: str) -> None:
    assert excerpt.summary(verdict(*boards)) == f"Portage 3.0.83 resolves all of it on {where}"
