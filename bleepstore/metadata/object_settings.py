"""What can be set about an object version that exists, as commands and transaction functions."""

from __future__ import annotations

from attrs import frozen

from ..errors import S3Error
from ..interfaces import ITransaction
from ..values import Bucket, ObjectVersion
from .bucket_rows import find_bucket, shown_version_id
from .columns import tags_to_column
from .objects_read import get_object

_SET_OF_CURRENT = "UPDATE object SET {} = ? WHERE bucket_id = ? AND key = ? RETURNING version_id"
_SET_OF_CURRENT_BY_ID = (
    "UPDATE object SET {} = ? WHERE bucket_id = ? AND key = ? AND version_id = ? "
    "RETURNING version_id"
)
_SET_OF_OTHER = (
    "UPDATE object_version SET {} = ? WHERE bucket_id = ? AND key = ? AND version_id = ? "
    "AND is_delete_marker = 0 RETURNING version_id"
)
_IS_MARKER = (
    "SELECT 1 FROM object_version WHERE bucket_id = ? AND key = ? AND version_id = ? "
    "AND is_delete_marker = 1"
)


@frozen
class SetTags:
    """An object's version and its whole tag set; an empty one takes it away.

    Attributes:
        bucket: the bucket's name.
        version_id: None for the current version.
    """

    bucket: str
    key: str
    version_id: str | None
    tags: tuple[tuple[str, str], ...]


@frozen
class SetAcl:
    """An object's version and its access control list as JSON text; empty for the default.

    Attributes:
        bucket: the bucket's name.
        version_id: None for the current version.
        seen: the version as it was when it allowed this change; None if it was not asked.
    """

    bucket: str
    key: str
    version_id: str | None
    acl: str
    seen: ObjectVersion | None = None


def set_tags(txn: ITransaction, command: SetTags) -> str | None:
    """See :meth:`~bleepstore.metadata.objects.Objects.set_tags`."""
    return _set(txn, "tags", tags_to_column(command.tags), command)


def set_acl(txn: ITransaction, command: SetAcl) -> str | None:
    """See :meth:`~bleepstore.metadata.objects.Objects.set_acl`."""
    if command.seen is not None:
        _check_unchanged(txn, command, command.seen)
    return _set(txn, "acl", command.acl, command)


def _check_unchanged(txn: ITransaction, command: SetAcl, seen: ObjectVersion) -> None:
    """Refuse if the version's owner and list, from which rights follow, are others by now.

    A null version may have been overwritten by somebody else, under the same id.
    """
    _, version = get_object(txn, command.bucket, command.key, command.version_id, False)
    if (version.owner.id, version.acl) != (seen.owner.id, seen.acl):
        raise S3Error("OperationAborted")


def _set(txn: ITransaction, column: str, value: str, command: SetTags | SetAcl) -> str | None:
    bucket = find_bucket(txn, command.bucket)
    where = [bucket.id, command.key]
    attempts = [_SET_OF_CURRENT]
    if command.version_id is not None:
        where.append(command.version_id)
        attempts = [_SET_OF_CURRENT_BY_ID, _SET_OF_OTHER]
    for sql in attempts:
        txn.execute(sql.format(column), (value, *where))
        row = txn.fetch_one()
        if row is not None:
            return shown_version_id(bucket, row[0])
    raise _nothing_to_set(txn, bucket, command)


def _nothing_to_set(txn: ITransaction, bucket: Bucket, command: SetTags | SetAcl) -> S3Error:
    if command.version_id is None:
        return S3Error("NoSuchKey", Key=command.key)
    txn.execute(_IS_MARKER, (bucket.id, command.key, command.version_id))
    if txn.fetch_one():
        return S3Error(
            "MethodNotAllowed", headers=(("allow", "DELETE"),), ResourceType="DeleteMarker"
        )
    return S3Error("NoSuchVersion", Key=command.key, VersionId=command.version_id)
