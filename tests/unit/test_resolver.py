"""The resolver on trees of a few lines."""

from __future__ import annotations

import pytest
from text_source import TextSource

from overlaytool.errors import ConflictError, KeywordError, MaskedError, MetadataError, UnsatisfiableError
from overlaytool.model.resolution import DepClass, Into, RejectionKind, Request, Resolution, Root, State
from overlaytool.resolve.explain import chains
from overlaytool.resolve.resolver import resolve


def answer(
    text: str,
    *atoms: str,
    accept_keywords: bool = True,
    into: Into = Into.IMAGE,
    update: bool = False,
) -> Resolution:
    """Resolve a request on trees of text."""
    request = Request(atoms=atoms, accept_keywords=accept_keywords, into=into, update=update)
    return resolve(request, TextSource(text))


def imported(resolution: Resolution, board: str | None = "amd64-usr") -> list[str]:
    """What is copied and selected for a board, dependencies first."""
    states = (State.ADD, State.UPDATE)
    return [
        package.cpv for package in resolution.packages if package.state in states and package.board == board
    ]


def selected(resolution: Resolution, board: str | None = "amd64-usr") -> set[str]:
    return {package.cpv for package in resolution.packages if package.board == board}


def test_what_the_checkout_has_is_not_imported() -> None:
    found = answer(
        """
        dev-libs/b-1
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/b"
        dev-libs/b-2
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/a-1"]
    assert "dev-libs/b-1" in selected(found)


def test_a_version_that_is_too_old_is_updated_and_every_user_of_it_gets_the_new_one() -> None:
    found = answer(
        """
        dev-libs/b-1
        dev-libs/c-1 rdepend="dev-libs/b"
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/c >=dev-libs/b-2"
        dev-libs/b-2
        """,
        "dev-libs/a",
    )
    assert [package.state for package in found.packages if package.cpv == "dev-libs/b-2"] == [
        State.UPDATE
    ] * 2
    assert "dev-libs/b-1" not in selected(found)


def test_the_first_source_that_has_a_package_is_taken_though_the_second_needs_no_keyword() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 keywords="~amd64 ~arm64"
        [guru]
        dev-libs/a-2
        """,
        "dev-libs/a",
    )
    assert {(package.cpv, package.repository) for package in found.packages} == {("dev-libs/a-1", "gentoo")}
    assert {need.cpv for need in found.keywords} == {"dev-libs/a-1"}


def test_an_update_to_a_stable_version_is_preferred_to_a_keyword() -> None:
    found = answer(
        """
        dev-libs/b-1
        dev-libs/b-2 keywords="~amd64 ~arm64"
        [gentoo]
        dev-libs/a-1 rdepend=">=dev-libs/b-2"
        dev-libs/b-3
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/b-3", "dev-libs/a-1"]
    assert found.keywords == ()


@pytest.mark.parametrize("there", ['dev-libs/b-3 keywords="~amd64 ~arm64"', "dev-libs/b-1"])
def test_a_keyword_is_preferred_to_an_update_that_needs_one_or_sets_the_package_back(there: str) -> None:
    found = answer(
        f"""
        dev-libs/b-2 keywords="~amd64 ~arm64"
        [gentoo]
        dev-libs/a-1 rdepend=">=dev-libs/b-1"
        {there}
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/a-1"]
    assert [(need.cpv, need.keywords) for need in found.keywords] == [("dev-libs/b-2", ())]


def test_both_boards_get_the_version_that_one_of_them_has_stable() -> None:
    found = answer(
        """
        [gentoo]
        sys-process/htop-3.4 keywords="amd64 ~arm64"
        sys-process/htop-3.5 keywords="~amd64 arm64"
        """,
        "sys-process/htop",
    )
    assert {package.cpv for package in found.packages} == {"sys-process/htop-3.5"}
    assert [(need.cpv, need.keywords) for need in found.keywords] == [("sys-process/htop-3.5", ("~amd64",))]


def test_without_leave_to_accept_keywords_each_board_takes_its_own_version() -> None:
    found = answer(
        """
        [gentoo]
        sys-process/htop-3.4 keywords="amd64 ~arm64"
        sys-process/htop-3.5 keywords="~amd64 arm64"
        """,
        "sys-process/htop",
        accept_keywords=False,
    )
    assert imported(found) == ["sys-process/htop-3.4"]
    assert imported(found, "arm64-usr") == ["sys-process/htop-3.5"]


def test_a_slot_gets_the_version_that_all_who_ask_for_it_accept() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/b dev-libs/c"
        dev-libs/b-1 rdepend="dev-libs/lib"
        dev-libs/c-1 rdepend="<dev-libs/lib-2"
        dev-libs/lib-1
        dev-libs/lib-2
        """,
        "dev-libs/a",
    )
    assert {cpv for cpv in selected(found) if "/lib-" in cpv} == {"dev-libs/lib-1"}


def test_a_parent_gives_way_where_its_slot_has_no_common_version() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/b dev-libs/c"
        dev-libs/b-1 rdepend="=dev-libs/lib-1"
        dev-libs/c-2 rdepend="=dev-libs/lib-2"
        dev-libs/c-1 rdepend="=dev-libs/lib-1"
        dev-libs/lib-1
        dev-libs/lib-2
        """,
        "dev-libs/a",
    )
    assert {"dev-libs/c-1", "dev-libs/lib-1"} <= selected(found)


def test_a_conflict_that_nothing_solves_names_who_asked_for_what() -> None:
    with pytest.raises(ConflictError) as caught:
        answer(
            """
            [gentoo]
            dev-libs/a-1 rdepend="dev-libs/b dev-libs/c"
            dev-libs/b-1 rdepend="=dev-libs/lib-1"
            dev-libs/c-1 rdepend="=dev-libs/lib-2"
            dev-libs/lib-1
            dev-libs/lib-2
            """,
            "dev-libs/a",
        )
    text = "\n".join((caught.value.message, *caught.value.details))
    for word in ("dev-libs/b-1", "=dev-libs/lib-1", "dev-libs/c-1", "=dev-libs/lib-2"):
        assert word in text


def test_two_slots_stand_side_by_side() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/lib:1 dev-libs/lib:2"
        dev-libs/lib-1 slot=1
        dev-libs/lib-2 slot=2
        """,
        "dev-libs/a",
    )
    assert {"dev-libs/lib-1", "dev-libs/lib-2"} <= selected(found)


def test_a_circle_of_dependencies_is_imported_whole() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 bdepend="dev-libs/b"
        dev-libs/b-1 bdepend="dev-libs/a" rdepend="dev-libs/a"
        """,
        "dev-libs/a",
    )
    assert sorted(imported(found, None)) == ["dev-libs/a-1", "dev-libs/b-1"]


def test_the_order_cuts_a_circle_at_its_weakest_class() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 depend="dev-libs/b"
        dev-libs/b-1 pdepend="dev-libs/a"
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/b-1", "dev-libs/a-1"]


def test_an_any_of_group_takes_the_branch_with_the_fewest_imports() -> None:
    found = answer(
        """
        dev-libs/have-1
        [gentoo]
        dev-libs/a-1 rdepend="|| ( dev-libs/big dev-libs/small )"
        dev-libs/big-1 rdepend="dev-libs/more"
        dev-libs/more-1
        dev-libs/small-1 rdepend="dev-libs/have"
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/small-1", "dev-libs/a-1"]


def test_an_any_of_group_takes_what_is_there_before_anything_is_imported() -> None:
    found = answer(
        """
        dev-libs/second-1
        [gentoo]
        dev-libs/a-1 rdepend="|| ( dev-libs/first ( dev-libs/second || ( dev-libs/third dev-libs/second ) ) )"
        dev-libs/first-1
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/a-1"]


def test_an_any_of_group_does_not_build_a_package_with_itself() -> None:
    found = answer(
        """
        [gentoo]
        dev-lang/go-1 bdepend="|| ( dev-lang/go dev-lang/go-bootstrap )"
        dev-lang/go-bootstrap-1
        """,
        "dev-lang/go",
    )
    assert imported(found, None) == ["dev-lang/go-bootstrap-1", "dev-lang/go-1"]


def test_trying_a_branch_out_leaves_nothing_behind() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 rdepend="|| ( dev-libs/x dev-libs/y )"
        dev-libs/x-1 keywords="~amd64 ~arm64" rdepend="dev-libs/gone"
        dev-libs/y-1
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/y-1", "dev-libs/a-1"]
    assert found.keywords == ()


def test_a_use_dependency_becomes_a_use_change_for_the_root_that_needs_it() -> None:
    found = answer(
        """
        dev-libs/b-1 iuse="x"
        [gentoo]
        dev-libs/a-1 bdepend="dev-libs/b[x]"
        """,
        "dev-libs/a",
    )
    assert [(need.atom, need.flags, need.root) for need in found.use] == [("dev-libs/b", ("x",), Root.HOST)]


def test_a_use_change_brings_the_dependencies_of_the_flag() -> None:
    found = answer(
        """
        dev-libs/b-1 iuse="x" rdepend="x? ( dev-libs/c )"
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/b[x]"
        dev-libs/c-1
        """,
        "dev-libs/a",
    )
    assert "dev-libs/c-1" in imported(found)


def test_a_flag_whose_dependency_cannot_be_had_is_switched_off() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 iuse="+edit" rdepend="edit? ( dev-libs/gone )"
        """,
        "dev-libs/a",
    )
    assert [(need.atom, need.flags) for need in found.use] == [("dev-libs/a", ("-edit",))]
    assert [notice.reference for notice in found.notices] == ["use-dropped"]


def test_a_package_of_the_overlay_is_left_to_a_person() -> None:
    found = answer(
        """
        [overlay]
        dev-libs/b-1
        [gentoo]
        dev-libs/a-1 rdepend=">=dev-libs/b-2"
        dev-libs/b-2
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/a-1"]
    assert [notice.reference for notice in found.manual_work] == ["overlay-package"]


def test_build_dependencies_are_looked_up_on_the_build_host() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 bdepend="dev-build/tool" rdepend="dev-libs/b"
        dev-build/tool-1 rdepend="dev-libs/b"
        dev-libs/b-1
        """,
        "dev-libs/a",
    )
    assert imported(found, None) == ["dev-libs/b-1", "dev-build/tool-1"]
    assert "dev-build/tool-1" not in imported(found)


def test_a_request_for_the_sdk_resolves_on_the_build_host_only() -> None:
    found = answer("[gentoo]\ndev-libs/a-1", "dev-libs/a", into=Into.SDK)
    assert [(package.cpv, package.board) for package in found.packages] == [("dev-libs/a-1", None)]


def test_a_package_that_refuses_an_arch_is_asked_for_on_the_other_one() -> None:
    found = answer('[gentoo]\ndev-libs/a-1 keywords="amd64 -arm64"', "dev-libs/a")
    assert [requested.boards for requested in found.requested] == [("amd64-usr",)]
    assert [notice.reference for notice in found.notices] == ["one-arch"]


def test_a_package_that_refuses_every_arch_is_an_error() -> None:
    with pytest.raises(KeywordError):
        answer('[gentoo]\ndev-libs/a-1 keywords="-amd64 -arm64"', "dev-libs/a")


def test_a_mask_is_shown_with_what_people_wrote_above_it() -> None:
    with pytest.raises(MaskedError) as caught:
        answer('[gentoo]\ndev-libs/a-1 mask="it eats files"', "dev-libs/a")
    assert any("it eats files" in line for line in caught.value.details)


def test_an_error_gives_the_chain_down_from_the_request() -> None:
    with pytest.raises(UnsatisfiableError) as caught:
        answer(
            """
            [gentoo]
            dev-libs/a-1 rdepend="dev-libs/b"
            dev-libs/b-1 depend=">=dev-libs/c-2"
            dev-libs/c-1
            """,
            "dev-libs/a",
        )
    assert caught.value.message.startswith("no way to satisfy >=dev-libs/c-2")
    assert caught.value.details[0] == "required because dev-libs/b-1::gentoo DEPENDs on it"
    assert "from your request dev-libs/a" in caught.value.details[1]


def test_a_required_use_that_does_not_hold_is_told_and_not_the_keyword_that_could_be_accepted() -> None:
    text = '[gentoo]\ndev-libs/a-1 keywords="~amd64 ~arm64" iuse="x" required="x"'
    with pytest.raises(UnsatisfiableError) as caught:
        answer(text, "dev-libs/a")
    assert any("REQUIRED_USE x" in line for line in caught.value.details)
    assert imported(answer(text, "dev-libs/a[x]")) == ["dev-libs/a-1"]


def test_a_blocker_of_something_new_makes_the_resolver_look_further() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/b dev-libs/c"
        dev-libs/b-2 rdepend="!dev-libs/c"
        dev-libs/b-1
        dev-libs/c-1
        """,
        "dev-libs/a",
    )
    assert {"dev-libs/b-1", "dev-libs/c-1"} <= selected(found)


def test_package_provided_satisfies_only_its_own_version() -> None:
    text = """
        [gentoo]
        dev-libs/a-1 rdepend=">=dev-libs/b-{wanted}"
        dev-libs/b-9
        """
    request = Request(atoms=("dev-libs/a",))
    old = resolve(request, TextSource(text.format(wanted=1), provided=["dev-libs/b-1"]))
    new = resolve(request, TextSource(text.format(wanted=2), provided=["dev-libs/b-1"]))
    assert imported(old) == ["dev-libs/a-1"]
    assert imported(new) == ["dev-libs/b-9", "dev-libs/a-1"]


def test_an_update_replaces_the_copy_although_it_would_do() -> None:
    source = TextSource("dev-libs/a-1\n[gentoo]\ndev-libs/a-2")
    found = resolve(Request(atoms=("dev-libs/a",), update=True), source)
    assert imported(found) == ["dev-libs/a-2"]


def test_a_second_source_serves_only_what_the_first_one_lacks() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/b"
        [guru]
        dev-libs/a-2
        dev-libs/b-1
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/b-1", "dev-libs/a-1"]


def test_the_shortest_chain_to_each_asker_is_told() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/b dev-libs/c"
        dev-libs/b-1 rdepend="dev-libs/c"
        dev-libs/c-1
        """,
        "dev-libs/a",
    )
    told = {
        board: [
            [edge.child.cpv for edge in chain]
            for chain in chains(found, "dev-libs/c")
            if chain[-1].child.board == board
        ]
        for board in ("amd64-usr", "arm64-usr")
    }
    shortest = [["dev-libs/a-1", "dev-libs/c-1"], ["dev-libs/a-1", "dev-libs/b-1", "dev-libs/c-1"]]
    assert told == {"amd64-usr": shortest, "arm64-usr": shortest}
    assert all(chain[0].dep_class is DepClass.RDEPEND for chain in chains(found, "dev-libs/c"))


def test_updates_that_undo_each_other_end_with_an_error() -> None:
    with pytest.raises(ConflictError):
        answer(
            """
            dev-libs/b-1
            dev-libs/c-1
            [gentoo]
            dev-libs/a-1 rdepend=">=dev-libs/b-2 dev-libs/c"
            dev-libs/b-2 rdepend=">=dev-libs/c-2"
            dev-libs/c-2 rdepend="<dev-libs/b-2"
            """,
            "dev-libs/a",
        )


def test_an_older_version_is_taken_where_the_newest_one_asks_for_what_cannot_be_had() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/b"
        dev-libs/b-1
        dev-libs/b-2 rdepend="dev-libs/nowhere"
        dev-libs/b-3 rdepend="dev-libs/nowhere"
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/b-1", "dev-libs/a-1"]
    assert {
        (rejection.cpv, rejection.reason)
        for rejection in found.rejections
        if rejection.kind is RejectionKind.DEPENDENCY
    } == {
        ("dev-libs/b-3", "it needs dev-libs/nowhere, which cannot be had"),
        ("dev-libs/b-2", "it needs dev-libs/nowhere, which cannot be had"),
    }


def test_what_cannot_be_had_stays_the_error_where_no_version_does_without() -> None:
    with pytest.raises(UnsatisfiableError) as raised:
        answer(
            """
            [gentoo]
            dev-libs/a-1 rdepend="dev-libs/nowhere"
            dev-libs/a-2 rdepend="dev-libs/nowhere"
            """,
            "dev-libs/a",
        )
    assert "dev-libs/a-2" in raised.value.details[0]


def test_an_update_takes_along_what_asks_for_exactly_its_version() -> None:
    found = answer(
        """
        dev-libs/base-1
        dev-libs/policy-1 rdepend="=dev-libs/base-1"
        dev-libs/base-1.5 keywords="~amd64 ~arm64"
        dev-libs/policy-1.5 keywords="~amd64 ~arm64" rdepend="=dev-libs/base-1.5"
        [gentoo]
        dev-libs/a-1 rdepend=">=dev-libs/base-2 dev-libs/policy"
        dev-libs/base-2
        dev-libs/policy-2 rdepend="=dev-libs/base-2"
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/base-2", "dev-libs/policy-2", "dev-libs/a-1"]
    assert found.keywords == ()


def test_what_was_decided_for_a_version_that_is_given_up_is_forgotten() -> None:
    found = answer(
        """
        dev-libs/lib-1
        dev-libs/user-1 rdepend="dev-libs/lib"
        [gentoo]
        dev-libs/a-1 rdepend="dev-libs/user"
        dev-libs/a-2 rdepend="dev-libs/user >=dev-libs/lib-2 dev-libs/nowhere"
        dev-libs/lib-2
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/a-1"]


def test_an_older_version_is_preferred_to_an_eclass_update() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-1 keywords="~amd64 ~arm64"
        dev-libs/a-2 needs="python"
        """,
        "dev-libs/a",
    )
    assert imported(found) == ["dev-libs/a-1"]
    assert found.eclass_updates == ()


def test_an_eclass_is_updated_where_nothing_else_helps() -> None:
    found = answer(
        """
        dev-libs/a-1
        [gentoo]
        dev-libs/a-2 needs="python"
        """,
        "dev-libs/a",
        update=True,
    )
    assert imported(found) == ["dev-libs/a-2"]
    assert found.eclass_updates == ("python",)


def test_an_update_brings_the_eclass_that_a_newer_version_in_the_source_needs() -> None:
    found = answer(
        """
        dev-libs/a-1
        [gentoo]
        dev-libs/a-1
        dev-libs/a-2 needs="python"
        dev-libs/a-3 needs="ruby" keywords="~amd64 ~arm64"
        """,
        "dev-libs/a",
        update=True,
    )
    assert (imported(found), found.eclass_updates) == (["dev-libs/a-2"], ("python",))


def test_an_update_does_without_a_version_whose_eclass_breaks_what_the_update_needs() -> None:
    found = answer(
        """
        dev-build/tool-1 breaks="python"
        dev-libs/a-1
        [gentoo]
        dev-libs/a-1
        dev-libs/a-2 bdepend="dev-build/tool"
        dev-libs/a-3 needs="python" bdepend="dev-build/tool"
        """,
        "dev-libs/a",
        update=True,
    )
    assert (imported(found), found.eclass_updates) == (["dev-libs/a-2"], ())


def test_an_eclass_update_that_breaks_what_is_needed_is_given_up() -> None:
    with pytest.raises(MetadataError) as raised:
        answer(
            """
            dev-build/tool-1 breaks="python"
            [gentoo]
            dev-libs/a-1 bdepend="dev-build/tool" rdepend="dev-libs/b"
            dev-libs/b-1 needs="python"
            """,
            "dev-libs/a",
        )
    assert "dev-libs/b" in raised.value.message
    assert any(
        "it needs a newer python.eclass, which breaks dev-build/tool-1" in line
        for line in raised.value.details
    )


def test_what_an_eclass_update_would_not_help_with_is_told() -> None:
    with pytest.raises(UnsatisfiableError) as raised:
        answer(
            """
            [gentoo]
            dev-libs/a-1 needs="python" iuse="new" required="new"
            """,
            "dev-libs/a",
        )
    assert any("REQUIRED_USE new" in line for line in raised.value.details)


def test_an_update_that_cannot_be_taken_says_why() -> None:
    with pytest.raises(UnsatisfiableError) as raised:
        answer(
            """
            dev-libs/a-1
            [gentoo]
            dev-libs/a-2 iuse="new" required="new"
            """,
            "dev-libs/a",
            update=True,
        )
    assert any("REQUIRED_USE new" in line for line in raised.value.details)


def test_an_update_goes_below_what_the_checkout_has_only_where_the_source_does() -> None:
    text = """
        dev-libs/a-1
        dev-libs/a-2
        dev-libs/b-1
        dev-libs/b-2
        [gentoo]
        dev-libs/a-1
        dev-libs/a-2 needs="python"
        dev-libs/b-1
        """
    found = answer(text, "dev-libs/a", update=True)
    assert (imported(found), found.eclass_updates) == (["dev-libs/a-2"], ("python",))
    assert imported(answer(text, "dev-libs/b", update=True)) == ["dev-libs/b-1"]


def test_a_request_that_package_provided_satisfies_is_pointed_out() -> None:
    found = resolve(
        Request(atoms=("dev-lang/perl",)), TextSource("dev-lang/perl-5", provided=["dev-lang/perl-5"])
    )
    assert [(notice.reference, notice.message) for notice in found.notices] == [
        ("request-provided", "dev-lang/perl is in package.provided as dev-lang/perl-5: nothing gets built")
    ]


def test_a_flag_that_is_wanted_both_on_and_off_is_said_with_who_wants_it() -> None:
    with pytest.raises(ConflictError) as raised:
        answer(
            """
            [gentoo]
            dev-libs/a-1 rdepend="dev-libs/c[x]"
            dev-libs/b-1 rdepend="dev-libs/c[-x]"
            dev-libs/c-1 iuse="x"
            """,
            "dev-libs/a",
            "dev-libs/b",
        )
    assert "USE x of dev-libs/c is wanted both on and off" in raised.value.message
    assert raised.value.details[:2] == (
        "dev-libs/b-1 needs dev-libs/c[-x]",
        "dev-libs/a-1 needs dev-libs/c[x]",
    )


def test_where_a_flag_is_wanted_both_on_and_off_another_version_of_who_asks_is_taken() -> None:
    found = answer(
        """
        [gentoo]
        dev-libs/a-2 rdepend="dev-libs/c[x]"
        dev-libs/a-1 rdepend="dev-libs/c"
        dev-libs/b-1 rdepend="dev-libs/c[-x]"
        dev-libs/c-1 iuse="+x"
        """,
        "dev-libs/a",
        "dev-libs/b",
    )
    assert imported(found) == ["dev-libs/c-1", "dev-libs/a-1", "dev-libs/b-1"]


def test_where_another_version_would_not_ask_for_the_flag_its_mask_is_named() -> None:
    with pytest.raises(ConflictError) as raised:
        answer(
            """
            [overlay]
            dev-libs/c-1 iuse="+x"
            [gentoo]
            dev-libs/a-2 mask="=dev-libs/a-2"
            dev-libs/a-1 rdepend="dev-libs/c[x]"
            """,
            "dev-libs/c[-x]",
            "dev-libs/a",
        )
    said = "\n".join(raised.value.details)
    assert "your request needs dev-libs/c[-x]" in said
    assert "dev-libs/a-2 is not taken instead" in said
    assert "--unmask '=dev-libs/a-2'" in said


def test_a_newer_version_of_what_was_requested_that_cannot_be_had_is_named() -> None:
    found = answer(
        """
        dev-libs/a-1
        dev-libs/a-2 rdepend="dev-libs/nowhere"
        """,
        "dev-libs/a",
    )
    assert [notice.message for notice in found.notices] == [
        "dev-libs/a-1 is taken on amd64-usr, arm64-usr, not dev-libs/a-2:"
        " it needs dev-libs/nowhere, which cannot be had"
    ]


def test_a_flag_that_required_use_forbids_is_refused_for_that_reason() -> None:
    with pytest.raises(UnsatisfiableError) as raised:
        answer(
            """
            [gentoo]
            dev-libs/a-1 iuse="+new fast" required="new"
            """,
            "dev-libs/a[-new]",
        )
    assert any("REQUIRED_USE new" in line for line in raised.value.details)
    assert raised.value.hint == "set the flags in the request: dev-libs/a[flag]"
