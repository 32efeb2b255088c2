"""Natural names: what stands under them as far as we know, and making that known.

A gateway shows the current version of each key under a name of its own upstream. The table
``unshown`` has the keys for which that may not be done yet (see :mod:`.marking`), ``shown`` has
what was done. Whoever works on a key's name holds a claim, which ends by itself if it is not
renewed: only one process at a time works on a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from attrs import field, frozen

from ..errors import S3Error
from ..interfaces import IDatabase, ITransaction
from ..values import Appearance, Blob, Bucket, ObjectVersion, Segment
from . import blobs
from .columns import column_to_mapping, segments_to_column, to_json
from .objects_read import get_object

_FIRST_BACKOFF_MS = 5_000
_LONGEST_BACKOFF_MS = 300_000

_PLACE = "WHERE bucket_name = ? AND key = ?"
_CLAIM = (
    f"UPDATE unshown SET holder = ?, claimed_until_ms = ? {_PLACE} "
    "AND (holder = ? OR claimed_until_ms <= ?) RETURNING serial"
)
_RENEW = f"UPDATE unshown SET claimed_until_ms = ? {_PLACE} AND holder = ?"
_HELD = f"SELECT serial, failures FROM unshown {_PLACE} AND holder = ?"
_PENDING = f"SELECT 1 FROM unshown {_PLACE}"
_FINISH = f"DELETE FROM unshown {_PLACE} AND holder = ? AND serial = ?"
_POSTPONE = (
    "UPDATE unshown SET holder = '', claimed_until_ms = 0, failures = failures + 1, due_ms = ? "
    f"{_PLACE} AND holder = ?"
)
_DUE = (
    "SELECT bucket_name, key FROM unshown WHERE due_ms <= ? AND claimed_until_ms <= ? "
    "ORDER BY due_ms, bucket_name, key LIMIT ?"
)
_ON_SHOW = f"SELECT locator, size_bytes, headers, user_metadata FROM shown {_PLACE}"
_FORGET = f"DELETE FROM shown {_PLACE}"
_RECORD = (
    "INSERT INTO shown (bucket_name, key, locator, size_bytes, headers, user_metadata) "
    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (bucket_name, key) DO UPDATE SET "
    "locator = excluded.locator, size_bytes = excluded.size_bytes, "
    "headers = excluded.headers, user_metadata = excluded.user_metadata"
)
_SET_SEGMENTS = "UPDATE object SET segments = ? WHERE bucket_id = ? AND key = ?"


@frozen
class OnShow:
    """What stands under a natural name."""

    blob: Blob
    appearance: Appearance

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Those of a version that consists of this, however small it is.

        An empty object has a segment too: it is how a version knows where it stands.
        """
        return (Segment(self.blob.locator, 0, self.blob.size_bytes),)


@frozen
class Name:
    """A natural name, by the bucket's name and the key."""

    bucket: str
    key: str


class NoTask(Enum):
    """Why somebody who wants to work on a name may not."""

    DONE = auto()
    HELD = auto()


@frozen
class Claim:
    """The wish to work on a name.

    Attributes:
        holder: whose wish; he may claim again what he holds.
        until_ms: when the claim ends, if it is not renewed.
    """

    name: Name
    holder: str
    now_ms: int
    until_ms: int


@frozen
class Task:
    """What a holder finds.

    Attributes:
        serial: of the changes that this takes in.
        current: the version that is to be shown; None for nothing.
        on_show: what stands there; None for nothing of which we know.
        is_needed: whether a version or a part refers to the blob that stands there.
    """

    name: Name
    holder: str
    serial: int
    current: ObjectVersion | None
    on_show: OnShow | None
    is_needed: bool


@frozen
class Settled:
    """A task that is done: this stands under the name now."""

    task: Task
    on_show: OnShow | None
    now_ms: int


@frozen
class Failed:
    """A task that could not be done, and when."""

    task: Task
    now_ms: int


@frozen
class Names:
    """The natural names of all objects."""

    _database: IDatabase = field(repr=False)

    async def is_pending(self, name: Name) -> bool:
        """Whether a name may not show its key's current version yet."""
        return await self._database.look_up("find_unshown", find_pending, name)

    async def due(self, now_ms: int, limit: int) -> Sequence[Name]:
        """Names that nobody works on and that are to be tried by now, at most ``limit``."""
        return await self._database.read("list_unshown", _due, now_ms, limit)

    async def claim(self, claim: Claim) -> Task | NoTask:
        """Begin to work on a name, unless there is nothing to do or somebody else does it."""
        return await self._database.write("claim_name", _claim, claim)

    async def renew(self, claim: Claim) -> bool:
        """Hold a claim for longer; answer whether it still was there."""
        return await self._database.write("renew_name_claim", _renew, claim)

    async def record(self, settled: Settled) -> bool:
        """Note what stands under a name now; answer whether nothing is left to do.

        The version that was shown consists of what stands there from now on, if it still is
        current. A holder who has lost his claim records nothing.
        """
        return await self._database.write("record_name", _record, settled)

    async def postpone(self, failed: Failed) -> bool:
        """Give a claim up, to be tried again later; the pauses grow with the failures.

        Answers False, and gives nothing up, if the key has changed in the meantime: then what
        failed may be past.
        """
        return await self._database.write("postpone_name", _postpone, failed)


def find_pending(txn: ITransaction, name: Name) -> bool:
    """Whether a name may not show its key's current version yet."""
    txn.execute(_PENDING, (name.bucket, name.key))
    return txn.fetch_one() is not None


def find_on_show(txn: ITransaction, name: Name) -> OnShow | None:
    """What stands under a name as far as we know."""
    txn.execute(_ON_SHOW, (name.bucket, name.key))
    row = txn.fetch_one()
    if row is None:
        return None
    locator, size_bytes, headers, metadata = row
    appearance = Appearance(column_to_mapping(headers), column_to_mapping(metadata))
    return OnShow(Blob(locator, size_bytes), appearance)


def write_on_show(txn: ITransaction, name: Name, on_show: OnShow | None) -> None:
    """Note what stands under a name, or that nothing does."""
    if on_show is None:
        txn.execute(_FORGET, (name.bucket, name.key))
        return
    blob, look = on_show.blob, on_show.appearance
    columns = (to_json(dict(look.headers)), to_json(dict(look.user_metadata)))
    txn.execute(_RECORD, (name.bucket, name.key, blob.locator, blob.size_bytes, *columns))


def find_standing_version(txn: ITransaction, name: Name) -> tuple[Bucket, ObjectVersion] | None:
    """The current version of a key, and its bucket; None where there is none to show."""
    try:
        bucket, version = get_object(txn, name.bucket, name.key, None, False)
    except S3Error:  # no such bucket, or no such key
        return None
    return None if version.is_delete_marker else (bucket, version)


def _due(txn: ITransaction, now_ms: int, limit: int) -> tuple[Name, ...]:
    txn.execute(_DUE, (now_ms, now_ms, limit))
    return tuple(Name(*row) for row in txn.fetch_all())


def _claim(txn: ITransaction, claim: Claim) -> Task | NoTask:
    name = claim.name
    place = (name.bucket, name.key)
    txn.execute(_CLAIM, (claim.holder, claim.until_ms, *place, claim.holder, claim.now_ms))
    row = txn.fetch_one()
    if row is None:
        return NoTask.HELD if find_pending(txn, name) else NoTask.DONE
    found = find_standing_version(txn, name)
    on_show = find_on_show(txn, name)
    is_needed = on_show is not None and bool(blobs.find_referenced(txn, [on_show.blob.locator]))
    return Task(name, claim.holder, row[0], found[1] if found else None, on_show, is_needed)


def _renew(txn: ITransaction, claim: Claim) -> bool:
    txn.execute(_RENEW, (claim.until_ms, claim.name.bucket, claim.name.key, claim.holder))
    return bool(txn.rowcount == 1)


def _record(txn: ITransaction, settled: Settled) -> bool:
    task, name = settled.task, settled.task.name
    place = (name.bucket, name.key, task.holder)
    txn.execute(_HELD, place)
    if txn.fetch_one() is None:
        return False
    if settled.on_show != task.on_show:
        if settled.on_show is not None:
            _move_into(txn, settled, settled.on_show)
        write_on_show(txn, name, settled.on_show)
    txn.execute(_FINISH, (*place, task.serial))
    return bool(txn.rowcount == 1)


def _move_into(txn: ITransaction, settled: Settled, on_show: OnShow) -> None:
    """Let the version that was shown consist of what stands there, if it is current still."""
    seen = settled.task.current
    found = find_standing_version(txn, settled.task.name)
    if seen is None or found is None:
        return
    bucket, current = found
    if (current.version_id, current.segments) != (seen.version_id, seen.segments):
        return
    blobs.refer(txn, on_show.segments, (on_show.blob,))
    blobs.release(txn, current.segments, settled.now_ms)
    txn.execute(_SET_SEGMENTS, (segments_to_column(on_show.segments), bucket.id, current.key))


def _postpone(txn: ITransaction, failed: Failed) -> bool:
    task = failed.task
    place = (task.name.bucket, task.name.key, task.holder)
    txn.execute(_HELD, place)
    row = txn.fetch_one()
    if row is None or row[0] != task.serial:
        return False
    backoff_ms = min(_FIRST_BACKOFF_MS << min(row[1], 16), _LONGEST_BACKOFF_MS)
    txn.execute(_POSTPONE, (failed.now_ms + backoff_ms, *place))
    return True
