"""Listings: compared with the plain definition of them, and counted in rows."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from bleepstore.metadata.buckets import CreateBucket, _create
from bleepstore.metadata.listing import ListObjects, list_objects
from bleepstore.metadata.objects_write import put_object
from bleepstore.metadata.ordering import successor
from bleepstore.values import (
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    ListingPage,
    Owner,
)
from tests.metadata.samples import bucket, memory_connection, put, transaction

LETTERS = st.sampled_from("ab/\n\x00-\ud7ff\ue000\U0010ffff\U0001f600")
TEXTS = st.text(LETTERS, max_size=5)
ANY_TEXT = st.text(max_size=4)


def listing_of(keys: set[str]) -> tuple[sqlite3.Connection, Any]:
    connection = memory_connection()
    txn: Any = transaction(connection)
    _create(txn, CreateBucket(bucket()))
    for key in keys:
        put_object(txn, put(key))
    return connection, txn


def entries_of(page: ListingPage) -> list[str]:
    return sorted([each.key for each in page.objects] + list(page.common_prefixes))


def expected_entries(keys: set[str], query: ListObjects) -> list[str]:
    """S3's definition: filter by prefix and marker, then roll up."""
    entries = set()
    for key in keys:
        if not key.startswith(query.prefix) or (query.after and key <= query.after):
            continue
        rest = key[len(query.prefix) :]
        head, found, _ = rest.partition(query.delimiter) if query.delimiter else (rest, "", "")
        entry = query.prefix + head + found
        if not (found and entry == query.after):  # that common prefix was on the page before
            entries.add(entry)
    return sorted(entries)


@given(
    keys=st.sets(TEXTS.filter(bool), max_size=12),
    prefix=TEXTS.map(lambda text: text[:2]),
    delimiter=st.sampled_from(["", "/", "a", "/a", "\U0010ffff"]),
    after=TEXTS,
    max_keys=st.integers(min_value=0, max_value=8),
)
@example(keys={"a/x", "a/y", "b"}, prefix="", delimiter="/", after="a/x", max_keys=5)
@example(keys={"a/x", "a/y", "b"}, prefix="", delimiter="/", after="a/", max_keys=5)
@example(keys={"a/", "a/y"}, prefix="a/", delimiter="/", after="a/", max_keys=5)
@example(keys={"\U0010ffff/", "\U0010ffffa"}, prefix="", delimiter="/", after="", max_keys=1)
def test_a_page_is_what_the_definition_says(
    keys: set[str], prefix: str, delimiter: str, after: str, max_keys: int
) -> None:
    query = ListObjects(prefix, delimiter, after, max_keys)
    connection, txn = listing_of(keys)
    _, page = list_objects(txn, "photos", query)
    connection.close()
    expected = expected_entries(keys, query)
    assert entries_of(page) == expected[:max_keys]
    assert page.is_truncated == (max_keys > 0 and len(expected) > max_keys)
    assert page.last == (expected[:max_keys][-1] if expected[:max_keys] else "")
    assert all(each.endswith(delimiter) for each in page.common_prefixes)
    assert list(page.common_prefixes) == sorted(page.common_prefixes)
    assert [each.key for each in page.objects] == sorted(each.key for each in page.objects)


@given(
    keys=st.sets(TEXTS.filter(bool), max_size=20),
    delimiter=st.sampled_from(["", "/", "a/"]),
    max_keys=st.integers(min_value=1, max_value=4),
)
def test_pages_one_after_the_other_show_everything_once(
    keys: set[str], delimiter: str, max_keys: int
) -> None:
    connection, txn = listing_of(keys)
    seen: list[str] = []
    after, more = "", True
    while more:
        _, page = list_objects(txn, "photos", ListObjects("", delimiter, after, max_keys))
        seen += entries_of(page)
        after, more = page.last, page.is_truncated
    connection.close()
    assert seen == expected_entries(keys, ListObjects(delimiter=delimiter))


@given(ANY_TEXT, ANY_TEXT)
def test_the_successor_bounds_all_that_begins_so_and_nothing_else(prefix: str, text: str) -> None:
    bound = successor(prefix)
    if bound is None:
        assert not prefix.strip("\U0010ffff")
        return
    assert (prefix + text).encode() < bound.encode()
    if text.encode() > prefix.encode() and not text.startswith(prefix):
        assert text.encode() >= bound.encode()


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", None),
        ("a", "b"),
        ("a\ud7ff", "a\ue000"),
        ("a\U0010ffff\U0010ffff", "b"),
        ("\U0010ffff", None),
    ],
)
def test_successors(prefix: str, expected: str | None) -> None:
    assert successor(prefix) == expected


def steps_of(txn: Any, connection: sqlite3.Connection, query: ListObjects) -> int:
    """How many steps of SQLite's virtual machine a listing takes, to the nearest hundred."""
    steps = 0

    def tick() -> int:
        nonlocal steps
        steps += 100
        return 0

    connection.set_progress_handler(tick, 100)
    list_objects(txn, "photos", query)
    connection.set_progress_handler(None, 0)
    return steps


def fill(connection: sqlite3.Connection, folders: int, keys_in_each: int) -> None:
    """Many rows like the one that is there, under keys such as ``00042/00007``."""
    columns = [row[1] for row in connection.execute("PRAGMA table_info(object)")]
    others = ", ".join(column for column in columns if column != "key")
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) "
        f"INSERT INTO object (key, {others}) "
        f"SELECT printf('%05d/%05d', i / ?, i % ?), {others} FROM n, object WHERE key = 'seed'",
        (folders * keys_in_each, keys_in_each, keys_in_each),
    )


@pytest.mark.parametrize(
    ("query", "entries"),
    [
        (ListObjects(delimiter="/"), 101),
        (ListObjects(prefix="0004", delimiter="/"), 10),
        (ListObjects(prefix="00042/0000"), 10),
        (ListObjects(prefix="00042/", max_keys=5), 5),
        (ListObjects(delimiter="/", after="00042/00003", max_keys=5), 5),
    ],
)
def test_cost_grows_with_what_is_shown_not_with_what_is_hidden(
    query: ListObjects, entries: int
) -> None:
    steps = []
    for keys_in_each in (10, 1_000):
        connection, txn = listing_of({"seed"})
        fill(connection, 100, keys_in_each)
        _, page = list_objects(txn, "photos", query)
        assert len(entries_of(page)) == entries
        steps.append(steps_of(txn, connection, query))
        connection.close()
    few, many = steps
    assert many <= few + 200


def test_a_page_tells_of_each_object_what_a_listing_shows() -> None:
    connection, txn = listing_of({"none"})
    crc64 = Checksum(ChecksumAlgorithm.CRC64NVME, "AAAAAAAAAAA=", ChecksumType.FULL_OBJECT)
    sha256 = Checksum(ChecksumAlgorithm.SHA256, "c2hhMjU2-3", ChecksumType.COMPOSITE)
    change = put("two")
    version = evolve(change.version, checksums=(crc64, sha256), owner=Owner("o" * 64, ""))
    put_object(txn, evolve(change, version=version))
    _, page = list_objects(txn, "photos", ListObjects())
    connection.close()
    none, two = page.objects
    assert (none.key, none.checksums) == ("none", ())
    assert two.checksums == (("crc64nvme", "FULL_OBJECT"), ("sha256", "COMPOSITE"))
    assert two.owner == Owner("o" * 64, "")
    assert (two.size_bytes, two.etag) == (version.size_bytes, version.etag)
    assert (two.last_modified_ms, two.storage_class) == (version.last_modified_ms, "STANDARD")
