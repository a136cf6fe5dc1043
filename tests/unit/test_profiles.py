"""Entries of package.accept_keywords and package.use, in the style of the files."""

from __future__ import annotations

import pytest

from overlaytool.flatcar import profiles

SYNC = "Keep versions on both arches in sync."
KEYWORDS = """\
# Who wrote it.
#
# What it is.

# We follow this one.
sys-firmware/fw

# Keep versions on both arches in sync.
=app-admin/logrotate-3.22.0
=app-containers/crio-1.36 ~arm64

# To address CVE-1.
=app-containers/docker-29
=app-containers/docker-cli-29
=app-containers/lxd-29

# Keep versions on both arches in sync.
=dev-libs/jose-14 ~arm64
=net-dns/bind-9.20

# No keyword at all.
=sys-apps/bsdiff-4 **
"""


def added(before: str, after: str) -> str:
    """The lines that are new, in one piece; nothing else may have changed."""
    for start in range(len(before) + 1):
        rest = len(before) - start
        if after.startswith(before[:start]) and after.endswith(before[start:]) and after[start:]:
            middle = after[start : len(after) - rest]
            if start == 0 or before[start - 1] == "\n":
                return middle
    raise AssertionError("something else was changed")


@pytest.mark.parametrize(
    ("atom", "above", "below"),
    [
        ("=app-arch/zstd-1", "=app-admin/logrotate-3.22.0", "=app-containers/crio-1.36 ~arm64"),
        ("=dev-libs/aaa-1", "# Keep versions on both arches in sync.", "=dev-libs/jose-14 ~arm64"),
        ("=app-admin/aaa-1", "# Keep versions on both arches in sync.", "=app-admin/logrotate-3.22.0"),
        ("=net-dns/c-1", "=net-dns/bind-9.20", ""),
        ("=app-containers/docker-buildx-1", "=app-containers/crio-1.36 ~arm64", ""),
        ("=app-containers/lxc-1", "# Keep versions on both arches in sync.", "=dev-libs/jose-14 ~arm64"),
    ],
)
def test_block_that_says_the_same_nearby_is_extended(atom: str, above: str, below: str) -> None:
    lines = profiles.with_keywords(KEYWORDS, atom, ["~arm64"], SYNC).splitlines()
    index = lines.index(f"{atom} ~arm64")
    assert (lines[index - 1], lines[index + 1]) == (above, below)
    assert len(lines) == len(KEYWORDS.splitlines()) + 1


def test_new_block_stands_in_atom_order_between_blank_lines() -> None:
    after = profiles.with_keywords(KEYWORDS, "=net-misc/curl-8", [], "To address CVE-2.")
    assert after == KEYWORDS.replace(
        "=net-dns/bind-9.20\n", "=net-dns/bind-9.20\n\n# To address CVE-2.\n=net-misc/curl-8\n"
    )


def test_new_block_does_not_cut_another_in_two() -> None:
    after = profiles.with_keywords(KEYWORDS, "=app-containers/docker-buildx-1", [], "To address CVE-2.")
    assert "=app-containers/docker-29\n=app-containers/docker-cli-29\n=app-containers/lxd-29\n\n" in after
    assert "\n\n# To address CVE-2.\n=app-containers/docker-buildx-1\n\n" in after


def test_first_entry_of_all_stands_below_the_file_s_header() -> None:
    after = profiles.with_keywords(KEYWORDS, "=acct-user/a-1", [], "New.")
    assert "sys-firmware/fw\n\n# New.\n=acct-user/a-1\n\n# Keep versions" in after


def test_long_sentence_is_wrapped_and_found_again() -> None:
    sentence = "The only available ebuild, from another tree, has a keyword for amd64 and none for arm64 yet."
    once = profiles.with_keywords(KEYWORDS, "=net-misc/a-1", ["**"], sentence)
    assert all(len(line) <= 78 for line in once.splitlines())
    twice = profiles.with_keywords(once, "=net-misc/b-1", ["**"], sentence)
    assert added(once, twice) == "=net-misc/b-1 **\n"


@pytest.mark.parametrize(
    ("existing", "wanted", "result"),
    [
        (["~arm64"], ["~arm64"], "=a/b-1 ~arm64"),
        (["~arm64"], ["~amd64"], "=a/b-1 ~amd64 ~arm64"),
        (["~arm64"], [], "=a/b-1"),
        ([], ["~arm64"], "=a/b-1"),
        (["~arm64"], ["**"], "=a/b-1 **"),
        (["**"], [], "=a/b-1 **"),
        ([], ["**"], "=a/b-1 **"),
        (["~*"], ["~arm64"], "=a/b-1 ~*"),
        (["amd64"], ["~arm64"], "=a/b-1 amd64 ~arm64"),
    ],
)
def test_entry_of_the_same_atom_is_widened_where_it_stands(
    existing: list[str], wanted: list[str], result: str
) -> None:
    before = f"# Why.\n{' '.join(['=a/b-1', *existing])}\n\n# Other.\n=c/d-1\n"
    assert profiles.with_keywords(before, "=a/b-1", wanted, SYNC) == f"# Why.\n{result}\n\n# Other.\n=c/d-1\n"


def test_entry_of_another_version_stays() -> None:
    after = profiles.with_keywords(KEYWORDS, "=dev-libs/jose-15", ["~arm64"], SYNC)
    assert "=dev-libs/jose-14 ~arm64\n=dev-libs/jose-15 ~arm64\n" in after


def test_entry_of_a_version_that_goes_is_replaced_where_it_stands_if_its_comment_fits() -> None:
    after = profiles.with_keywords(
        KEYWORDS, "=dev-libs/jose-15", ["~amd64"], SYNC, gone={"=dev-libs/jose-14"}
    )
    assert after == KEYWORDS.replace("=dev-libs/jose-14 ~arm64", "=dev-libs/jose-15 ~amd64")


def test_entry_of_a_version_that_goes_takes_its_own_comment_along() -> None:
    after = profiles.with_keywords(KEYWORDS, "=sys-apps/bsdiff-5", [], SYNC, gone={"=sys-apps/bsdiff-4"})
    assert "No keyword at all" not in after and "bsdiff-4" not in after
    assert after.endswith("=net-dns/bind-9.20\n=sys-apps/bsdiff-5\n")


def test_what_a_person_wrote_stays_when_the_version_changes_and_so_do_the_other_arches() -> None:
    text = "# Older ones are masked by now.\n=dev-util/cat-4.1 ~amd64 ~arm64\n\n# Keep it.\n=x/y-1 ~arm64\n"
    after = profiles.with_keywords(
        text, "=dev-util/cat-4.2", ["~amd64"], "No stable keyword yet.", gone={"=dev-util/cat-4.1"}
    )
    assert after == text.replace("4.1", "4.2")


def test_a_reason_that_was_given_goes_above_the_entry_and_the_other_arches_stay() -> None:
    text = "# Older ones are masked by now.\n=dev-util/cat-4.1 ~amd64 ~arm64\n"
    after = profiles.with_keywords(
        text, "=dev-util/cat-4.2", ["~amd64"], "No stable keyword yet. CVE-1", gone={"=dev-util/cat-4.1"}
    )
    assert after == "# No stable keyword yet. CVE-1\n=dev-util/cat-4.2 ~amd64 ~arm64\n"


def test_entry_is_added_once() -> None:
    once = profiles.with_keywords(KEYWORDS, "=net-misc/curl-8", ["~arm64"], SYNC)
    assert profiles.with_keywords(once, "=net-misc/curl-8", ["~arm64"], SYNC) == once


@pytest.mark.parametrize("text", ["", "# Header.\n", "# Header.\n\n\n"])
def test_file_without_entries_gets_its_first(text: str) -> None:
    after = profiles.with_keywords(text, "=a/b-1", [], SYNC)
    assert after.endswith(f"# {SYNC}\n=a/b-1\n")
    assert after.startswith(text.strip())


def test_entries_are_read_without_comments() -> None:
    found = profiles.entries("# =a/b-1\n\n=c/d-1 ~arm64 # why\n\te/f  x -y\n")
    assert [(entry.atom, entry.values) for entry in found] == [
        ("=c/d-1", ("~arm64",)),
        ("e/f", ("x", "-y")),
    ]


USE = """\
# For all.

app-arch/tar		minimal
net-misc/curl		kerberos -http3

# keep it small
dev-libs/glib -mime

# both
sys-apps/systemd -gcrypt curl
net-libs/micro -ssl
"""


def test_flags_get_a_block_of_their_own_at_the_end() -> None:
    after = profiles.with_use(USE, "dev-libs/raft", ["lz4"], "Required by app-containers/incus.")
    assert added(USE, after) == "\n# Required by app-containers/incus.\ndev-libs/raft lz4\n"


def test_flags_for_the_same_reason_share_a_block_in_order() -> None:
    once = profiles.with_use(USE, "dev-libs/raft", ["lz4"], "Required by a/b.")
    twice = profiles.with_use(once, "app-arch/x", ["lz4"], "Required by a/b.")
    assert twice.endswith("# Required by a/b.\napp-arch/x lz4\ndev-libs/raft lz4\n")
    again = profiles.with_use(twice, "app-arch/x", ["-doc"], "Required by a/b.")
    assert again.endswith("# Required by a/b.\napp-arch/x lz4 -doc\ndev-libs/raft lz4\n")


def test_flags_that_are_set_already_change_nothing() -> None:
    assert profiles.with_use(USE, "net-misc/curl", ["kerberos", "-http3"], "Any.") == USE


def test_contrary_flag_is_taken_out_of_the_older_entry() -> None:
    after = profiles.with_use(USE, "net-misc/curl", ["http3", "kerberos"], "Required by a/b.")
    assert "net-misc/curl\t\tkerberos\n" in after
    assert after.endswith("\n# Required by a/b.\nnet-misc/curl http3\n")


def test_entry_goes_with_its_comment_when_its_only_flag_is_contrary() -> None:
    after = profiles.with_use(USE, "dev-libs/glib", ["mime"], "Required by a/b.")
    assert "keep it small" not in after and "-mime" not in after
    assert "-http3\n\n# both\n" in after


def test_one_of_several_entries_below_a_comment_goes_alone() -> None:
    after = profiles.with_use(USE, "net-libs/micro", ["ssl"], "Required by a/b.")
    assert "# both\nsys-apps/systemd -gcrypt curl\n\n# Required by a/b.\nnet-libs/micro ssl\n" in after


def test_last_setting_of_a_flag_is_the_one_that_counts() -> None:
    text = "a/b -x\n\na/b x\n"
    assert profiles.with_use(text, "a/b", ["x"], "Any.") == text
