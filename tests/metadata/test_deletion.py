"""Many deletions in one command: duplicates, conditions, versions, and their cost.

That they mean the same as one after the other is compared with a model in test_object_model.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
import pytest_twisted

from bleepstore.errors import S3Error
from bleepstore.interfaces import ITransaction
from bleepstore.metadata.bucket_settings import set_versioning
from bleepstore.metadata.buckets import CreateBucket, SetVersioning, _create
from bleepstore.metadata.deletion import delete_many
from bleepstore.metadata.objects import DeleteObjects, DeleteOne, DeleteResult
from bleepstore.metadata.objects_write import put_object
from bleepstore.metadata.store import Store
from bleepstore.values import Versioning
from tests.metadata.samples import (
    ANN,
    bucket,
    memory_connection,
    put,
    stored_blob,
    transaction,
)


def command(*objects: DeleteOne) -> DeleteObjects:
    return DeleteObjects("photos", objects, 7_000, ANN)


def one(
    key: str = "a", version_id: str | None = None, marker: str = "m", if_match: str | None = None
) -> DeleteOne:
    return DeleteOne(key, version_id, marker, if_match)


def shown(outcomes: Sequence[DeleteResult | S3Error]) -> list[Any]:
    return [
        each.code if isinstance(each, S3Error) else (each.version_id, each.is_delete_marker)
        for each in outcomes
    ]


@pytest_twisted.ensureDeferred
async def test_errors_are_those_of_their_key_alone(store: Store) -> None:
    for key in ("a", "b", "c"):
        await store.objects.put(put(key, etag=f"e{key}"))
    outcomes = await store.objects.delete_many(
        command(
            one("b", if_match="other"),
            one("a", if_match="ea"),
            one("a", if_match="ea"),
            one("unknown"),
            one("c"),
        )
    )
    assert shown(outcomes) == [
        "PreconditionFailed",
        (None, False),
        "NoSuchKey",
        (None, False),
        (None, False),
    ]
    assert (await store.objects.get("photos", "b"))[1].etag == "eb"
    for key in ("a", "c"):
        with pytest.raises(S3Error, match="NoSuchKey"):
            await store.objects.get("photos", key)


@pytest_twisted.ensureDeferred
async def test_a_bucket_must_be_there(store: Store) -> None:
    with pytest.raises(S3Error, match="NoSuchBucket"):
        await store.objects.delete_many(DeleteObjects("nope", (one(),), 1, ANN))
    assert await store.objects.delete_many(command()) == ()


@pytest_twisted.ensureDeferred
async def test_a_key_named_twice_gets_two_markers(store: Store) -> None:
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    await store.objects.put(put(version_id="v1", at_ms=9_000))
    outcomes = await store.objects.delete_many(command(one(marker="m1"), one(marker="m2")))
    assert shown(outcomes) == [("m1", True), ("m2", True)]
    times = []
    for version_id in ("v1", "m1", "m2"):
        _, version = await store.objects.get("photos", "a", version_id)
        times.append((version.last_modified_ms, version.is_latest, version.owner))
    assert times == [(9_000, False, ANN), (9_001, False, ANN), (9_002, True, ANN)]


@pytest_twisted.ensureDeferred
async def test_what_lies_below_the_deleted_versions_becomes_current(store: Store) -> None:
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    for number in range(6):
        await store.objects.put(put(version_id=f"v{number}", etag=f"e{number}"))
    outcomes = await store.objects.delete_many(
        command(
            one(version_id="v5"),
            one(version_id="v4", if_match="e5"),
            one(version_id="v3", if_match="e4"),
            one(version_id="v4"),
            one(version_id="v3"),
            one(version_id="v3"),
            one(version_id="v0", if_match="e2"),
        )
    )
    assert shown(outcomes) == [
        ("v5", False),
        "PreconditionFailed",
        ("v3", False),
        ("v4", False),
        ("v3", False),
        ("v3", False),
        ("v0", False),
    ]
    _, current = await store.objects.get("photos", "a")
    assert (current.version_id, current.etag, current.is_latest) == ("v2", "e2", True)
    assert (await store.objects.get("photos", "a", "v1"))[1].is_latest is False


@pytest_twisted.ensureDeferred
async def test_a_null_marker_can_be_made_and_removed_at_once(store: Store) -> None:
    await store.objects.put(put(etag="null one"))
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    await store.objects.put(put(version_id="v1", etag="e1"))
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.SUSPENDED))
    outcomes = await store.objects.delete_many(command(one(), one(version_id="null")))
    assert shown(outcomes) == [("null", True), ("null", True)]
    assert (await store.objects.get("photos", "a"))[1].version_id == "v1"
    with pytest.raises(S3Error, match="NoSuchVersion"):
        await store.objects.get("photos", "a", "null")


class CountingTransaction:
    """Counts statements; one run for many rows counts once."""

    def __init__(self, txn: Any) -> None:
        self.txn = txn
        self.statements: int = 0

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        self.statements += 1
        self.txn.execute(sql, parameters)

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        self.statements += 1
        self.txn.execute_many(sql, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.txn, name)


def cost(state: Versioning, keys: int, *, by_id: bool) -> int:
    """Statements for deleting the newest of two versions of each of some keys."""
    connection = memory_connection()
    txn: ITransaction = transaction(connection)
    _create(txn, CreateBucket(bucket()))
    for version_id in ("v1", "v2"):
        for number in range(keys):
            put_object(txn, put(f"k{number}", stored_blob(), version_id=version_id))
        set_versioning(txn, SetVersioning("photos", Versioning.ENABLED))
    if state is not Versioning.ENABLED:
        set_versioning(txn, SetVersioning("photos", state))
    counting = CountingTransaction(txn)
    objects = [one(f"k{number}", "v2" if by_id else None) for number in range(keys)]
    outcomes = delete_many(cast(Any, counting), command(*objects))
    assert len(outcomes) == keys
    assert {type(each) for each in outcomes} == {DeleteResult}
    connection.close()
    return counting.statements


@pytest.mark.parametrize("state", [Versioning.ENABLED, Versioning.SUSPENDED])
@pytest.mark.parametrize("by_id", [False, True])
def test_the_number_of_statements_does_not_grow_with_the_keys(
    state: Versioning, by_id: bool
) -> None:
    assert cost(state, 1, by_id=by_id) == cost(state, 300, by_id=by_id) < 14
