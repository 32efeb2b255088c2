"""PutObject, and what every upload of a whole object has in common with it."""

from __future__ import annotations

from attrs import evolve, frozen

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
    command = _command(ctx, await for_new_object(ctx))

    async def record(received: Received, blob: Blob) -> Stored:
        _refuse_less_than(min_size_bytes, received.size_bytes)
        filled = _with_bytes(command, received, blob, ctx.services.clock.now_ms())
        return Stored(received, await ctx.services.metadata.objects.put(filled))

    stored = await upload(ctx, demands, record)
    await ctx.services.showing.settle(ctx.bucket_name, (ctx.key,))
    return stored


def _refuse_less_than(min_size_bytes: int, size_bytes: int) -> None:
    if size_bytes < min_size_bytes:
        raise S3Error(
            "EntityTooSmall", ProposedSize=str(size_bytes), MinSizeAllowed=str(min_size_bytes)
        )


def _command(ctx: Context, granted: NewObject) -> PutObject:
    """The change that this request asks for, but for what only its bytes can tell."""
    if_match, if_none_match = write_conditions(ctx.headers)
    version = ObjectVersion(
        key=ctx.key,
        version_id=new_version_id(),
        last_modified_ms=0,
        owner=granted.owner,
        acl=granted.acl,
        storage_class=storage_class(ctx.headers),
        headers=stored_headers(ctx.headers),
        user_metadata=user_metadata(ctx.headers),
        tags=request_tags(ctx.headers),
    )
    return PutObject(
        bucket=ctx.bucket_name,
        version=version,
        blobs=(),
        if_match=if_match,
        if_none_match=if_none_match,
    )


def _with_bytes(command: PutObject, received: Received, blob: Blob, now_ms: int) -> PutObject:
    segments = whole(blob)
    version = evolve(
        command.version,
        last_modified_ms=now_ms,
        size_bytes=received.size_bytes,
        etag=received.md5_hex,
        checksums=received.checksums,
        segments=segments,
    )
    return evolve(command, version=version, blobs=(blob,) if segments else ())
