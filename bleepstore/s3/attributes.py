"""GetObjectAttributes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ..clock import http_date
from ..documents.attributes import ATTRIBUTES, PartsWindow, object_attributes
from ..documents.xml import CONTENT_TYPE
from ..errors import S3Error
from ..values import Reply
from .arguments import integer_argument, version_id_argument
from .context import Context
from .find import find_version
from .object_headers import version_headers
from .standing import as_it_stands

_WANTED = "x-amz-object-attributes"
_MAX_PARTS = 1000
_MAX_PART_NUMBER = 10_000


async def get_object_attributes(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html"""
    describe = partial(_describe, ctx, _wanted(ctx.headers), _window(ctx.headers))
    version_id = version_id_argument(ctx.query)
    showing = ctx.services.showing
    return await as_it_stands(showing, ctx.bucket_name, ctx.key, version_id, describe)


async def _describe(ctx: Context, wanted: frozenset[str], window: PartsWindow) -> Reply:
    bucket, version = await find_version(ctx)
    await ctx.services.showing.check(version)
    headers = (
        CONTENT_TYPE,
        ("last-modified", http_date(version.last_modified_ms)),
        *version_headers(bucket.versioning, version.version_id),
    )
    return Reply(200, headers, object_attributes(version, wanted, window))


def _wanted(headers: Mapping[str, str]) -> frozenset[str]:
    """The names of the attributes that are asked for.

    Raises:
        S3Error: ``InvalidRequest`` for none, ``InvalidArgument`` for one that does not exist.
    """
    text = headers.get(_WANTED, "")
    if not text.strip():
        raise S3Error(
            "InvalidRequest",
            f"The {_WANTED} header specifying the attributes to be retrieved is either missing or "
            "empty",
        )
    names = frozenset(name.strip() for name in text.split(","))
    if not names <= ATTRIBUTES:
        raise S3Error(
            "InvalidArgument",
            "Invalid attribute name specified.",
            ArgumentName=_WANTED,
            ArgumentValue=text,
        )
    return names


def _window(headers: Mapping[str, str]) -> PartsWindow:
    return PartsWindow(
        marker=integer_argument(headers, "x-amz-part-number-marker", 0, at_most=_MAX_PART_NUMBER),
        max_parts=integer_argument(headers, "x-amz-max-parts", _MAX_PARTS, at_most=_MAX_PARTS),
    )
