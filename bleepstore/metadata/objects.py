"""Objects: the commands that change them and the questions about them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from attrs import frozen

from ..errors import S3Error
from ..interfaces import IDatabase, ITransaction
from ..values import Bucket, ListingPage, ObjectVersion, VersionListing
from .commit_queue import Together
from .copying import CopyObject, copy_object
from .deletion import DeleteObject, DeleteObjects, delete_many, delete_object
from .listing import ListObjects, list_objects
from .marking import ChangesKeys, Marking, unmarked
from .object_settings import SetAcl, SetTags, set_acl, set_tags
from .objects_read import get_object
from .objects_write import PutObject, PutResult, put_object
from .stacks import DeleteOne, DeleteResult
from .together import delete_all, put_all
from .version_listing import ListVersions, list_versions

__all__ = [
    "CopyObject",
    "DeleteObject",
    "DeleteObjects",
    "DeleteOne",
    "DeleteResult",
    "ListObjects",
    "ListVersions",
    "Objects",
    "PutObject",
    "PutResult",
    "SetAcl",
    "SetTags",
]

T = TypeVar("T")
C = TypeVar("C", bound=ChangesKeys)

_SHORT_PAGE = 100


@frozen
class Objects:
    """The objects of all buckets. Every method raises ``S3Error("NoSuchBucket")``.

    Args:
        marking: wraps what may change the current version of a key.
    """

    _database: IDatabase
    _marking: Marking = unmarked

    async def put(self, command: PutObject) -> PutResult:
        """Make a version current, and decide its conditions in the same transaction.

        Where versioning is enabled it stacks on the older ones; elsewhere it takes the place of
        the null version. Blobs that nobody refers to afterwards become garbage.

        Raises:
            S3Error: ``PreconditionFailed``; ``NoSuchKey`` for ``if_match`` without an object.
            BlobMissing: a segment names a blob that is neither new nor in use.
        """
        return await self._write("put_object", put_object, command, put_all)

    def _write(
        self,
        description: str,
        function: Callable[[ITransaction, C], T],
        command: C,
        together: Together,
    ) -> Awaitable[T]:
        # What is marked is marked key by key.
        shared = together if self._marking is unmarked else None
        return self._database.write(description, self._marking(function), command, shared)

    async def copy(self, command: CopyObject) -> PutResult:
        """Put a version that shares the bytes of another one, if that still is as it was seen.

        Raises:
            SourceChanged: it is not; nothing has been done.
            S3Error: as :meth:`put`, about the target.
        """
        return await self._database.write("copy_object", self._marking(copy_object), command)

    async def delete(self, command: DeleteObject) -> DeleteResult:
        """Delete an object or one of its versions; what does not exist is deleted already.

        Raises:
            S3Error: as :meth:`put` for ``if_match``.
        """
        return await self._write("delete_object", delete_object, command, delete_all)

    async def delete_many(self, command: DeleteObjects) -> tuple[DeleteResult | S3Error, ...]:
        """Delete objects and versions one after the other, in one transaction.

        Returns:
            What became of each, in their order; the errors are those of :meth:`delete`, and one
            does not hinder the others.
        """
        return await self._database.write("delete_objects", self._marking(delete_many), command)

    async def get(
        self, bucket: str, key: str, version_id: str | None = None, *, with_content: bool = False
    ) -> tuple[Bucket, ObjectVersion]:
        """The current version, or the one of that id, in one trip.

        A delete marker is answered like any version: what it means depends on the operation.

        Args:
            bucket: the bucket's name.
            version_id: None for the newest version.
            with_content: bring ``content`` along if the metadata holds the object's bytes.

        Raises:
            S3Error: ``NoSuchKey`` (element ``Key``) or ``NoSuchVersion``.
        """
        return await self._database.look_up(
            "get_object", get_object, bucket, key, version_id, with_content
        )

    async def list_objects(self, bucket: str, query: ListObjects) -> tuple[Bucket, ListingPage]:
        """One page of the current versions of a bucket.

        Most first pages are short, and looked up. One that continues a page is mostly long.
        """
        continues = query.after and query.max_keys > _SHORT_PAGE
        ask = self._database.read if continues else self._database.look_up
        return await ask("list_objects", list_objects, bucket, query)

    async def list_versions(
        self, bucket: str, query: ListVersions
    ) -> tuple[Bucket, VersionListing]:
        """One page of all versions and delete markers of a bucket.

        The versions have what a listing shows: no headers, metadata, tags, parts or segments.
        """
        return await self._database.read("list_versions", list_versions, bucket, query)

    async def set_tags(self, command: SetTags) -> str | None:
        """Replace the tag set of a version; answer its id as ``x-amz-version-id`` shows it.

        Raises:
            S3Error: ``NoSuchKey``, also where a delete marker is the newest version;
                ``NoSuchVersion``; ``MethodNotAllowed`` for the id of a delete marker.
        """
        return await self._database.write("set_object_tags", set_tags, command)

    async def set_acl(self, command: SetAcl) -> str | None:
        """Replace the access control list of a version; otherwise as :meth:`set_tags`."""
        return await self._database.write("set_object_acl", set_acl, command)
