"""What packages would cost, in the terminal."""

from __future__ import annotations

from overlaytool.cli import console
from overlaytool.cli.views.image import printable
from overlaytool.cli.views.sdk import amount
from overlaytool.model.forecast import Forecast, RefusalKind

WORDS = {
    RefusalKind.DYNAMIC_ID: "an id that is not fixed",
    RefusalKind.PAM_FILE: "a PAM file outside /usr",
    RefusalKind.USR_CONFLICT: "a path below / and below /usr",
}


def show(found: Forecast) -> None:
    """Packages, their sum against the budget, then what the build would refuse."""
    for each in found.packages:
        console.show(
            f"{amount(each.compressed):>12} in /usr  {printable(each.cpv)}",
            (f"  {each.files:,} files, {amount(each.size)} uncompressed", "dim"),
        )
        if each.kernel:
            fits = each.kernel <= found.kernel_limit
            console.show(
                f"{amount(each.kernel):>12} of the {amount(found.kernel_limit)} that a kernel may take",
                ("" if fits else ": too much", "bold red"),
            )
    for cpv in found.unknown:
        console.show(f"{'?':>12}          {printable(cpv)}", ("  no binary package of it is here", "yellow"))
    if not found.packages and not found.unknown:
        console.show("The image gains no package.")
    console.show(_sum(found))
    for refusal in found.refusals:
        where = f"/{refusal.path}" + (f": {refusal.line}" if refusal.line else "")
        console.show(("refused: ", "bold red"), f"{WORDS[refusal.kind]}, of {printable(refusal.cpv)}")
        console.show(f"  {printable(where)}")
        console.show(("  hint: ", "bold cyan"), printable(refusal.hint))


def _sum(found: Forecast) -> str:
    atleast = "at least " if found.unknown else ""
    words = f"together {atleast}{amount(found.compressed)}"
    if found.left is None or found.used is None:
        return f"{words} of the {amount(found.limit)} of /usr; no image is here that says what is in use"
    after = found.used + found.compressed
    left = f"{amount(found.left)} left" if found.left >= 0 else f"{amount(-found.left)} too much"
    return f"{words}: /usr would have {amount(after)} of {amount(found.limit)}, {left}"
