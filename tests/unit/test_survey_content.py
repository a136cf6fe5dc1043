"""What of a survey has to be done again when something in a tree changes: as little as is safe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from overlaytool.survey.content import CHECKOUT, Content

EBUILD = 'EAPI=8\ninherit {eclass}\nSLOT="0"\nKEYWORDS="amd64 arm64"\n'


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    """``own`` and ``gentoo``, each with a/one and a/two; a/one inherits first.eclass, and that second."""
    for tree in ("own", "gentoo"):
        for package, eclass in (("one", "first"), ("two", "other")):
            place = tmp_path / tree / "a" / package
            place.mkdir(parents=True)
            (place / f"{package}-1.ebuild").write_text(EBUILD.format(eclass=eclass))
        (tmp_path / tree / "eclass").mkdir()
        (tmp_path / tree / "eclass/first.eclass").write_text("inherit second\n")
        for name in ("second", "other", "third"):
            (tmp_path / tree / f"eclass/{name}.eclass").write_text(f"{name}=1\n")
        (tmp_path / tree / "profiles/base").mkdir(parents=True)
        (tmp_path / tree / "profiles/base/make.defaults").write_text('USE="x"\n')
        (tmp_path / tree / "profiles/base/package.use").write_text("# why\na/one x\n\n>=a/two-1 y\n")
        (tmp_path / tree / "profiles/updates").mkdir()
    return tmp_path


def _content(trees: Path) -> Content:
    return Content([trees / "own"], {"gentoo": trees / "gentoo"})


def _append(file: str, text: str) -> Callable[[Path], None]:
    def change(trees: Path) -> None:
        path = trees / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + text)

    return change


@pytest.mark.parametrize(
    ("change", "reaches"),
    [
        pytest.param(_append("gentoo/a/one/one-1.ebuild", "#"), {"a/one"}, id="an ebuild"),
        pytest.param(_append("gentoo/a/one/one-2.ebuild", "EAPI=8\n"), {"a/one"}, id="a new version"),
        pytest.param(_append("gentoo/a/two/Manifest", "DIST x 1\n"), {"a/two"}, id="a Manifest"),
        pytest.param(_append("own/eclass/first.eclass", "#"), {"a/one"}, id="its eclass"),
        pytest.param(_append("gentoo/eclass/second.eclass", "#"), {"a/one"}, id="an eclass of its eclass"),
        pytest.param(_append("gentoo/eclass/third.eclass", "#"), set(), id="an eclass nobody inherits"),
        pytest.param(
            _append("own/profiles/base/package.use", "a/one -x\n"), {"a/one"}, id="a line of package.use"
        ),
        pytest.param(_append("own/profiles/base/package.mask", "<a/two-3\n"), {"a/two"}, id="a mask"),
        pytest.param(
            _append("gentoo/profiles/updates/1Q-2026", "move a/two b/two\n"), {"a/two"}, id="a move"
        ),
        pytest.param(
            _append("own/profiles/base/package.use", "*/* z\n"), {"a/one", "a/two"}, id="a wildcard"
        ),
        pytest.param(
            _append("own/profiles/base/make.defaults", 'USE="z"\n'), {"a/one", "a/two"}, id="USE defaults"
        ),
        pytest.param(_append("own/profiles/base/parent", "..\n"), {"a/one", "a/two"}, id="a parent profile"),
        pytest.param(
            _append("own/a/one/one-3.ebuild", 'RDEPEND="!a/two"\n'), {"a/one", "a/two"}, id="a blocker"
        ),
        pytest.param(_append("gentoo/a/one/files/fix.patch", "x"), set(), id="a patch"),
    ],
)
def test_a_change_reaches_the_packages_that_can_learn_of_it(
    trees: Path, change: Callable[[Path], None], reaches: set[str]
) -> None:
    before = _content(trees)
    change(trees)
    after = _content(trees)
    packages = ("a/one", "a/two")
    assert {name for name in packages if before.key([name]) != after.key([name])} == reaches


def test_a_comment_before_a_line_is_part_of_it(trees: Path) -> None:
    before = _content(trees)
    file = trees / "own/profiles/base/package.use"
    file.write_text(file.read_text().replace("# why", "# because"))
    after = _content(trees)
    assert before.digest("a/one") != after.digest("a/one")
    assert before.digest("a/two") == after.digest("a/two")


def test_an_eclass_whose_name_is_in_a_variable_may_be_any(trees: Path) -> None:
    _append("gentoo/a/two/two-2.ebuild", "inherit ${ECLASS}\n")(trees)
    before = _content(trees)
    _append("own/eclass/third.eclass", "#")(trees)
    assert before.digest("a/two") != _content(trees).digest("a/two")


def test_what_depends_on_the_whole_checkout_does_not_depend_on_gentoo(trees: Path) -> None:
    before = _content(trees)
    _append("gentoo/a/one/one-1.ebuild", "#")(trees)
    between = _content(trees)
    assert before.digest(CHECKOUT) == between.digest(CHECKOUT)
    assert before.total != between.total
    _append("own/a/two/two-1.ebuild", "#")(trees)
    assert between.digest(CHECKOUT) != _content(trees).digest(CHECKOUT)


def test_a_package_that_no_tree_has_gets_another_digest_when_one_has_it(trees: Path) -> None:
    before = _content(trees)
    _append("gentoo/b/new/new-1.ebuild", "EAPI=8\n")(trees)
    assert before.digest("b/new") != _content(trees).digest("b/new")
    assert _content(trees).packages() == ("a/one", "a/two", "b/new")
