"""overlaytool.toml and the environment, as one record.

Read from ``--config FILE``, else the checkout's ``overlaytool.toml``, else
``$XDG_CONFIG_HOME/overlaytool/overlaytool.toml``::

    gentoo = "/srv/gentoo"              # the Gentoo tree; default: the clone that `sync` keeps
    boards = ["amd64-usr"]              # default: every board of the checkout

    [[source]]                          # one more tree to import from, in order
    name = "guru"
    url = "https://github.com/gentoo-mirror/guru"   # `sync` clones it into the cache
    path = "/srv/guru"                              # or where it is already
    trusted = true                      # source its ebuilds even where they cannot be contained
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import DecodeError, Struct, ValidationError, toml
from msgspec.structs import replace

from overlaytool.errors import ConfigError
from overlaytool.support.files import read_text

FILE_NAME = "overlaytool.toml"
GENTOO_URL = "https://github.com/gentoo/gentoo"

TOML_TYPES = {
    "str": "text", "int": "a number", "float": "a number", "bool": "true or false",
    "array": "a list", "object": "a table", "null": "nothing",
}  # fmt: skip
"""What TOML calls a type of msgspec."""


class SourceConfig(Struct, frozen=True, kw_only=True):
    """A tree to import from."""

    name: str
    path: Path
    """Where it is, or where `sync` puts it."""
    url: str | None
    """What `sync` clones; None for a tree that the user keeps."""
    trusted: bool = False
    """Whether its ebuilds are sourced even where this machine cannot contain what they do."""


class _Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ``[[source]]`` of the file, or ``[gentoo]``."""

    name: str = ""
    url: str = ""
    path: str = ""
    trusted: bool = False


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as it is written."""

    gentoo: str | _Table | None = None
    boards: tuple[str, ...] = ()
    source: tuple[_Table, ...] = ()


class Config(Struct, frozen=True, kw_only=True):
    """Everything that is set outside the command line."""

    gentoo: SourceConfig
    sources: tuple[SourceConfig, ...]
    """The other trees, in order."""
    boards: tuple[str, ...]
    """Empty: every board of the checkout."""
    cache: Path
    """The user's cache directory for overlaytool."""
    state: Path
    """The user's state directory for overlaytool: logs, locks, journals."""


def load(
    file: Path | None = None, *, checkout: Path | None = None, environ: Mapping[str, str] | None = None
) -> Config:
    """Read the configuration.

    :param file: ``--config``; it has to exist. None looks in the checkout, then in the user's directory.
    :raises ConfigError: for a file that cannot be read or a key that does not fit.
    """
    environ = os.environ if environ is None else environ
    cache = _base(environ, "XDG_CACHE_HOME", ".cache") / "overlaytool"
    state = _base(environ, "XDG_STATE_HOME", ".local/state") / "overlaytool"
    path, written = _read(file, checkout, environ)
    return Config(
        gentoo=_gentoo(path, written.gentoo, cache),
        sources=tuple(_source(path, table, cache) for table in written.source),
        boards=written.boards,
        cache=cache,
        state=state,
    )


def places(checkout: Path | None, environ: Mapping[str, str] | None = None) -> list[Path]:
    """Where a configuration is looked for: in the checkout, then in the user's directory."""
    own = _base(os.environ if environ is None else environ, "XDG_CONFIG_HOME", ".config")
    return [*([checkout / FILE_NAME] if checkout else []), own / "overlaytool" / FILE_NAME]


def _base(environ: Mapping[str, str], variable: str, fallback: str) -> Path:
    """An XDG base directory; relative values are to be ignored, says the specification."""
    value = environ.get(variable, "")
    if value.startswith("/"):
        return Path(value)
    return Path(environ.get("HOME") or Path.home()) / fallback


def _read(file: Path | None, checkout: Path | None, environ: Mapping[str, str]) -> tuple[Path, _File]:
    """The first configuration file that there is, and its path; an empty one where there is none."""
    candidates = [file] if file else places(checkout, environ)
    for path in candidates:
        try:
            text = read_text(path)
        except FileNotFoundError:
            if file:
                raise ConfigError(f"no configuration file {file}") from None
        except (OSError, ValueError) as error:  # ValueError: not UTF-8
            raise ConfigError(f"{path} cannot be read: {error}") from error
        else:
            return path, _parse(path, text)
    return candidates[-1], _File()


def _parse(path: Path, text: str) -> _File:
    try:
        return toml.decode(text, type=_File)
    except ValidationError as error:
        raise ConfigError(
            f"{path} {_problem(str(error))}",
            hint="there are gentoo, boards, and [[source]] with name, url, path and trusted",
        ) from error
    except DecodeError as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _problem(text: str) -> str:
    """What msgspec says of a value that does not fit, in words of TOML."""
    found = re.fullmatch(r"(?P<what>.*?)(?: - at `\$\.(?P<key>.+)`)?", text)
    what, key = (found["what"], found["key"]) if found else (text, None)
    unknown = re.fullmatch("Object contains unknown field `(.+)`", what)
    if unknown:
        return f"has an unknown key: {unknown[1]}" + (f" (in {key})" if key else "")
    words = re.sub(r"\w+", lambda word: TOML_TYPES.get(word[0], word[0]), what.replace("`", ""))
    return f"does not fit: {key}: {words[:1].lower()}{words[1:]}"


def _gentoo(path: Path, written: str | _Table | None, cache: Path) -> SourceConfig:
    match written:
        case None:
            return SourceConfig(name="gentoo", path=cache / "trees/gentoo", url=GENTOO_URL)
        case str():
            return SourceConfig(name="gentoo", path=_absolute(path, written), url=None)
        case _Table():
            return _source(path, replace(written, name="gentoo", url=written.url or GENTOO_URL), cache)


def _source(path: Path, table: _Table, cache: Path) -> SourceConfig:
    name = table.name
    if not name or "/" in name or name.startswith("."):
        raise ConfigError(f"{path}: every [[source]] needs a plain name", hint='name = "guru"')
    if not table.url and not table.path:
        raise ConfigError(f"{path}: source {name} needs a path or a url")
    location = _absolute(path, table.path) if table.path else cache / "trees" / name
    return SourceConfig(name=name, path=location, url=table.url or None, trusted=table.trusted)


def _absolute(path: Path, value: str) -> Path:
    """A path of the file: ``~`` expanded, relative ones from the file's directory."""
    expanded = Path(value).expanduser()
    return expanded if expanded.is_absolute() else (path.parent / expanded).absolute()
