"""What git says of a remote is told apart: out of reach, not allowed, or something else."""

from __future__ import annotations

import pytest

from overlaytool.errors import GitError, NetworkError, OverlaytoolError
from overlaytool.git import transfer
from overlaytool.progress import SilentTask


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ("fatal: unable to access 'https://x/': Could not resolve host: x", NetworkError, "reached"),
        ("ssh: connect to host x port 22: Connection timed out", NetworkError, "reached"),
        ("fatal: '/srv/x' does not appear to be a git repository", NetworkError, "reached"),
        ("git@github.com: Permission denied (publickey).", GitError, "does not let you"),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 403", GitError, "let you"),
        ("fatal: could not read Username for 'https://x': terminal prompts disabled", GitError, "let you"),
        ("fatal: bad object HEAD", GitError, "could not do it"),
    ],
)
def test_each_complaint_is_its_kind(said: str, kind: type[OverlaytoolError], message: str) -> None:
    error = transfer.failure([said, "fatal: Could not read from remote repository."][: 1 + ("ssh" in said)])
    assert type(error) is kind
    assert message in error.message
    assert said in error.details


def test_an_ssh_key_that_is_refused_is_no_network_error() -> None:
    said = ["git@github.com: Permission denied (publickey).", "fatal: Could not read from remote repository."]
    assert type(transfer.failure(said)) is GitError


def test_progress_goes_to_the_task_and_the_rest_is_kept() -> None:
    class Heard(SilentTask):
        def __init__(self) -> None:
            self.texts: list[str] = []

        def describe(self, text: str) -> None:
            self.texts.append(text)

    heard = Heard()
    kept: list[str] = []
    for line in (
        "remote: Counting objects:  50% (1/2)",
        "Receiving objects: 100% (9/9), done.",
        "warning: x",
        "",
    ):
        transfer._hear(line, heard, kept)
    assert heard.texts == ["Counting objects 50 %", "Receiving objects 100 %"]
    assert kept == ["warning: x"]
