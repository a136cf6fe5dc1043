"""Files of ``NAME=value`` lines."""

from __future__ import annotations

from overlaytool.support.assignments import assignments


def test_quotes_blanks_and_comments_are_taken_off() -> None:
    text = "# a=b\n\nNAME=\"Flatcar Container Linux\"\n ID = 'flatcar' \nnonsense\nURL=https://x?a=b\n"
    assert list(assignments(text).items()) == [
        ("NAME", "Flatcar Container Linux"),
        ("ID", "flatcar"),
        ("URL", "https://x?a=b"),
    ]


def test_the_last_value_of_a_name_counts() -> None:
    assert assignments("A=1\nA=2\n") == {"A": "2"}
