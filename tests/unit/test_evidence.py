"""What the stages said is kept by content and found again."""

from __future__ import annotations

from pathlib import Path

from overlaytool.model.series import Evidence, Outcome, Stage
from overlaytool.support import evidence

TREE = "a" * 40


def said(stage: Stage, outcome: Outcome, *, output: str = "", when: str = "2026-08-22T10:00:00Z") -> Evidence:
    return Evidence(
        stage=stage,
        command="overlaytool verify",
        outcome=outcome,
        summary="two packages, two boards",
        output=output,
        tree=TREE,
        when=when,
    )


def test_the_last_word_of_each_stage_is_read_in_the_order_of_stages(tmp_path: Path) -> None:
    evidence.record(tmp_path, said(Stage.VM, Outcome.PASSED))
    evidence.record(tmp_path, said(Stage.VERIFY, Outcome.FAILED))
    evidence.record(tmp_path, said(Stage.VERIFY, Outcome.PASSED))
    assert evidence.read(tmp_path, TREE) == (
        said(Stage.VERIFY, Outcome.PASSED),
        said(Stage.VM, Outcome.PASSED),
    )


def test_evidence_for_another_content_is_none_for_this_one(tmp_path: Path) -> None:
    evidence.record(tmp_path, said(Stage.VERIFY, Outcome.PASSED))
    assert evidence.read(tmp_path, "b" * 40) == ()


def test_a_line_cut_off_by_a_crash_is_no_evidence(tmp_path: Path) -> None:
    evidence.record(tmp_path, said(Stage.VERIFY, Outcome.PASSED))
    evidence.record(tmp_path, said(Stage.VM, Outcome.PASSED))
    file = tmp_path / "evidence" / f"{TREE}.jsonl"
    file.write_bytes(file.read_bytes()[:-20])
    assert evidence.read(tmp_path, TREE) == (said(Stage.VERIFY, Outcome.PASSED),)


def test_of_a_long_output_the_end_is_kept(tmp_path: Path) -> None:
    evidence.record(tmp_path, said(Stage.EMERGE, Outcome.PASSED, output="x" * 9000 + "done"))
    (kept,) = evidence.read(tmp_path, TREE)
    assert kept.output.endswith("xdone")
    assert len(kept.output) == evidence.EXCERPT
