"""A checkout with changes in memory, which are divided into steps."""

from __future__ import annotations

from overlaytool.errors import CheckoutError
from overlaytool.flatcar.tree import REGULAR, Tree
from overlaytool.model.change import FileChange, FileState, Step, StepKind
from overlaytool.model.plan import Action, TreeCommit


class Draft:
    """A tree that reads its own changes first, and then the checkout below them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._now: dict[str, FileState | None] = {}
        self._open: dict[str, FileState | None] = {}
        """What the step that is under way started from."""
        self._steps: list[Step] = []

    def read(self, path: str) -> FileState | None:
        """The file or symlink at ``path``, as the steps so far leave it."""
        return self._now[path] if path in self._now else self._tree.read(path)

    def list(self, directory: str) -> tuple[str, ...]:
        """Every file and symlink below ``directory``, as the steps so far leave it."""
        paths = set(self._tree.list(directory))
        for path, state in self._now.items():
            if path.startswith(f"{directory}/"):
                paths.discard(path) if state is None else paths.add(path)
        return tuple(sorted(paths))

    def read_text(self, path: str) -> str:
        """The text of a file; empty when it is not there.

        :raises CheckoutError: for what is no UTF-8 text.
        """
        state = self.read(path)
        try:
            return state.content.decode("utf-8") if state else ""
        except UnicodeDecodeError:
            raise CheckoutError(
                f"{path} is not UTF-8 text", hint="git diff shows whether it was changed"
            ) from None

    def put(self, path: str, after: FileState | None) -> None:
        """Change a file; None deletes it."""
        before = self.read(path)
        if before != after:
            self._open.setdefault(path, before)
            self._now[path] = after

    def put_text(self, path: str, text: str) -> None:
        """Change a file's text and keep its mode."""
        before = self.read(path)
        self.put(path, FileState(mode=before.mode if before else REGULAR, content=text.encode()))

    def finish(
        self,
        kind: StepKind,
        action: Action,
        subject: str,
        source: TreeCommit | None = None,
        *,
        message: str | None = None,
    ) -> None:
        """Make a step of the changes since the last step, if there are any."""
        changes = tuple(
            FileChange(path=path, before=self._open[path], after=self._now[path])
            for path in sorted(self._open)
            if self._open[path] != self._now[path]
        )
        self._open.clear()
        if changes:
            self._steps.append(
                Step(
                    kind=kind,
                    action=action,
                    subject=subject,
                    source=source,
                    changes=changes,
                    message=message,
                )
            )

    def steps(self) -> tuple[Step, ...]:
        """The finished steps."""
        return tuple(self._steps)
