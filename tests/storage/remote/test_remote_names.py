"""Whose a name upstream is."""

from __future__ import annotations

import pytest

from bleepstore.errors import ConfigError
from bleepstore.storage.remote.names import read_names


def test_without_prefixes_of_their_own_buckets_share_one() -> None:
    names = read_names("store/", [])
    assert names.natural("photos", "a") == "store/photos/a"
    assert names.is_of("photos", "store/photos/a")


def test_a_name_belongs_to_whom_the_longest_prefix_does() -> None:
    names = read_names("store/", ["archive=", "photos=2026/photos/", "inner=store/old/x"])
    assert names.natural("archive", "b") == "b"
    assert names.natural("photos", "b") == "2026/photos/b"
    for bucket, name, is_of in [
        ("archive", "b", True),
        ("archive", "2026/b", True),
        ("archive", "2026/photos/b", False),
        ("archive", "store/other/b", False),
        ("archive", "store/.bleepstore/store", False),
        ("other", "store/other/b", True),
        ("old", "store/old/y", True),
        ("old", "store/old/xy", False),
        ("inner", "store/old/xy", True),
    ]:
        assert names.is_of(bucket, name) is is_of


@pytest.mark.parametrize(
    ("prefix", "given"),
    [
        ("", ["archive"]),
        ("", ["=x"]),
        ("", ["archive="]),
        ("a/", ["archive=a/"]),
        ("", ["one=x/", "two=x/"]),
        ("", ["one=x/", "one=y/"]),
        ("a/", ["archive=a/.bleepstore/x"]),
        ("a/", ["archive=a/.bl"]),
        ("", ["archive=/"]),
    ],
)
def test_what_is_not_clear_is_refused(prefix: str, given: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"storage\.upstream\.bucket_prefixes"):
        read_names(prefix, given)
