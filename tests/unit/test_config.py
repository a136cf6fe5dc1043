"""overlaytool.toml: what it may say, and what is said of one that does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from overlaytool.config import GENTOO_URL, Config, SourceConfig, load
from overlaytool.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The configuration's path."""
    return tmp_path / "overlaytool.toml"


def read(file: Path, text: str) -> Config:
    """A configuration from its text, in a home directory of its own."""
    file.write_text(text)
    return load(file, environ={"HOME": "/home/ada"})


def test_a_whole_file_is_read(file: Path) -> None:
    config = read(
        file,
        'gentoo = "trees/gentoo"\nboards = ["arm64-usr"]\n'
        '[[source]]\nname = "guru"\nurl = "https://example.org/guru"\ntrusted = true\n'
        '[[source]]\nname = "own"\npath = "/srv/own"\n',
    )
    assert config.gentoo == SourceConfig(name="gentoo", path=file.parent / "trees/gentoo", url=None)
    assert config.boards == ("arm64-usr",)
    guru, own = config.sources
    assert (guru.path, guru.trusted) == (Path("/home/ada/.cache/overlaytool/trees/guru"), True)
    assert own == SourceConfig(name="own", path=Path("/srv/own"), url=None, trusted=False)


def test_an_empty_file_says_what_no_file_says(file: Path) -> None:
    assert read(file, "") == load(environ={"HOME": "/home/ada", "XDG_CONFIG_HOME": str(file.parent)})


def test_gentoo_may_be_a_table_and_keeps_its_url(file: Path) -> None:
    gentoo = read(file, '[gentoo]\npath = "/srv/gentoo"\ntrusted = true\n').gentoo
    assert gentoo == SourceConfig(name="gentoo", path=Path("/srv/gentoo"), url=GENTOO_URL, trusted=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gento = 1", "has an unknown key: gento"),
        ('[[source]]\nname = "x"\nurl = "y"\nbranch = "z"', "has an unknown key: branch (in source[0])"),
        ("[gentoo]\ndepth = 1", "has an unknown key: depth (in gentoo)"),
        ('boards = "amd64-usr"', "boards: expected a list, got text"),
        ("boards = [1]", "boards[0]: expected text, got a number"),
        ('[[source]]\nname = "x"\nurl = "y"\ntrusted = "yes"', "trusted: expected true or false, got text"),
        ("gentoo = 1", "gentoo: expected text"),
        ('[[source]]\nurl = "y"', "every [[source]] needs a plain name"),
        ('[[source]]\nname = "../x"\nurl = "y"', "every [[source]] needs a plain name"),
        ('[[source]]\nname = "x"', "source x needs a path or a url"),
        ("boards = [", "cannot be read"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(file: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(file, text)
    assert str(file) in refused.value.message
    assert says in refused.value.message


def test_a_file_that_was_named_has_to_be_there(file: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration file"):
        load(file)
