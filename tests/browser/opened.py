"""A report that a browser shows."""

from __future__ import annotations

from msgspec import Struct, field
from playwright.sync_api import Locator, Page


class Opened(Struct):
    """The page, and what it did that it must not do."""

    page: Page
    faults: list[str] = field(default_factory=list)
    """Console messages, uncaught errors, dialogs, and requests other than for the file itself."""

    def node(self, identity: str) -> Locator:
        """A package in the drawing."""
        return self.page.locator(f'#drawing g.node[data-id="{identity}"]')

    def nodes(self) -> list[str]:
        """The ids of all packages in the drawing, sorted."""
        return sorted(self.page.locator("#drawing g.node").evaluate_all("all => all.map(n => n.dataset.id)"))

    def lit(self) -> list[str]:
        """The ids of those that are not dimmed, sorted."""
        return sorted(
            self.page.locator("#drawing.dimmed g.node.lit").evaluate_all("all => all.map(n => n.dataset.id)")
        )

    def rows(self) -> list[str]:
        """The first cells of the table, in its order."""
        return self.page.locator("#table tbody td:first-child").all_inner_texts()

    def details(self) -> str:
        """The text of the details."""
        return self.page.locator("#details").inner_text()

    def filter(self, name: str, on: bool) -> None:
        """Tick or untick a filter by its label."""
        box = self.page.get_by_role("checkbox", name=name, exact=True)
        box.set_checked(on)
