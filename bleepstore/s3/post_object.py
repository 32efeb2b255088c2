"""PostObject: an upload by a browser's form.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from ..documents.post import post_response
from ..documents.xml import CONTENT_TYPE
from ..streams.upload import Demands
from ..values import PostedForm, Reply
from .checksums import declared_checksum
from .context import Context, content_md5
from .object_write import Stored, store_object
from .unsupported import refuse_unsupported_headers


async def post_object(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html"""
    refuse_unsupported_headers(ctx.headers)
    form = ctx.posted_form
    stored = await store_object(ctx, _demands(ctx, form), form.min_size_bytes)
    redirect = _redirect(form.fields)
    if redirect is not None:
        return Reply(303, (("location", _returning(ctx, redirect, stored)), *stored.headers))
    location = _location(ctx)
    headers = (("location", location), *stored.headers)
    status = form.fields.get("success_action_status")
    if status == "201":
        body = post_response(location, ctx.bucket_name, ctx.key, stored.received.md5_hex)
        return Reply(201, (*headers, CONTENT_TYPE), body)
    return Reply(200 if status == "200" else 204, headers)


def _demands(ctx: Context, form: PostedForm) -> Demands:
    """A form does not say how long its file is; its policy says how long it may be."""
    declared = declared_checksum(ctx.headers, ())
    limits = (ctx.services.max_object_size, form.max_size_bytes)
    return Demands(
        md5=content_md5(ctx.headers),
        checksum=declared.checksum,
        algorithms=frozenset({declared.algorithm}),
        max_size_bytes=min(limit for limit in limits if limit is not None),
    )


def _redirect(fields: Mapping[str, str]) -> str | None:
    """Where the browser wants to go next; what is no URL counts as not there, as in S3."""
    url = fields.get("success_action_redirect") or fields.get("redirect") or ""
    if not (url.isascii() and url.isprintable()) or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def _returning(ctx: Context, url: str, stored: Stored) -> str:
    told = {
        "bucket": ctx.bucket_name,
        "key": ctx.key,
        "etag": f'"{stored.received.md5_hex}"',
    }
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(told)}"


def _location(ctx: Context) -> str:
    """The object's URL, below the one that the form was sent to."""
    scheme = "https" if ctx.head.secure else "http"
    folder = ctx.head.raw_path.decode("ascii", "replace").rstrip("/")
    return f"{scheme}://{ctx.headers.get('host', '')}{folder}/{quote(ctx.key)}"
