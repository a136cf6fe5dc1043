"""Takes the trailers of the user's commit template into commits that are made without an editor."""

from __future__ import annotations

from overlaytool.git.repository import Repository
from overlaytool.support.files import read_text


def trailers(repository: Repository) -> str:
    """The trailers of ``commit.template`` that have a value, as text to put below a message.

    The rest of a template is there for a person to fill in, and ``git commit -F`` leaves it out as well.
    The sign-off is added by git, so a line of the template for it is left out.
    """
    text = _template(repository)
    if not text.strip():
        return ""
    plain = repository.run("stripspace", "--strip-comments", stdin=text.encode())
    parsed = repository.run("interpret-trailers", "--parse", stdin=b"subject\n\n" + plain)
    lines = [line for line in parsed.decode("utf-8", "replace").splitlines() if _has_value(line)]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def _template(repository: Repository) -> str:
    status, name, _ = repository.attempt("config", "--type=path", "--get", "commit.template")
    if status or not name.strip():
        return ""
    try:
        return read_text(repository.top / name.rstrip("\n"), errors="replace")
    except OSError:
        return ""


def _has_value(line: str) -> bool:
    key, _, value = line.partition(":")
    return bool(value.strip()) and key.lower() != "signed-off-by"
