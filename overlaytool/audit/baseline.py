"""What an earlier audit found already: those findings are known, and fail nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from overlaytool.errors import BaselineError
from overlaytool.model.finding import Finding

type Identity = tuple[str, str, str]


def read(path: Path) -> Counter[Identity]:
    """The findings in a document that ``audit --format json`` wrote, each as often as it is there.

    :raises BaselineError: for a file that cannot be read, or that holds something else.
    """
    hint = "overlaytool audit --format json > FILE writes one"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BaselineError(
            f"{path} cannot be read", details=(error.strerror or str(error),), hint=hint
        ) from error
    except ValueError as error:
        raise BaselineError(f"{path} is no JSON document", details=(str(error),), hint=hint) from error
    try:
        if document["schema"] != 1:
            raise BaselineError(f"{path} has schema {document['schema']!r}, and 1 is understood", hint=hint)
        return Counter(
            (str(entry["reference"]), str(entry["subject"]), str(entry["file"] or ""))
            for entry in document["findings"]
        )
    except (KeyError, TypeError) as error:
        raise BaselineError(f"{path} holds no findings of an audit", hint=hint) from error


def split(
    findings: Iterable[Finding], known: Counter[Identity]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings that are new, and those that are known."""
    left = known.copy()
    new, old = [], []
    for finding in findings:
        if left[finding.identity] > 0:
            left[finding.identity] -= 1
            old.append(finding)
        else:
            new.append(finding)
    return tuple(new), tuple(old)
