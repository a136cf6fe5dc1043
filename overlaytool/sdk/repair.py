"""Repair one file of the checkout, as a commit of its own on the branch that is checked out."""

from __future__ import annotations

from pathlib import Path

from overlaytool.errors import GitError, WriteError
from overlaytool.git.repository import Repository
from overlaytool.model.build import Fault


def commit_repair(checkout: Path, fault: Fault) -> str:
    """Write the repaired file and commit it alone, signed off; whatever else is staged stays staged.

    :return: the new commit's id.
    :raises GitError: when the file is changed already, or git refuses: then the file is as it was.
    :raises WriteError: when the file cannot be written.
    """
    repository = Repository.open(checkout)
    path = checkout / fault.file
    if repository.dirty((str(path),)):
        raise GitError(
            f"{fault.file} has changes that are not committed",
            details=(f"it has the fault {fault.name}",),
            hint="commit them or put them away, then run doctor --fix again",
        )
    try:
        path.write_text(fault.after, encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror}") from error
    try:
        message = ("--signoff", "--message", fault.commit_message)
        repository.run("commit", "--quiet", *message, "--only", "--", str(path))
    except GitError:
        path.write_text(fault.before, encoding="utf-8")
        raise
    return repository.head()
