"""``overlaytool verify`` from the outside: what was wrong before, what nothing needs, statuses, documents."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from ebuilds import write_ebuild
from support import RunCli

from overlaytool.flatcar import checkout

pytestmark = pytest.mark.portage
METAPACKAGE = "coreos-base/coreos/coreos-0.0.1.ebuild"


def commit(path: Path) -> None:
    """Everything that is in the work tree becomes a commit."""
    for command in (["add", "--all"], ["commit", "--quiet", "-m", "More"]):
        subprocess.run(["git", *command], cwd=path, check=True)


def ask_for(path: Path, atom: str) -> None:
    """Let the image's metapackage pull in one more package."""
    file = checkout.find(path).overlay / METAPACKAGE
    file.write_text(file.read_text() + f'\nRDEPEND="${{RDEPEND}} {atom}"\n')


def test_a_checkout_that_holds_is_said_to_hold_for_every_board_and_view(
    run_cli: RunCli, checkout_tree: Path
) -> None:
    result = run_cli("-C", checkout_tree, "verify", "--format", "json")
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    assert document["holds"] is True
    assert document["complaints"] == []
    assert [(view["board"], view["view"]) for view in document["views"]] == [
        ("amd64-usr", "board"),
        ("amd64-usr", "production"),
        ("amd64-usr", "extensions"),
        ("amd64-usr", "extensions"),
        ("arm64-usr", "board"),
        ("arm64-usr", "production"),
        ("arm64-usr", "extensions"),
        (None, "host"),
    ]
    assert all(view["judged"] and view["complete"] and view["packages"] for view in document["views"])


def test_what_cannot_be_built_makes_the_exit_status_one_and_says_what_to_do(
    run_cli: RunCli, checkout_tree: Path
) -> None:
    write_ebuild(checkout.find(checkout_tree).portage_stable, "dev-libs/asks-1", 'RDEPEND="dev-libs/gone"')
    result = run_cli("-C", checkout_tree, "verify", "dev-libs/asks", check=False)
    assert result.returncode == 1
    assert "no ebuild for amd64-usr satisfies dev-libs/gone (and for arm64-usr)" in result.stdout
    assert "required by dev-libs/asks-1" in result.stdout
    assert "step: dev-libs/asks" in result.stdout
    assert "hint: overlaytool add 'dev-libs/gone'" in result.stdout


def test_what_was_wrong_before_is_shown_and_fails_nothing(run_cli: RunCli, checkout_tree: Path) -> None:
    stable = checkout.find(checkout_tree).portage_stable
    ask_for(checkout_tree, "dev-libs/long-gone")
    commit(checkout_tree)
    write_ebuild(stable, "dev-libs/fine-1", "")
    ask_for(checkout_tree, "dev-libs/fine")
    result = run_cli("-C", checkout_tree, "verify", "--board", "amd64-usr")
    assert "fail nothing" in result.stdout
    assert "no ebuild for amd64-usr satisfies dev-libs/long-gone" in result.stdout
    assert "amd64-usr  production resolves" in result.stdout


def test_what_is_wrong_since_the_base_fails_beside_what_was_wrong_before(
    run_cli: RunCli, checkout_tree: Path
) -> None:
    stable = checkout.find(checkout_tree).portage_stable
    ask_for(checkout_tree, "dev-libs/long-gone")
    commit(checkout_tree)
    write_ebuild(stable, "dev-libs/asks-1", 'RDEPEND="dev-libs/gone"')
    ask_for(checkout_tree, "dev-libs/asks")
    commit(checkout_tree)
    result = run_cli(
        *("-C", checkout_tree, "verify", "--base", "HEAD~1"),
        *("--board", "amd64-usr", "--format", "json"),
        check=False,
    )
    assert result.returncode == 1
    complaints = json.loads(result.stdout)["complaints"]
    assert {complaint["atom"]: complaint["before"] for complaint in complaints} == {
        "dev-libs/gone": False,
        "dev-libs/long-gone": True,
    }
    assert {complaint["atom"]: complaint["step"] for complaint in complaints}[
        "dev-libs/gone"
    ] == "dev-libs/asks"


def test_minimal_finds_what_nothing_needs_and_nothing_else(run_cli: RunCli, checkout_tree: Path) -> None:
    stable = checkout.find(checkout_tree).portage_stable
    write_ebuild(stable, "dev-libs/wanted-1", 'RDEPEND="dev-libs/needed >=app-misc/jq-2"')
    write_ebuild(stable, "dev-libs/needed-1", "")
    write_ebuild(stable, "dev-libs/idle-1", "")
    write_ebuild(stable, "app-misc/jq-2", "")
    write_ebuild(stable, "dev-libs/oniguruma-7", "")
    result = run_cli(
        *("-C", checkout_tree, "verify", "dev-libs/wanted", "--minimal"),
        *("--board", "amd64-usr", "--format", "json"),
        check=False,
    )
    assert result.returncode == 1
    document = json.loads(result.stdout)
    assert document["complaints"] == []
    assert [finding["package"] for finding in document["unneeded"]] == ["dev-libs/idle", "dev-libs/oniguruma"]
    assert "need not be updated" in document["unneeded"][1]["message"]


def test_a_base_that_is_no_commit_is_refused(run_cli: RunCli, checkout_tree: Path) -> None:
    result = run_cli("-C", checkout_tree, "verify", "dev-libs/gone", "--base", "no-such", check=False)
    assert result.returncode == 19
    assert "no commit no-such" in result.stderr


@pytest.mark.parametrize(("text", "status"), [("foo bar/baz", 8), ("=app-misc/jq", 8), ("nosuchthing", 6)])
def test_what_is_no_package_is_refused_before_portage_is_asked(
    run_cli: RunCli, checkout_tree: Path, text: str, status: int
) -> None:
    assert run_cli("-C", checkout_tree, "verify", text, check=False).returncode == status


def test_a_name_without_category_is_filled_in(run_cli: RunCli, checkout_tree: Path) -> None:
    result = run_cli("-C", checkout_tree, "verify", "jq", "--board", "amd64-usr", "--format", "json")
    assert json.loads(result.stdout)["atoms"] == ["app-misc/jq"]


def test_add_with_verify_asks_portage_about_what_it_has_written(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    result = run_cli(
        *("-C", checkout_tree, "add", "sys-process/htop", "app-misc/screen", "--gentoo", gentoo_tree),
        *("--yes", "--verify", "--format", "json"),
    )
    verdict = json.loads(result.stdout)["verdict"]
    assert verdict["holds"] is True
    assert verdict["atoms"] == ["app-misc/screen", "sys-process/htop"]
    assert "coreos-base/coreos" in verdict["views"][0]["atoms"]


def test_add_with_verify_ends_with_status_one_when_portage_refuses(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    overlay = checkout.find(checkout_tree).overlay
    mask = overlay / "profiles/coreos/targets/generic/prod/package.mask"
    mask.write_text(mask.read_text() + "\n# Not in an image.\nsys-process/htop\n")
    commit(checkout_tree)
    result = run_cli(
        *("-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree, "--yes", "--verify"),
        check=False,
    )
    assert result.returncode == 1
    assert "sys-process/htop-3.5.3 is masked for amd64-usr by" in result.stdout
    assert "build_image would fail" in result.stdout


def test_a_series_is_verified_as_it_was_committed_and_the_files_stay(
    run_cli: RunCli, checkout_tree: Path, gentoo_tree: Path
) -> None:
    result = run_cli(
        *("-C", checkout_tree, "add", "sys-process/htop", "--gentoo", gentoo_tree, "--commit", "--verify"),
        *("--board", "amd64-usr", "--format", "json"),
    )
    document = json.loads(result.stdout)
    assert document["verdict"]["holds"] is True
    assert document["verdict"]["base"] == document["series"]["base"]
    assert not (checkout.find(checkout_tree).portage_stable / "sys-process/htop").exists()


def test_the_answer_is_kept_as_evidence_of_the_content_that_was_judged(
    run_cli: RunCli, checkout_tree: Path, home: Path
) -> None:
    run_cli("-C", checkout_tree, "verify", "app-misc/jq")
    content = subprocess.run(
        ["git", "rev-parse", "HEAD:sdk_container/src/third_party"],
        cwd=checkout_tree,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    kept = json.loads((home / f".local/state/overlaytool/evidence/{content}.jsonl").read_text())
    assert (kept["stage"], kept["outcome"]) == ("verify", "passed")
    assert kept["command"] == "overlaytool verify --board amd64-usr --board arm64-usr app-misc/jq"
    assert "amd64-usr (board): emerge --pretend app-misc/jq" in kept["output"]


def test_a_checkout_that_is_no_git_work_tree_is_verified_too(
    run_cli: RunCli, checkout_tree: Path, tmp_path: Path
) -> None:
    (checkout_tree / ".git").rename(tmp_path / "git")
    result = run_cli("-C", checkout_tree, "verify", "app-misc/jq", "--board", "amd64-usr")
    assert "it holds" in result.stdout


def test_verifying_writes_nothing_into_the_checkout(run_cli: RunCli, checkout_tree: Path) -> None:
    run_cli("-C", checkout_tree, "verify")
    status = subprocess.run(
        ["git", "status", "--porcelain", "--ignored"],
        cwd=checkout_tree,
        check=True,
        capture_output=True,
        text=True,
    )
    assert status.stdout == ""
