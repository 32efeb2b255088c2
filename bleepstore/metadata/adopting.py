"""Recording what others have put, changed or deleted under natural names.

Whoever records has looked at the metadata first and at the upstream then. So a change is made only
if the metadata are still as they were seen: otherwise what was seen upstream may be our own work,
and out of date.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import field, frozen

from ..errors import S3Error
from ..interfaces import IDatabase, ITransaction
from ..values import Bucket, ObjectVersion, Owner, Segment, Shown
from . import blobs
from .bucket_rows import find_bucket
from .deletion import DeleteObjects, delete_many
from .marking import mark
from .objects_read import get_object
from .showing import Name, OnShow, find_on_show, find_pending, write_on_show
from .stacks import DeleteOne
from .versions import find_current, remove_other, stack

_LAST = "SELECT last_key FROM adoption WHERE bucket_name = ?"
_REMEMBER = (
    "INSERT INTO adoption (bucket_name, last_key) VALUES (?, ?) "
    "ON CONFLICT (bucket_name) DO UPDATE SET last_key = excluded.last_key"
)
_FINISHED = "DELETE FROM adoption WHERE bucket_name = ?"


@frozen
class Known:
    """What the metadata know of a key.

    Attributes:
        version: the current version; None for none.
        on_show: what stands under its name as far as we know.
        is_pending: whether that may be about to change.
    """

    version: ObjectVersion | None
    on_show: OnShow | None
    is_pending: bool

    def shows(self, version: ObjectVersion | None) -> bool:
        """Whether a version is what stands under the name."""
        if version is None or self.version is None or self.on_show is None:
            return False
        return (
            version.version_id == self.version.version_id
            and version.segments == self.on_show.segments
        )


@frozen
class Adoption:
    """What stands under a natural name, and what was known of the key before it was looked at.

    Attributes:
        version_id: that of the new version if versioning turns out to be enabled.
    """

    shown: Shown
    known: Known
    version_id: str


@frozen
class Adopt:
    """Objects of a bucket that are to be recorded as they stand upstream.

    Attributes:
        owner: of those that are new; the bucket's if None.
        last_key: how far the adoption of the whole bucket has come by that, if it is one.
    """

    bucket: str
    adoptions: tuple[Adoption, ...]
    now_ms: int
    owner: Owner | None = None
    last_key: str | None = None


@frozen
class Lose:
    """A version whose bytes are gone, and what was known of its key when that was found.

    Attributes:
        version: the current one or another.
        known: of the key.
        new_version_id: of the delete marker, where one is to be; or of ``former``.
        former: what stands under the name of a current version that was never shown; None for
            nothing.
    """

    bucket: str
    version: ObjectVersion
    known: Known
    new_version_id: str
    now_ms: int
    former: Shown | None = None


@frozen
class Adoptions:
    """The door for those who look upstream."""

    _database: IDatabase = field(repr=False)

    async def known(self, bucket: str, keys: Sequence[str]) -> dict[str, Known]:
        """What is known of keys. Raises ``S3Error("NoSuchBucket")``."""
        return await self._database.read("get_names", _known_of, bucket, tuple(keys))

    async def adopt(self, command: Adopt) -> tuple[bool, ...]:
        """Make what stands upstream the current versions; answer which of them were made.

        A version that was there keeps its tags and its access control list, but not its id: it
        goes away, since its bytes have. The others are not as they were known any more.
        """
        return await self._database.write("adopt_objects", _adopt, command)

    async def lose(self, command: Lose) -> bool:
        """Remove a version whose bytes are gone; answer whether it still was as it was seen.

        If it stood under the natural name, somebody has deleted the object there. So that is what
        becomes of it here, too, and where versions are kept a delete marker says so. If it was to
        replace what stands there, and no other version is left, that is the object again: private
        to its owner, since nobody knows any more who else might see it.
        """
        return await self._database.write("lose_version", _lose, command)

    async def last_key(self, bucket: str) -> str:
        """How far an adoption that was interrupted had come; empty if none was."""
        return await self._database.read("get_adoption", _last_key, bucket)

    async def finished(self, bucket: str) -> None:
        """An adoption has come to its end."""
        await self._database.write("finish_adoption", _finished, bucket)


def _known_of(txn: ITransaction, bucket: str, keys: Iterable[str]) -> dict[str, Known]:
    find_bucket(txn, bucket)
    return {key: find_known(txn, Name(bucket, key)) for key in keys}


def find_known(txn: ITransaction, name: Name) -> Known:
    """What is known of a key."""
    version = _find_version(txn, name, None)
    is_current = version is not None and not version.is_delete_marker
    return Known(version if is_current else None, find_on_show(txn, name), find_pending(txn, name))


def _find_version(txn: ITransaction, name: Name, version_id: str | None) -> ObjectVersion | None:
    try:
        _, version = get_object(txn, name.bucket, name.key, version_id, False)
    except S3Error:
        return None
    return version


def _adopt(txn: ITransaction, command: Adopt) -> tuple[bool, ...]:
    bucket = find_bucket(txn, command.bucket)
    made = tuple(_adopt_one(txn, bucket, each, command) for each in command.adoptions)
    if command.last_key is not None:
        txn.execute(_REMEMBER, (command.bucket, command.last_key))
    return made


def _adopt_one(txn: ITransaction, bucket: Bucket, adoption: Adoption, command: Adopt) -> bool:
    name = Name(bucket.name, adoption.shown.key)
    known = adoption.known
    if not _is_still(txn, name, known):
        return False
    version = _version_of(adoption, command.owner or bucket.owner)
    _stack_shown(txn, bucket, version, adoption.shown)
    if known.version is not None and known.shows(known.version):
        replaced = remove_other(txn, bucket, name.key, known.version.version_id)
        blobs.release(txn, replaced.segments if replaced else (), command.now_ms)
    return True


def _stack_shown(txn: ITransaction, bucket: Bucket, version: ObjectVersion, shown: Shown) -> None:
    """Make what stands under a name the current version."""
    blobs.refer(txn, version.segments, (shown.blob,))
    stack(txn, bucket, find_current(txn, bucket, version.key), version)
    write_on_show(txn, Name(bucket.name, version.key), OnShow(shown.blob, shown.appearance))


def _is_still(txn: ITransaction, name: Name, known: Known) -> bool:
    """Whether a key is as it was known, and nobody is about to change what its name shows."""
    now = find_known(txn, name)
    return not now.is_pending and _essence(now) == _essence(known)


def _essence(known: Known) -> tuple[str, tuple[Segment, ...], OnShow | None]:
    """Blobs never come back, so segments tell versions apart; what was set about them does not."""
    if known.version is None:
        return ("", (), known.on_show)
    return (known.version.version_id, known.version.segments, known.on_show)


def _version_of(adoption: Adoption, owner: Owner) -> ObjectVersion:
    shown, former = adoption.shown, adoption.known.version
    return ObjectVersion(
        key=shown.key,
        version_id=adoption.version_id,
        last_modified_ms=shown.last_modified_ms,
        owner=former.owner if former else owner,
        size_bytes=shown.blob.size_bytes,
        etag=shown.etag,
        headers=shown.appearance.headers,
        user_metadata=shown.appearance.user_metadata,
        segments=OnShow(shown.blob, shown.appearance).segments,
        tags=former.tags if former else (),
        acl=former.acl if former else "",
    )


def _lose(txn: ITransaction, command: Lose) -> bool:
    version, name = command.version, Name(command.bucket, command.version.key)
    found = _find_version(txn, name, version.version_id)
    if found is None or found.segments != version.segments:
        return False
    if not _is_still(txn, name, command.known):
        return False
    deletions = [_deletion(command, version.version_id)]
    stood_there = command.known.shows(version)
    if stood_there:
        deletions.append(_deletion(command, None))
        write_on_show(txn, name, None)
    delete_many(txn, DeleteObjects(command.bucket, tuple(deletions), command.now_ms, version.owner))
    if not stood_there:
        _show_instead(txn, name, command)
    return True


def _show_instead(txn: ITransaction, name: Name, command: Lose) -> None:
    """Let a name show what it is to show without a version that it has never shown."""
    shown = command.former
    if shown is None or _find_version(txn, name, None) is not None:
        mark(txn, name.bucket, [name.key])
        return
    nothing = Known(None, None, is_pending=False)
    version = _version_of(Adoption(shown, nothing, command.new_version_id), command.version.owner)
    _stack_shown(txn, find_bucket(txn, name.bucket), version, shown)


def _deletion(command: Lose, version_id: str | None) -> DeleteOne:
    return DeleteOne(command.version.key, version_id, command.new_version_id)


def _last_key(txn: ITransaction, bucket: str) -> str:
    txn.execute(_LAST, (bucket,))
    row = txn.fetch_one()
    return row[0] if row else ""


def _finished(txn: ITransaction, bucket: str) -> None:
    txn.execute(_FINISHED, (bucket,))
