"""An object upstream that says to which metadata a place belongs.

Metadata that meet another bucket or prefix find none of their bytes there, and would take that for
deletions behind their back. So the first start leaves a marker, which every later one looks for; so
does whoever is about to believe that an object was deleted.
"""

from __future__ import annotations

from attrs import frozen

from ...errors import BlobMissing, ConfigError, UpstreamFailed
from ...ids import new_blob_id
from ...interfaces import IDatabase, ITransaction
from ...values import Appearance
from .gathered import gathered
from .names import Names
from .naming import Naming
from .upstream import IUpstream

_LONGEST_BYTES = 256
_APPEARANCE = Appearance({"content-type": "text/plain"})

_FIND = "SELECT store_id FROM gateway"
_CLAIM = "INSERT INTO gateway (store_id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM gateway)"
_SAMPLE = "SELECT locator FROM blob ORDER BY locator DESC LIMIT 20"
_IS_USED = (
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM blob) OR EXISTS (SELECT 1 FROM shown) "
    "OR EXISTS (SELECT 1 FROM unshown)"
)


@frozen
class Marker:
    """The marker of one place upstream, as one store sees it."""

    _upstream: IUpstream
    _naming: Naming
    _names: Names
    _database: IDatabase

    async def check(self) -> None:
        """See that the place is this store's; take it, if neither has another owner.

        Raises:
            ConfigError: it is not, and what to do about it.
        """
        known = await self._database.read("find_store_id", _find)
        found = await self._read()
        if found and found != known:
            raise self._error(self._foreign(known, found))
        if not found:
            await self._take(known)

    async def confirm(self) -> None:
        """See that the place is this store's still.

        Raises:
            UpstreamFailed: it is not, or not to be reached.
        """
        known = await self._database.read("find_store_id", _find)
        found = await self._read()
        if not known or found != known:
            raise UpstreamFailed(
                f"{self._names.marker} does not say any more that this is the place of the store "
                f"{known}, so what is missing there does not count as deleted; put that object "
                "back, with this id in it, if it is the right place"
            )

    async def _take(self, known: str) -> None:
        """Put the marker where none is, if nothing says that it ought to be elsewhere."""
        is_used = await self._database.read("is_gateway_used", _is_used)
        if known and is_used:
            raise self._error(
                "expected the place of the bytes that the metadata refer to, which has an object "
                f"{self._names.marker} in it; check bucket, container and prefix, or put that "
                f"object there, with {known} in it, if this is the place"
            )
        if is_used and not await self._has_some_bytes():
            raise self._error(
                "expected the place of the bytes that the metadata refer to, of which none are "
                "there; check bucket, container and prefix"
            )
        store_id = await self._database.write("claim_store_id", _claim, new_blob_id())
        await self._upstream.put(self._names.marker, f"{store_id}\n".encode(), _APPEARANCE)

    async def _has_some_bytes(self) -> bool:
        """For metadata that are older than markers, or were imported."""
        sample = await self._database.read("sample_blobs", _sample)
        for locator in sample:
            if await self._naming.find(locator) is not None:
                return True
        return not sample

    async def _read(self) -> str:
        """The id in the marker; empty where there is none."""
        name = self._names.marker
        standing = await self._upstream.look(name)
        if standing is None or not standing.size_bytes:
            return ""
        length = min(standing.size_bytes, _LONGEST_BYTES)
        try:
            body = await self._upstream.open(name, standing.tag, 0, length)
        except BlobMissing as error:
            raise UpstreamFailed(f"{name} changes while it is read") from error
        return (await gathered(body)).decode("utf-8", "replace").strip()

    def _foreign(self, known: str, found: str) -> str:
        name = self._names.marker
        if known:
            return (
                f"expected the place of the store {known}, but {name} says that this is the one of "
                f"{found}; check bucket, container and prefix, and metadata.sqlite.path"
            )
        return (
            f"expected a place that no other metadata refer to, but {name} says that this is the "
            f"one of the store {found}; choose another prefix, or delete that object if these "
            "metadata are to take the place of the others for good"
        )

    def _error(self, expected: str) -> ConfigError:
        return ConfigError("configuration", f"storage.{self._upstream.name}", expected)


def _find(txn: ITransaction) -> str:
    txn.execute(_FIND)
    row = txn.fetch_one()
    return row[0] if row else ""


def _claim(txn: ITransaction, store_id: str) -> str:
    """The id of the metadata, which is the given one if they had none."""
    txn.execute(_CLAIM, (store_id,))
    return _find(txn)


def _is_used(txn: ITransaction) -> bool:
    txn.execute(_IS_USED)
    return txn.fetch_one() is not None


def _sample(txn: ITransaction) -> tuple[str, ...]:
    txn.execute(_SAMPLE)
    return tuple(locator for (locator,) in txn.fetch_all())
