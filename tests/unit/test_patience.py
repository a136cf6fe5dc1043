"""A search goes on for a while after its first dead end, and for ever where it meets none."""

from __future__ import annotations

from overlaytool.resolve.patience import Patience


def test_it_runs_out_some_time_after_the_first_dead_end() -> None:
    now = [0.0]
    patience = Patience(5, lambda: now[0])
    now[0] = 100
    assert not patience.over
    patience.dead_end()
    now[0] = 104
    patience.dead_end()  # a second one gives no more time
    assert not patience.over and not patience.gave_up
    now[0] = 106
    assert patience.over and patience.gave_up
