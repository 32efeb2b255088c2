"""Forgetting uploads that nobody will complete, and completions that nobody will repeat."""

from __future__ import annotations

from attrs import frozen

from ..interfaces import ITransaction
from . import blobs
from .columns import segments_of_rows
from .transaction import as_parameter

MAX_PARTS_AT_ONCE = 10_000
"""Bounds how long one expiry keeps other writers waiting; one upload may have as many."""

_OLDEST = (
    "SELECT upload_id, (SELECT count(*) FROM part WHERE part.upload_id = upload.upload_id) "
    "FROM upload WHERE initiated_ms < ? ORDER BY initiated_ms LIMIT ?"
)
_REMOVE = "DELETE FROM upload WHERE initiated_ms < ? AND upload_id $in_list"
_REMOVE_PARTS = "DELETE FROM part WHERE upload_id $in_list RETURNING segments"
_FORGET = (
    "DELETE FROM completed_upload WHERE completed_ms < ? AND (bucket_id, key, upload_id) IN ("
    "SELECT bucket_id, key, upload_id FROM completed_upload WHERE completed_ms < ? "
    "ORDER BY completed_ms LIMIT ?)"
)
_DATE_BACK = "UPDATE upload SET initiated_ms = 0 WHERE bucket_id = ?"


@frozen
class ExpireUploads:
    """Uploads begun, and completions made, before an instant are to go.

    Attributes:
        limit: the most uploads, and the most completions, at once.
    """

    before_ms: int
    limit: int


def expire_uploads(txn: ITransaction, command: ExpireUploads) -> int:
    """See :meth:`~bleepstore.metadata.uploads.Uploads.expire`."""
    txn.execute(_OLDEST, (command.before_ms, command.limit))
    expired = _within_bounds(txn.fetch_all())
    if expired:
        chosen = as_parameter(expired)
        txn.execute(_REMOVE, (command.before_ms, chosen))
        txn.execute(_REMOVE_PARTS, (chosen,))
        # Nobody reads the bytes of a part, so they are garbage from the first moment.
        blobs.release(txn, segments_of_rows(txn.fetch_all()), command.before_ms)
    txn.execute(_FORGET, (command.before_ms, command.before_ms, command.limit))
    return len(expired) + int(txn.rowcount)


def _within_bounds(uploads: list[tuple[str, int]]) -> list[str]:
    """The first of the uploads, and more as long as their parts are not too many."""
    chosen: list[str] = []
    parts = 0
    for upload_id, part_count in uploads:
        parts += part_count
        if chosen and parts > MAX_PARTS_AT_ONCE:
            break
        chosen.append(upload_id)
    return chosen


def date_back_uploads(txn: ITransaction, bucket_id: str) -> None:
    """The bucket goes away, and its uploads with it: at the next expiry, since they may be many."""
    txn.execute(_DATE_BACK, (bucket_id,))
