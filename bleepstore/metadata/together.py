"""Changes of one kind that wait for the same commit, in a few statements instead of a few for each.

Each statement costs 6 to 10 microseconds besides its work, and gives up the interpreter, which another
thread may then keep for a while. Uploads that share a commit take one look at what is current, and one
insertion of rows, whatever their number; deletions are those of one DeleteObjects. That saves a tenth
of an upload's processor time, and a third of a deletion's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

from attrs import evolve

from ..errors import S3Error
from ..interfaces import ITransaction
from ..values import NULL_VERSION_ID, Bucket, ObjectVersion, Owner, Versioning
from . import blobs
from .bucket_rows import find_bucket, no_such_bucket
from .columns import column_to_segments
from .deletion import DeleteObject, DeleteObjects, delete_many
from .objects_write import PutObject, PutResult, put_into
from .rows import STORED_COLUMNS, VERSION_COLUMNS, version_to_row
from .stacks import DeleteResult
from .transaction import as_parameter
from .versions import order_behind

_CURRENT = (
    "SELECT key, version_order, etag, segments FROM object WHERE bucket_id = ? AND key $in_list"
)
_CHANGED = ", ".join(
    f"{column} = excluded.{column}" for column in ("version_order", *VERSION_COLUMNS[1:])
)
_PUT = (
    f"INSERT INTO object ({STORED_COLUMNS}) VALUES $rows "
    f"ON CONFLICT (bucket_id, key) DO UPDATE SET {_CHANGED}"
)

_Outcomes = dict[int, PutResult | Exception]
"""By the place of the command."""

_Numbered = tuple[int, PutObject]


def put_all(txn: ITransaction, commands: Sequence[PutObject]) -> list[PutResult | Exception]:
    """:func:`~.objects_write.put_object` for each command."""
    outcomes: _Outcomes = {}
    by_bucket: defaultdict[str, list[_Numbered]] = defaultdict(list)
    for number, command in enumerate(commands):
        by_bucket[command.bucket].append((number, command))
    for name, numbered in by_bucket.items():
        outcomes |= _put_into(txn, name, numbered)
    return [outcomes[number] for number in range(len(commands))]


def _put_into(txn: ITransaction, name: str, numbered: list[_Numbered]) -> _Outcomes:
    try:
        bucket = find_bucket(txn, name)
    except S3Error:  # one for each: whoever gets an error may add to it
        return {number: no_such_bucket(name) for number, _ in numbered}
    if bucket.versioning is not Versioning.OFF:
        return {number: _put_one(txn, bucket, command) for number, command in numbered}
    outcomes: _Outcomes = {}
    for once_each in _rounds(numbered):
        outcomes |= _replace(txn, bucket, once_each)
    return outcomes


def _put_one(txn: ITransaction, bucket: Bucket, command: PutObject) -> PutResult | Exception:
    try:
        return put_into(txn, bucket, command)
    except S3Error as error:
        return error


def _rounds(numbered: list[_Numbered]) -> Iterator[list[_Numbered]]:
    """Those of all keys, then those that name a key once more, and so on."""
    while numbered:
        first: dict[str, _Numbered] = {}
        again = [each for each in numbered if first.setdefault(each[1].version.key, each) != each]
        yield list(first.values())
        numbered = again


def _replace(txn: ITransaction, bucket: Bucket, numbered: list[_Numbered]) -> _Outcomes:
    """Put versions of different keys into a bucket that never had versioning."""
    txn.execute(_CURRENT, (bucket.id, as_parameter([each.version.key for _, each in numbered])))
    currents = {key: (order, etag, segments) for key, order, etag, segments in txn.fetch_all()}
    outcomes: _Outcomes = {}
    accepted: list[PutObject] = []
    stored: list[tuple[int, ObjectVersion]] = []
    for number, command in numbered:
        order, etag, _ = currents.get(command.version.key, (None, None, ""))
        try:
            command.check(etag)
        except S3Error as error:
            outcomes[number] = error
            continue
        latest = order_behind(command.version, order)
        version = evolve(command.version, version_id=NULL_VERSION_ID, last_modified_ms=-latest)
        accepted.append(command)
        stored.append((latest, version))
        outcomes[number] = PutResult(None, version.last_modified_ms)
    _write(txn, bucket, accepted, stored, {key: each[2] for key, each in currents.items()})
    return outcomes


def _write(
    txn: ITransaction,
    bucket: Bucket,
    commands: Sequence[PutObject],
    stored: Sequence[tuple[int, ObjectVersion]],
    replaceable: dict[str, str],
) -> None:
    if not commands:
        return
    # Before anything is released: a copy of an object onto itself keeps its blobs.
    segments = chain.from_iterable(version.segments for _, version in stored)
    new = list(chain.from_iterable(command.blobs for command in commands))
    blobs.refer(txn, segments, new)
    rows = [(bucket.id, order, *version_to_row(version)) for order, version in stored]
    txn.insert(_PUT, rows)
    replaced = [replaceable.get(version.key, "") for _, version in stored]
    now_ms = max(command.version.last_modified_ms for command in commands)
    blobs.release(txn, chain.from_iterable(map(column_to_segments, replaced)), now_ms)


def delete_all(
    txn: ITransaction, commands: Sequence[DeleteObject]
) -> list[DeleteResult | Exception]:
    """:func:`~.deletion.delete_object` for each command; markers bear the time of the last one."""
    outcomes: dict[int, DeleteResult | Exception] = {}
    alike: defaultdict[tuple[str, Owner], list[int]] = defaultdict(list)
    for number, command in enumerate(commands):
        alike[command.bucket, command.owner].append(number)
    for (bucket, owner), numbers in alike.items():
        chosen = [commands[number] for number in numbers]
        outcomes |= zip(numbers, _delete_alike(txn, bucket, owner, chosen), strict=True)
    return [outcomes[number] for number in range(len(commands))]


def _delete_alike(
    txn: ITransaction, bucket: str, owner: Owner, commands: Sequence[DeleteObject]
) -> Sequence[DeleteResult | Exception]:
    ones = tuple(command.one for command in commands)
    now_ms = max(command.now_ms for command in commands)
    try:
        return delete_many(txn, DeleteObjects(bucket, ones, now_ms, owner))
    except S3Error:
        return [no_such_bucket(bucket) for _ in commands]
