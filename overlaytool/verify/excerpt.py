"""A verdict in plain lines, as a reviewer of the pull request wants to see it."""

from __future__ import annotations

from overlaytool.model.verdict import JudgedView, Verdict


def summary(verdict: Verdict) -> str:
    """One line: whether it holds, where, and by whose word."""
    if verdict.holds:
        places = dict.fromkeys(view.board or "the build host" for view in verdict.views)
        return f"Portage {verdict.portage} resolves all of it on {', '.join(places)}"
    count = sum(not complaint.before for complaint in verdict.complaints) + len(verdict.unneeded)
    return f"Portage {verdict.portage} has {count} complaint{'s' if count != 1 else ''}"


def lines(verdict: Verdict) -> str:
    """Each view, then each complaint; those from before the change are marked."""
    said = [_view(view, verdict) for view in verdict.views]
    for complaint in verdict.complaints:
        mark = "before the change, too: " if complaint.before else ""
        said.append(f"{mark}{complaint.message}")
        said += [f"    {line}" for line in complaint.rejections]
    said += [finding.message for finding in verdict.unneeded]
    return "\n".join(said) + "\n"


def _view(view: JudgedView, verdict: Verdict) -> str:
    place = f"{view.board or 'build host'} ({view.view}): emerge --pretend {' '.join(view.atoms)}"
    if not view.judged:
        return f"{place}: not judged"
    new = sum((c.view, c.board, c.before) == (view.view, view.board, False) for c in verdict.complaints)
    return f"{place}: {f'{new} new complaints' if new else f'{view.packages} packages resolve'}"
