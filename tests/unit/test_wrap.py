"""Long lines on a terminal: nothing is lost, no word is cut, what follows is indented."""

from __future__ import annotations

from rich.text import Text

from overlaytool.cli.wrap import wrapped

PATH = "sdk_container/src/third_party/coreos-overlay/profiles/coreos/base/package.accept_keywords"


def lines(text: str, width: int) -> list[str]:
    return [line.plain for line in wrapped(Text(text), width)]


def test_a_line_that_fits_stays_as_it_is() -> None:
    assert lines("  two words  ", 40) == ["  two words  "]


def test_a_long_line_is_broken_between_words_and_indented() -> None:
    found = lines("  one two three four five six seven eight", 30)
    assert found == ["  one two three four five six", "    seven eight"]
    assert lines("word " * 30, 60) == [
        ("word " * 12).rstrip(),
        "  " + ("word " * 11).rstrip(),
        "  " + ("word " * 7).rstrip(),
    ]


def test_a_path_is_kept_whole_on_a_line_of_its_own() -> None:
    found = lines(f"    written into {PATH} for you", 60)
    assert found == ["    written into", f"      {PATH}", "      for you"]


def test_newlines_and_styles_stay() -> None:
    assert lines("\nCopy", 40) == ["", "Copy"]
    text = Text.assemble("plain ", ("bold words that are many more than fit", "bold"))
    parts = list(wrapped(text, 30))
    assert len(parts) == 2
    assert all(any(span.style == "bold" for span in part.spans) for part in parts)
