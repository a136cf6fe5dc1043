"""What a survey's lines say together, how two surveys are compared, and which answers are kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace

from overlaytool.errors import BaselineError, UnknownPackageError
from overlaytool.model.resolution import NOWHERE
from overlaytool.survey.compare import compare, read
from overlaytool.survey.kept import Kept
from overlaytool.survey.line import Answer, Line, Outcome, Refusal, decode, encode
from overlaytool.survey.rate import Rate
from overlaytool.survey.summary import summary
from overlaytool.workflow.survey import select


def _line(package: str, outcome: Outcome = Outcome.POSSIBLE, *, imports: int = 1) -> Line:
    return Line(
        package=package,
        source="gentoo",
        outcome=outcome,
        adds=tuple(f"a/n{number}" for number in range(imports)),
    )


def _refused(package: str, about: str | None, kind: str = "masked") -> Line:
    refusal = Refusal(kind=kind, about=about, message=f"no {about}", chain=("because",), hint="unmask it")
    return Line(package=package, source="gentoo", outcome=Outcome.REFUSED, refusal=refusal)


def test_a_line_round_trips() -> None:
    line = _refused("a/b", "c/d")
    assert encode(line).endswith(b"}\n")
    assert decode(encode(line)) == line


def test_what_no_tree_has_is_told_from_what_is_there_and_does_not_do() -> None:
    absent, unfit = _refused("a/x", "c/d", "unsatisfiable"), _refused("a/y", "c/d", "unsatisfiable")
    assert absent.refusal is not None
    absent = replace(absent, refusal=replace(absent.refusal, chain=("because", NOWHERE)))
    reasons = summary([absent, unfit]).reasons
    assert [(reason.words, reason.packages, reason.hint) for reason in reasons] == [
        ("c/d, which no tree has", ("a/x",), None),
        ("c/d, of which no version would do", ("a/y",), None),
    ]


def test_the_summary_says_what_the_image_masks_of_what_would_come() -> None:
    def masking(package: str, *brought: str) -> Line:
        told = tuple(f"{cpv} is masked in the production image by x" for cpv in brought)
        return replace(_line(package), masked=told)

    found = summary(
        [
            masking("a/one", "dev-lang/perl-5.42.0-r1", "dev-lang/perl-5.40", "x/lib-3d-1.0_rc1"),
            masking("a/two", "dev-lang/perl-5.42.0-r1"),
            masking("a/three"),
        ]
    )
    assert [(entry.package, entry.needed_by) for entry in found.masked] == [
        ("dev-lang/perl", ("a/one", "a/two")),
        ("x/lib-3d", ("a/one",)),
    ]


def test_the_summary_counts_few_imports_and_what_the_refused_end_at() -> None:
    found = summary(
        [
            _line("a/free", Outcome.FREE, imports=0),
            _line("a/three", imports=3),
            _line("a/four", imports=4),
            _line("a/half", Outcome.PARTLY),
            _refused("a/x", "dev-lang/perl"),
            _refused("a/y", "dev-lang/perl"),
            _refused("a/own", "a/own"),
        ]
    )
    assert (found.packages, found.free, found.few, found.more, found.partly, found.refused) == (
        7,
        1,
        1,
        1,
        1,
        3,
    )
    first, second = found.reasons
    assert (first.about, first.packages, first.hint) == ("dev-lang/perl", ("a/x", "a/y"), "unmask it")
    assert first.words == "dev-lang/perl, which is masked"
    assert (second.about, second.packages) == (None, ("a/own",))


def test_two_surveys_are_compared_by_package() -> None:
    before = [_line("a/same"), _line("a/dearer"), _line("a/lost"), _refused("a/won", "b/c"), _line("a/gone")]
    before.append(_refused("a/other", "b/c"))
    after = [_line("a/same"), _line("a/dearer", imports=2), _refused("a/lost", "b/c"), _line("a/won")]
    after += [_line("a/new"), _refused("a/other", "b/d")]
    found = compare({line.package: line for line in before}, after)
    groups = ("possible", "refused", "costs", "reasons", "new", "gone")
    assert {name: [entry.package for entry in getattr(found, name)] for name in groups} == {
        "possible": ["a/won"],
        "refused": ["a/lost"],
        "costs": ["a/dearer"],
        "reasons": ["a/other"],
        "new": ["a/new"],
        "gone": ["a/gone"],
    }
    assert found.costs[0].measures == ("adds",)
    assert found.same == 1 and found.differs


def test_a_survey_does_not_differ_from_itself() -> None:
    lines = [_line("a/b"), _refused("a/c", "a/d")]
    assert not compare({line.package: line for line in lines}, lines).differs


def test_what_is_no_survey_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "old.ndjson"
    file.write_bytes(encode(_line("a/b")) + b'{"package": 3}\n')
    with pytest.raises(BaselineError) as caught:
        read(file)
    assert caught.value.details[0].startswith("line 2: ")


def test_patterns_are_categories_names_and_wildcards() -> None:
    packages = ("a/bat", "a/cat", "ab/bat")
    assert select(packages, ()) == ["a/bat", "a/cat", "ab/bat"]
    assert select(packages, ("a/",)) == ["a/bat", "a/cat"]
    assert select(packages, ("bat",)) == ["a/bat", "ab/bat"]
    assert select(packages, ("*/c*", "ab/bat")) == ["a/cat", "ab/bat"]
    with pytest.raises(UnknownPackageError):
        select(packages, ("a/", "zz/"))


class _Trees:
    """Trees of which one package changes."""

    def __init__(self) -> None:
        self.version = b"1"

    def key(self, names: Iterable[str]) -> bytes:
        return b" ".join(name.encode() + (self.version if name == "a/dep" else b"") for name in names)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


QUESTION = b"image"


def test_an_answer_holds_until_something_changes_that_it_was_made_from(kept: Kept) -> None:
    trees = _Trees()
    answers = [Answer(line=_line("a/b"), asked=("a/b", "a/dep")), Answer(line=_line("a/c"), asked=("a/c",))]
    kept.put(QUESTION, answers, trees.key, "T")
    kept.settle("T", unchanged=True)
    assert set(kept.known(QUESTION, ["a/b", "a/c"], trees.key, "T")) == {"a/b", "a/c"}
    assert kept.known(b"sysext", ["a/b"], trees.key, "T") == {}
    trees.version = b"2"
    assert set(kept.known(QUESTION, ["a/b", "a/c"], trees.key, "U")) == {"a/c"}
    trees.version = b"1"
    assert set(kept.known(QUESTION, ["a/b", "a/c"], trees.key, "T")) == {"a/b", "a/c"}


def test_answers_of_a_run_that_was_cut_short_hold_for_the_trees_that_it_began_with(kept: Kept) -> None:
    trees = _Trees()
    kept.put(QUESTION, [Answer(line=_line("a/b"), asked=("a/b",))], trees.key, "T")
    assert set(kept.known(QUESTION, ["a/b"], trees.key, "T")) == {"a/b"}
    assert kept.known(QUESTION, ["a/b"], trees.key, "U") == {}
    kept.settle("T", unchanged=False)
    assert kept.known(QUESTION, ["a/b"], trees.key, "T") == {}


def test_a_damaged_store_is_made_anew(tmp_path: Path) -> None:
    Kept(tmp_path).close()
    (file,) = tmp_path.glob("survey-*.sqlite")
    file.write_bytes(b"no database at all" * 100)
    assert Kept(tmp_path).known(QUESTION, ["a/b"], _Trees().key, "T") == {}


def test_the_rate_is_that_of_the_last_minute() -> None:
    now = [0.0]
    rate = Rate(1000, lambda: now[0])
    assert str(rate) == ""
    for _ in range(200):
        now[0] += 1
        rate.add(2)
    assert str(rate) == "2.0 a second, 5 min left"
