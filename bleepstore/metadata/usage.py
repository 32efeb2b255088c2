"""How much a bucket has: counts and bytes, for operators.

Each question reads all rows of the bucket; none of them is for requests.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from ..interfaces import IDatabase, ITransaction
from ..values import Bucket
from .survey import KINDS, START, read_page
from .transaction import as_parameter

_BATCH = 500

_COUNTS = (
    "SELECT (SELECT count(*) FROM object WHERE bucket_id = ?), "
    "(SELECT count(*) FROM object_version WHERE bucket_id = ? AND is_delete_marker = 0), "
    "(SELECT count(*) FROM object_version WHERE bucket_id = ? AND is_delete_marker = 1), "
    "(SELECT coalesce(sum(size_bytes), 0) FROM object WHERE bucket_id = ?), "
    "(SELECT coalesce(sum(size_bytes), 0) FROM object_version WHERE bucket_id = ?), "
    "(SELECT count(*) FROM upload WHERE bucket_id = ?), "
    "(SELECT coalesce(sum(size_bytes), 0) FROM part JOIN upload "
    "ON upload.upload_id = part.upload_id WHERE bucket_id = ?)"
)
_PARAMETERS = 7
_BLOBS = "SELECT locator, size_bytes, refs FROM blob WHERE locator $in_list"


@frozen
class Usage:
    """What is in a bucket.

    Attributes:
        objects: current versions.
        versions: older ones, without delete markers.
        bytes, version_bytes, upload_bytes: of these, and of the parts of uploads under way, each
            counted as if it were alone.
        stored_bytes: what all of that takes: copies share their bytes with what they were made
            of, and bytes that several of them share count once.
    """

    objects: int
    versions: int
    delete_markers: int
    bytes: int
    version_bytes: int
    uploads: int
    upload_bytes: int
    stored_bytes: int


@frozen
class Usages:
    """Asks how much there is."""

    _database: IDatabase

    async def of(self, bucket: Bucket) -> Usage:
        """Of one instant."""
        return await self._database.read("usage", _usage, bucket.id)


def _usage(txn: ITransaction, bucket_id: str) -> Usage:
    txn.execute(_COUNTS, (bucket_id,) * _PARAMETERS)
    counts = txn.fetch_one()
    return Usage(*(*counts, _stored_bytes(txn, bucket_id)))


def _stored_bytes(txn: ITransaction, bucket_id: str) -> int:
    """Only blobs that are shared need to be remembered, to be counted once."""
    total = 0
    shared: set[str] = set()
    for locators in _locators(txn, bucket_id):
        txn.execute(_BLOBS, (as_parameter(sorted(locators)),))
        for locator, size_bytes, refs in txn.fetch_all():
            if locator not in shared:
                total += size_bytes
                if refs > 1:
                    shared.add(locator)
    return total


def _locators(txn: ITransaction, bucket_id: str) -> Iterator[set[str]]:
    """The blobs of each page of holdings."""
    for kind in KINDS:
        after = START
        while page := read_page(txn, bucket_id, kind, after, _BATCH):
            yield {segment.locator for holding in page for segment in holding.segments}
            after = page[-1].position
