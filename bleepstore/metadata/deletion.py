"""Deleting objects and versions, one or a thousand, as transaction functions.

The number of statements does not depend on the number of keys: the stacks of all keys are read
together, :mod:`.stacks` decides what happens to each, and the differences are written together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from attrs import define, field, frozen

from ..errors import S3Error
from ..interfaces import ITransaction
from ..values import NULL_VERSION_ID, Bucket, ObjectVersion, Owner, Versioning
from . import blobs
from .bucket_rows import find_bucket
from .columns import column_to_segments, segments_of_rows
from .rows import STORED_COLUMNS, version_to_row
from .stacks import DeleteOne, DeleteResult, Known, Place, apply_deletion
from .transaction import as_parameter
from .versions import INSERT_MARKER

_CURRENT = (
    "SELECT key, version_id, version_order, etag FROM object WHERE bucket_id = ? AND key $in_list"
)
_OTHER = "SELECT key, version_id, version_order, etag, is_delete_marker"
# Each pair looks up its own row; an engine left to itself may read all versions of a key.
_BY_ID = (
    "FROM ($pairs) AS named CROSS JOIN object_version "
    "WHERE bucket_id = ? AND key = one AND version_id = two"
)
_OTHER_BY_ID = f"{_OTHER} {_BY_ID}"
# The newest version that is not named. CASE instead of NOT IN, for which SQLite would compare each
# version with every pair, lest one of them be NULL.
_NEWEST_OTHER = (
    f"{_OTHER} FROM object_version WHERE bucket_id = ? AND (key, version_order) IN ("
    "SELECT wanted.value, ("
    "SELECT version_order FROM object_version AS older "
    "WHERE older.bucket_id = ? AND older.key = wanted.value "
    "AND CASE WHEN (older.key, older.version_id) IN ($pairs) THEN 0 ELSE 1 END = 1 "
    "ORDER BY version_order LIMIT 1) "
    "FROM ($list) AS wanted)"
)
_REMOVE_OTHER = (
    "DELETE FROM object_version WHERE bucket_id = ? AND (key, version_id) IN ($pairs) "
    "RETURNING segments"
)
_ARCHIVE = (
    f"INSERT INTO object_version ({STORED_COLUMNS}, is_delete_marker) "
    f"SELECT {STORED_COLUMNS}, 0 FROM object WHERE bucket_id = ? AND key $in_list"
)
_REMOVE_CURRENT = "DELETE FROM object WHERE bucket_id = ? AND key $in_list RETURNING key, segments"
_PROMOTE = f"INSERT INTO object ({STORED_COLUMNS}) SELECT {STORED_COLUMNS} {_BY_ID}"


@frozen
class DeleteObjects:
    """Objects and versions of a bucket that are to go, in this order.

    Attributes:
        bucket: the bucket's name.
        now_ms, owner: those of the delete markers.
    """

    bucket: str
    objects: tuple[DeleteOne, ...]
    now_ms: int
    owner: Owner

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys whose current versions this may change."""
        return tuple(one.key for one in self.objects)


@frozen
class DeleteObject:
    """One object or version that is to go; the attributes are those of the commands above."""

    bucket: str
    key: str
    version_id: str | None
    new_version_id: str
    now_ms: int
    owner: Owner
    if_match: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys whose current versions this may change."""
        return (self.key,)

    @property
    def one(self) -> DeleteOne:
        """The same as one of many."""
        return DeleteOne(self.key, self.version_id, self.new_version_id, self.if_match)


def delete_object(txn: ITransaction, command: DeleteObject) -> DeleteResult:
    """See :meth:`~bleepstore.metadata.objects.Objects.delete`."""
    (outcome,) = delete_many(
        txn, DeleteObjects(command.bucket, (command.one,), command.now_ms, command.owner)
    )
    if isinstance(outcome, S3Error):
        raise outcome
    return outcome


def delete_many(txn: ITransaction, command: DeleteObjects) -> tuple[DeleteResult | S3Error, ...]:
    """See :meth:`~bleepstore.metadata.objects.Objects.delete_many`."""
    bucket = find_bucket(txn, command.bucket)
    before = _read_stacks(txn, bucket, command.objects)
    after = {key: list(stack) for key, stack in before.items()}
    outcomes = tuple(_outcome(after[one.key], bucket, one, command) for one in command.objects)
    changes = Changes()
    for key, stack in after.items():
        changes.add(key, before[key], stack)
    _write(txn, bucket, changes, command)
    return outcomes


def _outcome(
    stack: list[Known], bucket: Bucket, one: DeleteOne, command: DeleteObjects
) -> DeleteResult | S3Error:
    try:
        return apply_deletion(stack, bucket.versioning, one, command.now_ms)
    except S3Error as error:
        return error


def _read_stacks(
    txn: ITransaction, bucket: Bucket, objects: Sequence[DeleteOne]
) -> dict[str, list[Known]]:
    """For each key its newest version, and every version that the deletions can touch."""
    stacks: dict[str, list[Known]] = {one.key: [] for one in objects}
    txn.execute(_CURRENT, (bucket.id, as_parameter(list(stacks))))
    for key, version_id, order, etag in txn.fetch_all():
        stacks[key].append(Known(version_id, order, etag, False, Place.CURRENT))
    if bucket.versioning is Versioning.OFF:
        return stacks
    named = _named_versions(bucket, objects)
    uncovered = _keys_without_a_lasting_top(stacks, named)
    if named:
        _read_others(txn, stacks, _OTHER_BY_ID, (as_parameter(named), bucket.id))
    if uncovered:
        parameters = (bucket.id, bucket.id, as_parameter(named), as_parameter(uncovered))
        _read_others(txn, stacks, _NEWEST_OTHER, parameters)
    for stack in stacks.values():
        stack.sort(key=lambda version: version.order)
    return stacks


def _named_versions(bucket: Bucket, objects: Sequence[DeleteOne]) -> list[tuple[str, str]]:
    """Keys and version ids that may be removed; a suspended bucket's markers replace ``null``."""
    named = {(one.key, one.version_id) for one in objects if one.version_id is not None}
    if bucket.versioning is Versioning.SUSPENDED:
        named |= {(one.key, NULL_VERSION_ID) for one in objects if one.version_id is None}
    return sorted(named)


def _keys_without_a_lasting_top(
    stacks: dict[str, list[Known]], named: Iterable[tuple[str, str]]
) -> list[str]:
    """Keys without a current version, or that may lose it: something below it counts then."""
    going = set(named)
    return [
        key for key, stack in stacks.items() if not stack or (key, stack[0].version_id) in going
    ]


def _read_others(
    txn: ITransaction, stacks: dict[str, list[Known]], sql: str, parameters: Sequence[str]
) -> None:
    txn.execute(sql, parameters)
    for key, version_id, order, etag, is_delete_marker in txn.fetch_all():
        known = Known(version_id, order, etag, bool(is_delete_marker), Place.OTHER)
        stacks[key].append(known)


@define
class Changes:
    """What is to be written, gathered over all keys.

    Attributes:
        removed_current: keys whose row in ``object`` goes away.
        archived: keys whose row in ``object`` moves below a delete marker.
        removed_others, promoted: keys and version ids in ``object_version`` that go away, and
            that become current.
        markers: keys with their new delete markers.
    """

    removed_current: list[str] = field(factory=list)
    archived: list[str] = field(factory=list)
    removed_others: list[tuple[str, str]] = field(factory=list)
    promoted: list[tuple[str, str]] = field(factory=list)
    markers: list[tuple[str, Known]] = field(factory=list)

    def add(self, key: str, before: Sequence[Known], after: Sequence[Known]) -> None:
        """Compare a key's stack with what it was."""
        kept = set(after)
        for version in before:
            if version in kept:
                continue
            if version.place is Place.CURRENT:
                self.removed_current.append(key)
            else:
                self.removed_others.append((key, version.version_id))
        for depth, version in enumerate(after):
            self._add_kept(key, version, is_top=depth == 0)

    def _add_kept(self, key: str, version: Known, *, is_top: bool) -> None:
        if version.place is Place.NOWHERE:
            self.markers.append((key, version))
        elif version.place is Place.CURRENT and not is_top:
            self.archived.append(key)
        elif version.place is Place.OTHER and is_top and not version.is_delete_marker:
            self.promoted.append((key, version.version_id))


def _write(txn: ITransaction, bucket: Bucket, changes: Changes, command: DeleteObjects) -> None:
    """In an order in which no two rows ever claim the same place."""
    released = []
    if changes.removed_others:
        txn.execute(_REMOVE_OTHER, (bucket.id, as_parameter(changes.removed_others)))
        released += segments_of_rows(txn.fetch_all())
    if changes.archived:
        txn.execute(_ARCHIVE, (bucket.id, as_parameter(changes.archived)))
    leaving = [*changes.removed_current, *changes.archived]
    if leaving:
        txn.execute(_REMOVE_CURRENT, (bucket.id, as_parameter(leaving)))
        kept = set(changes.archived)
        gone = [column for key, column in txn.fetch_all() if key not in kept]
        released += chain.from_iterable(map(column_to_segments, gone))
    if changes.markers:
        markers = [_marker_row(bucket, key, known, command) for key, known in changes.markers]
        txn.execute_many(INSERT_MARKER, markers)
    if changes.promoted:
        promoted = as_parameter(changes.promoted)
        txn.execute(_PROMOTE, (promoted, bucket.id))
        txn.execute(_REMOVE_OTHER, (bucket.id, promoted))
    blobs.release(txn, released, command.now_ms)


def _marker_row(
    bucket: Bucket, key: str, known: Known, command: DeleteObjects
) -> tuple[object, ...]:
    marker = ObjectVersion(
        key=key,
        version_id=known.version_id,
        last_modified_ms=-known.order,
        owner=command.owner,
        is_delete_marker=True,
    )
    return (bucket.id, known.order, *version_to_row(marker))
