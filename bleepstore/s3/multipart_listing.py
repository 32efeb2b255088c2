"""ListParts and ListMultipartUploads."""

from __future__ import annotations

from ..documents.listing import ListingRequest
from ..documents.multipart import (
    PartsPage,
    UploadMarkers,
    list_multipart_uploads_result,
    list_parts_result,
)
from ..documents.xml import CONTENT_TYPE
from ..metadata.uploads import ListUploads
from ..values import Reply
from .access import check_upload
from .arguments import integer_argument, url_encoding_asked
from .context import Context

_PAGE = 1000
_MAX_MARKER = 2**31 - 1


async def list_parts(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html"""
    max_parts = integer_argument(ctx.query, "max-parts", _PAGE, at_most=_PAGE)
    marker = integer_argument(ctx.query, "part-number-marker", 0, at_most=_MAX_MARKER)
    upload, parts, is_truncated = await ctx.services.metadata.uploads.list_parts(
        ctx.bucket_name, ctx.key, ctx.query["uploadId"], marker, max_parts
    )
    check_upload(ctx, upload)
    page = PartsPage(marker, max_parts, parts, is_truncated)
    return Reply(200, (CONTENT_TYPE,), list_parts_result(ctx.bucket_name, upload, page))


async def list_multipart_uploads(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html"""
    request = ListingRequest(
        bucket=ctx.bucket_name,
        prefix=ctx.query.get("prefix", ""),
        delimiter=ctx.query.get("delimiter", ""),
        max_keys=integer_argument(ctx.query, "max-uploads", _PAGE, at_most=_PAGE, at_least=1),
        url_encoded=url_encoding_asked(ctx.query),
    )
    markers = UploadMarkers(ctx.query.get("key-marker", ""), ctx.query.get("upload-id-marker", ""))
    page = await ctx.services.metadata.uploads.list_uploads(
        request.bucket,
        ListUploads(
            prefix=request.prefix,
            delimiter=request.delimiter,
            key_marker=markers.key,
            upload_id_marker=markers.upload_id,
            max_uploads=request.max_keys,
        ),
    )
    return Reply(200, (CONTENT_TYPE,), list_multipart_uploads_result(request, markers, page))
