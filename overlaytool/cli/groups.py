"""Options that go together: a command takes a group as one parameter, and shows its fields as its options.

class Writing(Group):
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False

@grouped
def add(context: typer.Context, atoms: AtomArguments, writing: Writing) -> None: ...
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, get_type_hints

from msgspec import Struct


class Group(Struct, frozen=True, kw_only=True):
    """Base of all groups. Each field is an option as Typer has it, with its default."""


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose groups are taken apart for Typer, and put together when it is called."""
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if _is_group(hint)}

    @wraps(command)
    def taken_apart(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{field: given.pop(field) for field in group.__struct_fields__})
        command(**given)

    parameters = tuple(_parameters(inspect.signature(command), hints))
    taken_apart.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    taken_apart.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del taken_apart.__wrapped__
    return taken_apart


def _is_group(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Group)


def _parameters(signature: inspect.Signature, hints: dict[str, Any]) -> Iterator[inspect.Parameter]:
    """The parameters of a command, with the fields of a group in its place."""
    for name, parameter in signature.parameters.items():
        if not _is_group(hints[name]):
            yield parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            continue
        fields = get_type_hints(hints[name], include_extras=True)
        for field, default in zip(
            hints[name].__struct_fields__, hints[name].__struct_defaults__, strict=True
        ):
            yield inspect.Parameter(
                field, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=fields[field]
            )
