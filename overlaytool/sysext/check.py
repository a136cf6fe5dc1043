"""All checks of an extension against an image."""

from __future__ import annotations

from overlaytool.model.sysext import Extension, Host, Problem, Severity, SysextCheck
from overlaytool.sysext import contents, release, units

ORDER = list(Severity)


def check(extension: Extension, host: Host) -> SysextCheck:
    """The problems of merging it, the worst first."""
    problems = [
        *(
            Problem(
                reference="damaged",
                severity=Severity.ERROR,
                subject=extension.name,
                message=f"the image does not hold what it says: {text}",
                hint="fetch or build it again",
            )
            for text in extension.damage
        ),
        *release.check(extension, host),
        *contents.check(extension, host),
        *units.check(extension),
    ]
    problems.sort(key=lambda problem: ORDER.index(problem.severity))
    return SysextCheck(extension=extension.source, host=host.source, problems=tuple(problems))
