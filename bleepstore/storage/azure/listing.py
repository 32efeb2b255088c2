"""Reads listings of blobs.

https://learn.microsoft.com/rest/api/storageservices/list-blobs
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.etree.ElementTree import ParseError

from attrs import frozen
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ...clock import parse_http_date
from ...errors import UpstreamFailed
from ..remote.upstream import Standing
from .answers import etag
from .appearance import HEADERS, read

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# Hadoop's file systems mark folders like this, and so do accounts with a hierarchical namespace.
_FOLDER = "hdi_isfolder"


@frozen
class Page:
    """Some blobs, and where the next ones begin: empty at the end."""

    blobs: tuple[Standing, ...]
    marker: str


def read_page(body: bytes) -> Page:
    """The blobs in an answer to List Blobs; folders are none.

    Raises:
        UpstreamFailed: it is something else.
    """
    try:
        root: Element = fromstring(body, forbid_dtd=True)
        blobs = tuple(_standing(blob) for blob in root.iterfind("Blobs/Blob") if _is_blob(blob))
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise UpstreamFailed("the answer to List Blobs is no listing") from error
    return Page(blobs, root.findtext("NextMarker") or "")


def _is_blob(blob: Element) -> bool:
    is_folder = blob.findtext("Properties/ResourceType") == "directory"
    return not is_folder and blob.findtext(f"Metadata/{_FOLDER}") != "true"


def _standing(blob: Element) -> Standing:
    properties = {
        child.tag.lower(): child.text for child in blob.iterfind("Properties/*") if child.text
    }
    tag = properties.get("etag", "").strip('"')
    return Standing(
        _name(blob),
        int(properties["content-length"]) if "content-length" in properties else 0,
        tag,
        etag(properties.get("content-md5", ""), tag),
        parse_http_date(properties.get("last-modified", "")) or 0,
        read(
            {name: properties[name] for name in HEADERS if name in properties},
            {child.tag: child.text or "" for child in blob.iterfind("Metadata/*")},
        ),
    )


def _name(blob: Element) -> str:
    """Names with characters that XML cannot hold are percent-encoded."""
    name = blob.find("Name")
    if name is None or not name.text:
        raise ValueError("a blob without a name")
    return unquote(name.text) if name.get("Encoded") == "true" else name.text
