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
        for element in page.iterfind("{*}Contents"):
            yield _standing(element)
        if text(page, "IsTruncated") != "true":
            return
        query = {**query, "continuation-token": text(page, "NextContinuationToken")}


async def uploads(bucket: Bucket, prefix: str) -> AsyncIterator[Stray]:
    """The uploads under way for names that begin with ``prefix``."""
    query = {"uploads": "", "encoding-type": "url", "prefix": prefix}
    while True:
        ask = Ask("GET", "", query)
        page = document(await bucket.required(ask), "ListMultipartUploadsResult", str(ask))
        for element in page.iterfind("{*}Upload"):
            yield Stray(_name(element), text(element, "UploadId"), _instant(element, "Initiated"))
        if text(page, "IsTruncated") != "true":
            return
        markers = {
            "key-marker": unquote_plus(text(page, "NextKeyMarker")),
            "upload-id-marker": text(page, "NextUploadIdMarker"),
        }
        query = {**query, **markers}


def _standing(element: Element) -> Standing:
    tag = text(element, "ETag").strip('"')
    size = text(element, "Size")
    if not tag or not size.isdecimal():
        raise UpstreamFailed("a listing does not say enough of an object")
    return Standing(_name(element), int(size), tag, tag, _instant(element, "LastModified"))


def _name(element: Element) -> str:
    """S3 encodes names as in forms, so that a space may be a plus sign."""
    return unquote_plus(element.findtext("{*}Key") or "")


def _instant(element: Element, name: str) -> int:
    return parse_iso8601(text(element, name)) or 0
