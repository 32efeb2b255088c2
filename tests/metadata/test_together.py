"""Changes that share statements come to the same as one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.errors import S3Error
from bleepstore.metadata.bucket_settings import set_versioning
from bleepstore.metadata.buckets import CreateBucket, SetVersioning, _create
from bleepstore.metadata.check import find_miscounts
from bleepstore.metadata.deletion import delete_object
from bleepstore.metadata.dialects import SQLITE
from bleepstore.metadata.objects_write import put_object
from bleepstore.metadata.together import delete_all, put_all
from bleepstore.metadata.totals import find_wrong
from bleepstore.metadata.transaction import Transaction
from bleepstore.values import Blob, Versioning
from tests.metadata.samples import bucket, delete, memory_connection, put, transaction

_TABLES = {
    "object": "bucket_id, key",
    "object_version": "bucket_id, key, version_order",
    "blob": "locator",
    "garbage": "locator",
    "total": "kind",
}

keys = st.sampled_from(["a", "a/\n", "\U0001f600"])
names = st.sampled_from(["photos", "photos", "photos", "films", "nowhere"])
conditions = st.sampled_from([None, None, None, "*", "e1", "e3"])
puts = st.lists(
    st.tuples(names, keys, st.booleans(), st.integers(1, 9), conditions, st.booleans()), max_size=8
)
deletes = st.lists(st.tuples(names, keys, st.sampled_from([None, None, "null", "v1"]), conditions))
batches = st.lists(
    st.one_of(st.tuples(st.just("put"), puts), st.tuples(st.just("delete"), deletes))
)


def _put_commands(drawn: Sequence[Any], serial: Any) -> list[Any]:
    commands = []
    for name, key, is_inline, at_ms, if_match, is_new in drawn:
        number = next(serial)
        blob = Blob(f"blob {number}", 2, b"xy" if is_inline else None)
        command = put(
            key,
            blob,
            etag=f"e{number}",
            version_id=f"v{number}",
            at_ms=at_ms,
            if_match=if_match,
            if_none_match=is_new and if_match is None,
        )
        commands.append(evolve(command, bucket=name))
    return commands


def _delete_commands(drawn: Sequence[Any], serial: Any) -> list[Any]:
    return [
        evolve(
            delete(key, version_id, marker_id=f"m{next(serial)}", at_ms=5, if_match=if_match),
            bucket=name,
        )
        for name, key, version_id, if_match in drawn
    ]


def _one_by_one(txn: Any, function: Callable[[Any, Any], Any], commands: list[Any]) -> list[Any]:
    outcomes = []
    for command in commands:
        try:
            outcomes.append(function(txn, command))
        except S3Error as error:
            outcomes.append(error)
    return outcomes


def _shown(outcome: Any) -> Any:
    return (outcome.code, outcome.elements) if isinstance(outcome, S3Error) else outcome


def _content(txn: Any) -> dict[str, list[Any]]:
    """All rows, but for when something became garbage, which is the last time of a batch."""
    content = {}
    for table, order in _TABLES.items():
        columns = "locator" if table == "garbage" else "*"
        txn.execute(f"SELECT {columns} FROM {table} ORDER BY {order}")
        content[table] = txn.fetch_all()
    return content


@given(st.sampled_from(list(Versioning)), batches)
def test_together_is_as_one_after_the_other(versioning: Versioning, drawn: Sequence[Any]) -> None:
    connections = [memory_connection(), memory_connection()]
    apart, together = map(transaction, connections)
    for txn in (apart, together):
        for name in ("photos", "films"):
            _create(txn, CreateBucket(bucket(name)))
        if versioning is not Versioning.OFF:
            set_versioning(txn, SetVersioning("photos", versioning))
    serial = count(1)
    for kind, what in drawn:
        is_put = kind == "put"
        commands = (_put_commands if is_put else _delete_commands)(what, serial)
        expected = _one_by_one(apart, put_object if is_put else delete_object, commands)
        found = (put_all if is_put else delete_all)(together, commands)
        assert list(map(_shown, found)) == list(map(_shown, expected))
        assert _content(together) == _content(apart)
        assert find_miscounts(together, 0, 1) == ()
        assert find_wrong(together) == ()
    for connection in connections:
        connection.close()


class _Counting(Transaction):
    """Counts what it is asked to execute."""

    calls = 0

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self.calls += 1
        super().execute(sql, parameters)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self.calls += 1
        super().execute_many(sql, rows)

    def insert(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self.calls += 1
        super().insert(sql, rows)


def test_uploads_that_wait_together_take_as_many_statements_as_one() -> None:
    connection = memory_connection()
    txn = _Counting(connection.cursor(), SQLITE)
    _create(txn, CreateBucket(bucket()))
    serial = count()

    def calls(number: int) -> int:
        before = txn.calls
        blobs = [Blob(f"blob {next(serial)}", 2) for n in range(number)]
        put_all(txn, [put(f"key {n}", blob) for n, blob in enumerate(blobs)])
        return txn.calls - before

    calls(20)
    assert calls(20) == calls(1)
    connection.close()


def test_any_number_of_rows_is_inserted() -> None:
    connection = memory_connection()
    txn = transaction(connection)
    for number in (0, 1, 77):
        txn.execute("DELETE FROM account")
        rows = [(f"owner {n}", "", "") for n in range(number)]
        txn.insert("INSERT INTO account (owner_id, display_name, email) VALUES $rows", rows)
        txn.execute("SELECT count(*) FROM account")
        assert txn.fetch_one() == (number,)
    connection.close()
