"""Multipart uploads: their beginning, their parts, and their end.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

from ..documents.multipart import (
    complete_multipart_upload_result,
    initiate_multipart_upload_result,
    parse_complete_multipart_upload,
)
from ..documents.xml import CONTENT_TYPE
from ..errors import BlobMissing, S3Error
from ..ids import new_upload_id, new_version_id
from ..metadata.uploads import AbortUpload, CompleteUpload, CreateUpload, PutPart
from ..streams.upload import Received
from ..values import Blob, CompletedPart, Part, Reply, Upload
from .access import check_upload, refuse_anonymous
from .checksums import DEFAULT_ALGORITHM
from .conditions import write_conditions
from .context import MAX_LIST_BYTES, Context
from .granting import for_new_object
from .later import Later
from .multipart_arguments import (
    MAX_PART_BYTES,
    checksum_of_part,
    checksum_of_upload,
    expected_checksum,
    expected_size,
    part_number_argument,
)
from .object_headers import storage_class, stored_headers, user_metadata
from .tagging import request_tags
from .unsupported import refuse_unsupported_headers
from .uploading import demands_of, upload, whole

_SOURCE_CHANGED = "The source of a copied part was changed or deleted upstream since."


async def create_multipart_upload(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html"""
    refuse_anonymous(ctx, "initiate multipart uploads")
    refuse_unsupported_headers(ctx.headers)
    begun = await _new_upload(ctx)
    await ctx.services.metadata.uploads.create(CreateUpload(ctx.bucket_name, begun))
    headers = [CONTENT_TYPE]
    if begun.checksum_algorithm is not None and begun.checksum_type is not None:
        headers.append(("x-amz-checksum-algorithm", begun.checksum_algorithm.name))
        headers.append(("x-amz-checksum-type", begun.checksum_type.value))
    document = initiate_multipart_upload_result(ctx.bucket_name, ctx.key, begun.upload_id)
    return Reply(200, tuple(headers), document)


async def _new_upload(ctx: Context) -> Upload:
    algorithm, kind = checksum_of_upload(ctx.headers)
    granted = await for_new_object(ctx)
    return Upload(
        upload_id=new_upload_id(),
        key=ctx.key,
        owner=granted.owner,
        initiator=ctx.owner,
        initiated_ms=ctx.services.clock.now_ms(),
        storage_class=storage_class(ctx.headers),
        headers=stored_headers(ctx.headers),
        user_metadata=user_metadata(ctx.headers),
        tags=request_tags(ctx.headers),
        acl=granted.acl,
        checksum_algorithm=algorithm,
        checksum_type=kind,
    )


async def find_upload(ctx: Context) -> Upload:
    """The upload that a request is about, if it is the caller's to work on.

    Raises:
        S3Error: ``NoSuchUpload``, ``AccessDenied``.
    """
    found = await ctx.services.metadata.uploads.get(ctx.bucket_name, ctx.key, ctx.query["uploadId"])
    check_upload(ctx, found)
    return found


async def upload_part(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html"""
    refuse_unsupported_headers(ctx.headers)
    number = part_number_argument(ctx.query)
    found = await find_upload(ctx)
    declared = checksum_of_part(ctx.headers, ctx.framing.trailer, found)
    limit_bytes = min(MAX_PART_BYTES, ctx.services.max_object_size)
    # What an object has that asked for nothing is made of the same of its parts.
    more = frozenset() if found.checksum_algorithm else frozenset({DEFAULT_ALGORITHM})
    demands = demands_of(ctx, declared, limit_bytes, more)

    async def record(received: Received, blob: Blob) -> Part:
        segments = whole(blob)
        part = Part(
            number=number,
            size_bytes=received.size_bytes,
            etag=received.md5_hex,
            last_modified_ms=ctx.services.clock.now_ms(),
            segments=segments,
            checksums=received.checksums,
        )
        await put_part(ctx, part, (blob,) if segments else ())
        return part

    part = await upload(ctx, demands, record)
    headers = [("etag", f'"{part.etag}"')]
    headers += [
        (checksum.algorithm.header, checksum.value)
        for checksum in part.checksums
        if checksum.algorithm is declared.algorithm
    ]
    return Reply(200, tuple(headers))


async def put_part(ctx: Context, part: Part, blobs: tuple[Blob, ...] = ()) -> None:
    """Make a part one of the request's upload.

    Raises:
        S3Error: ``NoSuchUpload``, if the upload has ended in the meantime.
        BlobMissing: a segment of another object is gone.
    """
    await ctx.services.metadata.uploads.put_part(
        PutPart(ctx.bucket_name, ctx.key, ctx.query["uploadId"], part, blobs)
    )


async def complete_multipart_upload(ctx: Context) -> Later:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html"""
    document = await ctx.read_document(MAX_LIST_BYTES, has_own_checksum=False)
    # In a thread, since a list of 10,000 parts takes a while to read.
    parts = await ctx.services.threads.run(parse_complete_multipart_upload, document)
    return Later(_complete(ctx, parts))


async def _complete(ctx: Context, parts: tuple[CompletedPart, ...]) -> Reply:
    completion = await _completion(ctx, parts)
    await _check_parts(ctx, parts)
    completed = await ctx.services.metadata.uploads.complete(completion)
    await ctx.services.showing.settle(ctx.bucket_name, (ctx.key,))
    headers = [CONTENT_TYPE]
    if completed.version_id is not None:
        headers.append(("x-amz-version-id", completed.version_id))
    document = complete_multipart_upload_result(
        _location(ctx), ctx.bucket_name, ctx.key, completed.etag, completed.checksums
    )
    return Reply(200, tuple(headers), document)


async def _check_parts(ctx: Context, parts: tuple[CompletedPart, ...]) -> None:
    """Nobody shall get an object whose bytes are gone, in the place of one that is whole."""
    numbers = frozenset(part.number for part in parts)
    upload_id = ctx.query["uploadId"]
    try:
        await ctx.services.showing.check_parts(ctx.bucket_name, ctx.key, upload_id, numbers)
    except BlobMissing as error:
        raise S3Error("InvalidPart", _SOURCE_CHANGED, UploadId=upload_id) from error


async def _completion(ctx: Context, parts: tuple[CompletedPart, ...]) -> CompleteUpload:
    if_match, if_none_match = write_conditions(ctx.headers)
    try:
        checksum = expected_checksum(ctx.headers, await find_upload(ctx))
    except S3Error as error:
        if error.code != "NoSuchUpload":
            raise
        checksum = None  # completed before, perhaps: then the metadata gives the same answer
    return CompleteUpload(
        bucket=ctx.bucket_name,
        key=ctx.key,
        upload_id=ctx.query["uploadId"],
        parts=parts,
        version_id=new_version_id(),
        now_ms=ctx.services.clock.now_ms(),
        if_match=if_match,
        if_none_match=if_none_match,
        expected_checksum=checksum,
        expected_size=expected_size(ctx.headers),
        max_object_size=ctx.services.max_object_size,
    )


def _location(ctx: Context) -> str:
    """The object's address as this client has spelled it."""
    scheme = "https" if ctx.head.secure else "http"
    path = ctx.head.raw_path.decode("utf-8", "replace")
    return f"{scheme}://{ctx.headers.get('host', '')}{path}"


async def abort_multipart_upload(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html"""
    if "x-amz-if-match-initiated-time" in ctx.headers:  # directory buckets only
        raise S3Error("NotImplemented", Header="x-amz-if-match-initiated-time")
    found = await find_upload(ctx)
    await ctx.services.metadata.uploads.abort(
        AbortUpload(ctx.bucket_name, ctx.key, found.upload_id, ctx.services.clock.now_ms())
    )
    return Reply(204)
