"""PutObject."""

from __future__ import annotations

from attrs import evolve

from ..errors import S3Error
from ..ids import new_blob_id, new_version_id
from ..interfaces import ISink
from ..metadata.objects import PutObject, PutResult
from ..streams.upload import Demands, Received, receive
from ..values import Blob, BlobName, ObjectVersion, Reply, Segment
from .checksums import DeclaredChecksum, checksum_headers, declared_checksum
from .conditions import write_conditions
from .context import Context, content_md5
from .granting import NewObject, for_new_object
from .object_headers import storage_class, stored_headers, user_metadata
from .recording import Record, fill_and_record
from .unsupported import refuse_unsupported_headers


async def put_object(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""
    refuse_unsupported_headers(ctx.headers)
    size = declared_size(ctx)
    declared = declared_checksum(ctx.headers, ctx.framing.trailer)
    command = _command(ctx, await for_new_object(ctx))
    name = BlobName(ctx.bucket_name, ctx.key, new_blob_id())

    async def fill(sink: ISink) -> Record[tuple[Received, PutResult]]:
        received = await receive(
            ctx.body, ctx.framing, _demands(ctx, declared, size), sink, ctx.services.threads
        )

        async def record(blob: Blob) -> tuple[Received, PutResult]:
            filled = _with_bytes(command, received, blob, ctx.services.clock.now_ms())
            return received, await ctx.services.metadata.objects.put(filled)

        return record

    sink = await ctx.services.blobs.open_sink(name, size)
    received, result = await fill_and_record(sink, fill)
    headers = [("etag", f'"{received.md5_hex}"'), *checksum_headers(received.checksums)]
    if result.version_id is not None:
        headers.append(("x-amz-version-id", result.version_id))
    return Reply(200, tuple(headers))


def declared_size(ctx: Context) -> int:
    """The length of an upload's content without framing, in bytes.

    Raises:
        S3Error: ``MissingContentLength``, or ``EntityTooLarge`` before any of the body is read.
    """
    length = ctx.framing.decoded_length if ctx.framing.aws_chunked else ctx.body.length
    if not isinstance(length, int):
        raise S3Error("MissingContentLength")
    limit = ctx.services.max_object_size
    if length > limit:
        raise S3Error("EntityTooLarge", ProposedSize=str(length), MaxSizeAllowed=str(limit))
    return length


def _demands(ctx: Context, declared: DeclaredChecksum, size: int) -> Demands:
    return Demands(
        md5=content_md5(ctx.headers),
        checksum=declared.checksum,
        trailer_algorithm=declared.algorithm if declared.in_trailer else None,
        algorithms=frozenset({declared.algorithm}),
        max_size_bytes=ctx.services.max_object_size,
        expected_size=size,
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
    )
    return PutObject(
        bucket=ctx.bucket_name,
        version=version,
        blobs=(),
        if_match=if_match,
        if_none_match=if_none_match,
    )


def _with_bytes(command: PutObject, received: Received, blob: Blob, now_ms: int) -> PutObject:
    segments = (Segment(blob.locator, 0, blob.size_bytes),) if blob.size_bytes else ()
    version = evolve(
        command.version,
        last_modified_ms=now_ms,
        size_bytes=received.size_bytes,
        etag=received.md5_hex,
        checksums=received.checksums,
        segments=segments,
    )
    return evolve(command, version=version, blobs=(blob,) if segments else ())
