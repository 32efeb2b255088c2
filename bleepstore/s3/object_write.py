"""PutObject, and what every upload of a whole object has in common with it."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from ..errors import S3Error
from ..ids import new_version_id
from ..metadata.objects import PutObject, PutResult
from ..streams.upload import Demands, Received
from ..values import Blob, ObjectVersion, Reply
from .checksums import checksum_headers, declared_checksum
from .conditions import write_conditions
from .context import Context
from .granting import NewObject, for_new_object
from .object_headers import storage_class, stored_headers, user_metadata
from .tagging import request_tags
from .unsupported import refuse_unsupported_headers
from .uploading import demands_of, upload, whole


async def put_object(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""
    refuse_unsupported_headers(ctx.headers)
    declared = declared_checksum(ctx.headers, ctx.framing.trailer)
    demands = demands_of(ctx, declared, ctx.services.max_object_size)
    stored = await store_object(ctx, demands)
    return Reply(200, stored.headers)


@frozen
class Stored:
    """An object that was uploaded."""

    received: Received
    result: PutResult

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What the reply says of it."""
        version_id = self.result.version_id
        return (
            ("etag", f'"{self.received.md5_hex}"'),
            *checksum_headers(self.received.checksums),
            *([] if version_id is None else [("x-amz-version-id", version_id)]),
        )


async def store_object(ctx: Context, demands: Demands, min_size_bytes: int = 0) -> Stored:
    """Make the body of a request an object, as its headers say.

    Raises:
        S3Error: ``EntityTooSmall``; and whatever its headers, its bytes or its conditions give
            reason for.
    """
    make_command = _command_maker(ctx, await for_new_object(ctx))

    async def record(received: Received, blob: Blob) -> Stored:
        _refuse_less_than(min_size_bytes, received.size_bytes)
        command = make_command(received, blob)
        return Stored(received, await ctx.services.metadata.objects.put(command))

    stored = await upload(ctx, demands, record)
    await ctx.services.showing.settle(ctx.bucket_name, (ctx.key,))
    return stored


def _refuse_less_than(min_size_bytes: int, size_bytes: int) -> None:
    if size_bytes < min_size_bytes:
        raise S3Error(
            "EntityTooSmall", ProposedSize=str(size_bytes), MinSizeAllowed=str(min_size_bytes)
        )


def _command_maker(ctx: Context, granted: NewObject) -> Callable[[Received, Blob], PutObject]:
    """The change that this request asks for, as soon as its bytes are known.

    The headers are read now: what is wrong with them is told before a byte is stored.
    """
    if_match, if_none_match = write_conditions(ctx.headers)
    class_ = storage_class(ctx.headers)
    headers, metadata = stored_headers(ctx.headers), user_metadata(ctx.headers)
    tags = request_tags(ctx.headers)

    def make(received: Received, blob: Blob) -> PutObject:
        segments = whole(blob)
        version = ObjectVersion(
            key=ctx.key,
            version_id=new_version_id(),
            last_modified_ms=ctx.services.clock.now_ms(),
            owner=granted.owner,
            acl=granted.acl,
            storage_class=class_,
            headers=headers,
            user_metadata=metadata,
            tags=tags,
            size_bytes=received.size_bytes,
            etag=received.md5_hex,
            checksums=received.checksums,
            segments=segments,
        )
        return PutObject(
            bucket=ctx.bucket_name,
            version=version,
            blobs=(blob,) if segments else (),
            if_match=if_match,
            if_none_match=if_none_match,
        )

    return make
