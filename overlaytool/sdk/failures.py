"""Why a stage failed, read from its output: a table of what emerge and Flatcar's scripts say.

The first rule of the table that finds its line wins; causes stand before what they bring about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from re import Match, Pattern

from msgspec import Struct

from overlaytool.model.build import BuildFailure, FailureKind
from overlaytool.model.resolution import package_name

EXCERPT = 14
"""Lines of output that an explanation shows at most."""
BUILD_LOG = re.compile(
    r"The complete build log is located at '(?P<path>[^']+)'|^>>>  '(?P<bare>/[^']+\.log)'"
)
COMPILER = re.compile(r"(?:\berror:|\bundefined reference\b|^\S+: No rule to make|\*\*\* )")

Excerpt = Callable[[Sequence[str], int], tuple[str, ...]]


class Rule(Struct, frozen=True, kw_only=True):
    """One thing that can be said about a failure."""

    kind: FailureKind
    pattern: Pattern[str]
    """Its groups ``package`` and ``what`` go into the texts."""
    summary: str
    advice: str
    excerpt: Excerpt
    last: bool = False
    """Several lines may match, and the last one counts: a script's complaints end with its reason."""


def _from(lines: Sequence[str], index: int) -> tuple[str, ...]:
    """The line and the paragraph below it."""
    block: list[str] = []
    for line in lines[index : index + EXCERPT]:
        if not line.strip():
            break
        block.append(line)
    return tuple(block)


def _around(lines: Sequence[str], index: int) -> tuple[str, ...]:
    """The line with the few before it."""
    return tuple(line for line in lines[max(0, index - 4) : index + 2] if line.strip())


def _ebuild_block(lines: Sequence[str], index: int) -> tuple[str, ...]:
    """What the compiler complained of, then the ebuild's own error block without the request for reports."""
    complaints = [line for line in lines[max(0, index - 200) : index] if COMPILER.search(line)][:5]
    block: list[str] = []
    for line in lines[index : index + 40]:
        text = line.removeprefix(" * ").strip()
        if not line.startswith(" *") or text.startswith(("Call stack", "If you need support")):
            break
        if text:
            block.append(line)
    return (*complaints, *block[: EXCERPT - len(complaints)])


def _collision(lines: Sequence[str], index: int) -> tuple[str, ...]:
    """The paths that are there already, and the package that owns them."""
    kept = []
    for line in lines[index : index + 40]:
        text = line.removeprefix(" * ").strip()
        if "NOT merged due to file collisions" in text:
            break
        if text.startswith("/") or re.match(r"[\w+.-]+/[\w+.-]+-\d\S*:", text):
            kept.append(text)
    return tuple(kept[:EXCERPT])


def _script(lines: Sequence[str], index: int) -> tuple[str, ...]:
    """The script's reason, and what was said before it began to complain: there the cause is."""
    first = index
    while first > 0 and lines[first - 1].startswith("ERROR "):
        first -= 1
    before = [line for line in lines[max(0, first - 6) : first] if line.strip()]
    return (*before[-4:], lines[index])


def _dependency(lines: Sequence[str], index: int) -> tuple[str, ...]:
    """The line and the chain of those who required it."""
    chain = [
        line for line in lines[index + 1 : index + EXCERPT] if line.startswith("(dependency required by")
    ]
    return (lines[index], *chain)


def _rule(kind: FailureKind, pattern: str, summary: str, advice: str, excerpt: Excerpt = _from) -> Rule:
    return Rule(kind=kind, pattern=re.compile(pattern), summary=summary, advice=advice, excerpt=excerpt)


RULES = (
    _rule(
        FailureKind.NO_SPACE,
        r"No space left on device|\[Errno 28\]",
        "the disk is full",
        "free some space (overlaytool doctor says where it is needed), then go on with `{again}`",
        _around,
    ),
    _rule(
        FailureKind.MISSING_ECLASS,
        r"(?P<what>[\w.-]+)\.eclass could not be found by inherit",
        "{what}.eclass is missing in the checkout",
        "overlaytool add copies the eclasses that a package inherits, then `{again}`",
        _around,
    ),
    _rule(
        FailureKind.DIGEST,
        r"!!! Digest verification failed:|!!! Fetched file: (?P<what>\S+) VERIFY FAILED",
        "a distfile is not the one of the Manifest",
        "remove it from sdk_container/.cache/distfiles and see that the Manifest is Gentoo's, then `{again}`",
    ),
    _rule(
        FailureKind.FETCH,
        r"!!! Couldn't download '(?P<what>(?!\.layout\.conf)[^']+)'",
        "{what} could not be fetched",
        "put the file into sdk_container/.cache/distfiles of the checkout by hand, then `{again}`",
        _around,
    ),
    _rule(
        FailureKind.FILE_COLLISION,
        r"Detected file collision\(s\)",
        "two packages install the same files",
        "let one of them leave its file away, with INSTALL_MASK in coreos/config/env, then `{again}`",
        _collision,
    ),
    _rule(
        FailureKind.EBUILD,
        r"ERROR: (?P<package>\S+?)(?:::\S+)? failed \(depend phase\)",
        "the metadata of {package} cannot be sourced in this SDK",
        "use the SDK image of version.txt, or see that {name} fits the checkout's eclasses, then `{again}`",
        _ebuild_block,
    ),
    _rule(
        FailureKind.EBUILD,
        r"ERROR: (?P<package>\S+?)(?:::\S+)? failed \((?P<what>\w+) phase\)",
        "{package} failed in its {what} phase",
        "put a patch into coreos-overlay/coreos/user-patches/{name}, then `{again}`",
        _ebuild_block,
    ),
    _rule(
        FailureKind.ROOT_CHECK,
        r"(?P<package>\S+/\S+) has paths that conflict with /usr",
        "{package} has files outside /usr that /usr has too",
        "a hook in coreos-overlay/coreos/config/env/{name} can remove them; emerge it again, then `{again}`",
    ),
    _rule(
        FailureKind.ROOT_CHECK,
        r"^broken link: (?P<what>\S+)",
        "the image would have a broken link {what}",
        "`equery belongs` finds its package; remove the link in a hook of coreos/config/env, then `{again}`",
    ),
    _rule(
        FailureKind.NO_BINARY_PACKAGE,
        r"there are no binary packages to satisfy \"(?P<package>[^\"]+)\"",
        "there is no binary package of {package}",
        "an image is made of binary packages only: `overlaytool sdk emerge {name}`, then `{again}`",
        _dependency,
    ),
    _rule(
        FailureKind.NO_BINARY_PACKAGE,
        r"(?:Binary package missing for |non-existent binary for ')(?P<package>[^\s']+)",
        "there is no binary package of {package}",
        "an image is made of binary packages only: `overlaytool sdk emerge {name}`, then `{again}`",
        _around,
    ),
    _rule(
        FailureKind.MISSING_DEPENDENCY,
        r"there are no ebuilds to satisfy \"(?P<package>[^\"]+)\"",
        "the checkout has no {package}",
        "`overlaytool add {name}`, or better with the package that requires it, imports it; then `{again}`",
        _dependency,
    ),
    _rule(
        FailureKind.MISSING_DEPENDENCY,
        r"there are no ebuilds built with USE flags to satisfy \"(?P<package>[^\"]+)\"",
        "no version in the checkout has the USE flags that {package} asks for",
        "overlaytool add with the package that requires it says what has to change, then `{again}`",
    ),
    _rule(
        FailureKind.MASKED,
        r"!!! All ebuilds that could satisfy \"(?P<package>[^\"]+)\".* have been masked",
        "{package} is masked",
        "overlaytool add {package} --accept-keywords writes the entry, then `{again}`",
    ),
    _rule(
        FailureKind.MASKED,
        r"The following (?:keyword|mask) changes are necessary to proceed",
        "a keyword or a mask stands against it",
        "overlaytool add with the package that requires it writes the entries, then `{again}`",
    ),
    _rule(
        FailureKind.USE_CHANGE,
        r"The following USE changes are necessary to proceed",
        "a USE flag has to change first",
        "overlaytool add with the package that requires it writes package.use, then `{again}`",
    ),
    _rule(
        FailureKind.CONFLICT,
        r"^\[blocks B|contains packages which cannot be|Multiple package instances within a single",
        "packages exclude each other",
        "overlaytool why PACKAGE shows who asks for them",
        _around,
    ),
    _rule(
        FailureKind.SCRIPT,
        r"Unable to parse profile: '(?P<what>[^']+)'",
        "the profile {what} cannot be read",
        "if the board root is of another version, `./setup_board --regen_configs` renews it; then `{again}`",
    ),
    _rule(
        FailureKind.SCRIPT,
        r"This script must be run as a non-root user|does not run as root",
        "Flatcar's scripts refuse root in the container",
        "build as an ordinary user who may use the container engine: `{again}`",
        _around,
    ),
    _rule(
        FailureKind.SCRIPT,
        r"Version mismatch between board flatcar release",
        "build_sysext found another version in the board root than in the image",
        "overlaytool doctor names the fault, overlaytool doctor --fix repairs it, then `{again}`",
        _around,
    ),
    Rule(
        kind=FailureKind.SCRIPT,
        pattern=re.compile(
            r"^ERROR +[\w.]+ *: +"
            r"(?!Command failed|Error was|Backtrace|script called|\(Note bash|file )(?P<what>\S.*)"
        ),
        summary="{what}",
        advice="do what the script says; afterwards `{again}`",
        excerpt=_script,
        last=True,
    ),
)


def explain(output: Sequence[str], *, again: str) -> BuildFailure:
    """Say why a stage failed.

    :param output: the last lines of its output, without colours.
    :param again: the command that goes on from here.
    """
    for rule in RULES:
        indices = range(len(output))
        for index in reversed(indices) if rule.last else indices:
            if found := rule.pattern.search(output[index]):
                return _failure(rule, found, output, index, again)
    return BuildFailure(
        kind=FailureKind.UNKNOWN,
        summary="it ended with an error that overlaytool does not know",
        excerpt=tuple(line for line in output if line.strip())[-EXCERPT:],
        advice=f"the log says more; afterwards `{again}`",
        build_log=_build_log(output),
    )


def _failure(rule: Rule, found: Match[str], output: Sequence[str], index: int, again: str) -> BuildFailure:
    groups = {name: value for name, value in found.groupdict().items() if value}
    package = groups.get("package")
    words = {"what": "it", "package": "a package", "name": _name(package or "PACKAGE"), "again": again}
    words |= groups
    return BuildFailure(
        kind=rule.kind,
        summary=rule.summary.format(**words),
        package=package,
        excerpt=rule.excerpt(output, index),
        build_log=_build_log(output),
        advice=rule.advice.format(**words),
    )


def _name(text: str) -> str:
    """Category and name of a CPV or of an atom; the text itself where it has no version."""
    name = re.sub(r"[:\[].*$", "", text.lstrip("<>=~!"))
    return package_name(name) if re.search(r"-\d[\w.]*(-r\d+)?$", name) else name


def _build_log(output: Sequence[str]) -> str | None:
    for line in output:
        if found := BUILD_LOG.search(line):
            return found["path"] or found["bare"]
    return None
