"""The metadata cache: what is answered was made from that content, whatever has happened to the file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from overlaytool.ebuild.cache import BATCH, PRUNE_AFTER, TOUCH_AFTER, MetadataCache

MANY = 3 * BATCH + 1
NOW = 1_800_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The time, for a test to set."""
    time = [float(NOW)]
    monkeypatch.setattr("time.time", lambda: time[0])
    yield time


def key(number: int) -> tuple[str, str]:
    """An ebuild."""
    return f"dev-libs/a-{number}", f"{number:032x}"


def entry(number: int, eclasses: str = "") -> dict[str, str]:
    """What was sourced from it."""
    return {"SLOT": "0", "DESCRIPTION": f"number {number}, " + "x" * 500, "_eclasses_": eclasses}


def fill(directory: Path, numbers: range) -> None:
    """Put entries for these ebuilds into the cache."""
    cache = MetadataCache(directory)
    for number in numbers:
        cache.put(*key(number), entry(number))
    cache.close()


def answers(directory: Path, *numbers: int) -> dict[int, list[dict[str, str]]]:
    """What a new run is told of ebuilds."""
    cache = MetadataCache(directory)
    found = cache.get([key(number) for number in numbers])
    answered = {number: list(found.get(key(number), ())) for number in numbers}
    cache.close()
    return answered


def file(directory: Path) -> Path:
    """The cache's file."""
    (path,) = directory.glob("*.sqlite")
    return path


def test_many_ebuilds_are_looked_up_at_once(tmp_path: Path) -> None:
    fill(tmp_path, range(MANY))
    found = answers(tmp_path, *range(MANY), MANY)
    assert found.pop(MANY) == []
    assert found == {number: [entry(number)] for number in range(MANY)}


def test_an_ebuild_of_another_content_is_another(tmp_path: Path) -> None:
    fill(tmp_path, range(2))
    cache = MetadataCache(tmp_path)
    (cpv, _), (_, other) = key(0), key(1)
    assert cache.get([(cpv, other)]) == {}
    cache.close()


def test_each_set_of_eclasses_has_its_entry_and_the_last_used_comes_first(
    tmp_path: Path, clock: list[float]
) -> None:
    for eclasses in ("one\taa", "one\tbb", "one\tcc"):
        cache = MetadataCache(tmp_path)
        cache.put(*key(1), entry(1, eclasses))
        cache.close()
        clock[0] += 1
    kept = [found["_eclasses_"] for found in answers(tmp_path, 1)[1]]
    assert kept == ["one\tcc", "one\tbb", "one\taa"]


def test_what_nothing_uses_is_pruned_and_what_is_used_stays(tmp_path: Path, clock: list[float]) -> None:
    fill(tmp_path, range(2))
    clock[0] += TOUCH_AFTER + 1
    assert answers(tmp_path, 1)[1]
    clock[0] += PRUNE_AFTER - TOUCH_AFTER
    fill(tmp_path, range(2, 3))
    assert answers(tmp_path, 0, 1, 2) == {0: [], 1: [entry(1)], 2: [entry(2)]}


def test_an_entry_that_was_changed_is_not_believed(tmp_path: Path) -> None:
    fill(tmp_path, range(3))
    with sqlite3.connect(file(tmp_path)) as connection:
        connection.execute(
            "UPDATE entry SET body = ? WHERE cpv = ?", (msgspec.msgpack.encode({"SLOT": "9"}), key(1)[0])
        )
    connection.close()
    assert answers(tmp_path, 0, 1, 2) == {0: [entry(0)], 1: [], 2: [entry(2)]}


@pytest.mark.parametrize("damage", [b"", b"no database", os.urandom(8192)], ids=["empty", "text", "noise"])
def test_a_file_that_is_no_database_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    fill(tmp_path, range(3))
    file(tmp_path).write_bytes(damage)
    assert answers(tmp_path, 1) == {1: []}
    fill(tmp_path, range(3))
    assert answers(tmp_path, 1) == {1: [entry(1)]}


def test_a_damaged_page_gives_no_wrong_answer_and_heals(tmp_path: Path) -> None:
    fill(tmp_path, range(MANY))
    place = file(tmp_path)
    whole = place.read_bytes()
    size = int.from_bytes(whole[16:18], "big")
    assert len(whole) > 20 * size
    for start in range(0, len(whole), 7 * size):
        damaged = bytearray(whole)
        damaged[start : start + size] = bytes(byte ^ 0x5A for byte in whole[start : start + size])
        for path in tmp_path.glob("*"):
            path.unlink()
        place.write_bytes(damaged)
        found = answers(tmp_path, *range(MANY))
        assert all(kept in ([], [entry(number)]) for number, kept in found.items()), start
        fill(tmp_path, range(MANY))
        fill(tmp_path, range(MANY))  # where writing found the damage, the file was put aside only then
        assert answers(tmp_path, *range(MANY)) == {number: [entry(number)] for number in range(MANY)}, start


def test_runs_at_once_keep_each_others_entries(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda start: fill(tmp_path, range(start, start + 50)), range(0, 400, 50)))
    assert all(answers(tmp_path, *range(400)).values())


def test_a_directory_that_cannot_be_written_means_no_cache(tmp_path: Path) -> None:
    place = tmp_path / "cache"
    place.write_text("a file where the directory should be")
    fill(place, range(2))
    assert answers(place, 1) == {1: []}


ODD_ROWS = {
    "a number for the entry": ("body", 5),
    "text for the entry": ("body", "SLOT"),
    "text that is no text": ("cpv", b"\xff\xfe"),
    "text for a time": ("used", "yesterday"),
    "no entry at all": ("body", None),
}


@pytest.mark.parametrize(("column", "value"), ODD_ROWS.values(), ids=ODD_ROWS)
def test_whatever_stands_in_the_file_it_is_mended(tmp_path: Path, column: str, value: object) -> None:
    fill(tmp_path, range(3))
    with sqlite3.connect(file(tmp_path)) as connection:
        connection.execute(f"UPDATE entry SET {column} = ?", (value,))
    connection.close()
    for kept in answers(tmp_path, 0, 1, 2).values():
        assert kept in ([], [entry(0)], [entry(1)], [entry(2)])
    fill(tmp_path, range(3))
    assert answers(tmp_path, 0, 1, 2) == {number: [entry(number)] for number in range(3)}


@pytest.mark.parametrize("table", ["entry (cpv TEXT)", "entry (a, b, c, d, e, f, g, h)", "other (cpv TEXT)"])
def test_a_table_of_another_shape_is_made_anew(tmp_path: Path, table: str) -> None:
    fill(tmp_path, range(3))
    with sqlite3.connect(file(tmp_path)) as connection:
        connection.execute("DROP TABLE entry")
        connection.execute(f"CREATE TABLE {table}")
    connection.close()
    fill(tmp_path, range(3))
    fill(tmp_path, range(3))
    assert answers(tmp_path, 1) == {1: [entry(1)]}


def test_trees_that_are_not_trusted_have_entries_of_their_own(tmp_path: Path) -> None:
    cache = MetadataCache(tmp_path)
    cache.put(*key(1), entry(1), "/srv/evil")
    cache.flush()
    assert cache.get([key(1)]) == cache.get([key(1)], "/srv/other") == {}
    assert [list(found) for found in cache.get([key(1)], "/srv/evil").values()] == [[entry(1)]]
    cache.close()


def test_what_was_put_is_known_before_it_is_written(tmp_path: Path) -> None:
    cache = MetadataCache(tmp_path)
    cache.put(*key(1), entry(1))
    assert list(cache.get([key(1), key(2)])[key(1)]) == [entry(1)]
    assert cache.get([key(1)], "another tree") == {}
    assert not any(tmp_path.iterdir())
    cache.close()
    assert answers(tmp_path, 1) == {1: [entry(1)]}
