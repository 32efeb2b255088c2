"""Pages of listings: of objects, and of uploads that nobody has finished.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element

from ...clock import parse_iso8601
from ...errors import UpstreamFailed
from ..remote.upstream import Standing
from .answers import document, text
from .bucket import Ask, Bucket


class Stray(NamedTuple):
    """An upload under way, or left behind."""

    name: str
    upload_id: str
    initiated_ms: int


async def objects(bucket: Bucket, prefix: str, after: str) -> AsyncIterator[Standing]:
    """The objects whose names begin with ``prefix``, behind the name ``after``."""
    query = {"list-type": "2", "encoding-type": "url", "prefix": prefix}
    if after:
        query["start-after"] = after
    while True:
        ask = Ask("GET", "", query)
        page = document(await bucket.required(ask), "ListBucketResult", str(ask))
        for element, name in _named(page, "Contents"):
            yield _standing(element, name)
        if text(page, "IsTruncated") != "true":
            return
        query = {**query, "continuation-token": text(page, "NextContinuationToken")}


async def uploads(bucket: Bucket, prefix: str) -> AsyncIterator[Stray]:
    """The uploads under way for names that begin with ``prefix``."""
    query = {"uploads": "", "encoding-type": "url", "prefix": prefix}
    while True:
        ask = Ask("GET", "", query)
        page = document(await bucket.required(ask), "ListMultipartUploadsResult", str(ask))
        for element, name in _named(page, "Upload"):
            yield Stray(name, text(element, "UploadId"), _instant(element, "Initiated"))
        if text(page, "IsTruncated") != "true":
            return
        markers = {
            "key-marker": _name(page, page, "NextKeyMarker"),
            "upload-id-marker": text(page, "NextUploadIdMarker"),
        }
        query = {**query, **markers}


def keys_of(page: Element) -> list[str]:
    """The names of the objects on a page."""
    return [name for _, name in _named(page, "Contents")]


def _standing(element: Element, name: str) -> Standing:
    tag = text(element, "ETag").strip('"')
    size = text(element, "Size")
    if not tag or not size.isdecimal():
        raise UpstreamFailed("a listing does not say enough of an object")
    return Standing(name, int(size), tag, tag, _instant(element, "LastModified"))


def _named(page: Element, kind: str) -> list[tuple[Element, str]]:
    """The elements of a page that are of this kind, with the names in them."""
    return [(each, _name(page, each, "Key")) for each in page.iterfind(f"{{*}}{kind}")]


def _name(page: Element, parent: Element, element: str) -> str:
    """S3 encodes names as in forms, so that a space may be a plus sign.

    Services that do not know of that leave names as they are, and do not say that they encode.
    """
    name = parent.findtext(f"{{*}}{element}") or ""
    return unquote_plus(name) if text(page, "EncodingType") == "url" else name


def _instant(element: Element, name: str) -> int:
    return parse_iso8601(text(element, name)) or 0
