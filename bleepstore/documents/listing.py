"""The answers of ListObjects and ListObjectsV2."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from urllib.parse import quote

from attrs import frozen

from ..clock import iso8601
from ..values import ChecksumAlgorithm, ListedObject, ListingPage
from .bucket import owner_element
from .xml import document, element, escape_all, flag, optional

Encode = Callable[[str], str]

_is_plain = re.compile("[A-Za-z0-9_.~/*-]*").fullmatch  # what _url_encode() leaves as it is


@frozen
class ListingRequest:
    """What a client asked of a listing, as far as the answer repeats it.

    Attributes:
        url_encoded: ``encoding-type=url``: keys and prefixes are percent-encoded in the answer,
            for characters that XML cannot hold.
    """

    bucket: str
    prefix: str = ""
    delimiter: str = ""
    max_keys: int = 1000
    url_encoded: bool = False

    @property
    def encode(self) -> Encode:
        """How keys are written: percent-encoded, or as they are."""
        return _url_encode if self.url_encoded else str

    def write_all(self, keys: Sequence[str]) -> Sequence[str]:
        """Many keys, ready for XML. Percent-encoded ones have nothing that needs escapes."""
        if not self.url_encoded:
            return escape_all(keys)
        return keys if _is_plain("".join(keys)) else [_url_encode(key) for key in keys]


def list_objects_result(request: ListingRequest, page: ListingPage, marker: str) -> bytes:
    """``ListBucketResult`` of ListObjects (version 1).

    ``NextMarker`` comes only with a delimiter; without one, a client continues from the last key.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
    """
    encode = request.encode
    next_marker = encode(page.last) if page.is_truncated and request.delimiter else None
    head = [element("Marker", encode(marker)), optional("NextMarker", next_marker)]
    return _result(request, page, head, with_owner=True)


@frozen
class Continuation:
    """Where a page of ListObjectsV2 stands in the whole listing."""

    start_after: str | None = None
    token: str | None = None
    next_token: str | None = None


def list_objects_v2_result(
    request: ListingRequest, page: ListingPage, continuation: Continuation, fetch_owner: bool
) -> bytes:
    """``ListBucketResult`` of ListObjectsV2.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    start_after = continuation.start_after
    head = [
        optional("StartAfter", None if start_after is None else request.encode(start_after)),
        optional("ContinuationToken", continuation.token),
        optional("NextContinuationToken", continuation.next_token),
        element("KeyCount", len(page.objects) + len(page.common_prefixes)),
    ]
    return _result(request, page, head, with_owner=fetch_owner)


def _result(
    request: ListingRequest, page: ListingPage, head: Iterable[str], with_owner: bool
) -> bytes:
    encode = request.encode
    return document(
        "ListBucketResult",
        [
            element("Name", request.bucket),
            element("Prefix", encode(request.prefix)),
            *head,
            element("MaxKeys", request.max_keys),
            optional("Delimiter", encode(request.delimiter) or None),
            optional("EncodingType", "url" if request.url_encoded else None),
            flag("IsTruncated", page.is_truncated),
            *_contents(request, page.objects, with_owner),
            *(common_prefix(encode(prefix)) for prefix in page.common_prefixes),
        ],
    )


def common_prefix(encoded: str) -> str:
    """``<CommonPrefixes>`` with one prefix, as every listing of S3 has it."""
    return f"<CommonPrefixes>{element('Prefix', encoded)}</CommonPrefixes>"


def _contents(
    request: ListingRequest, objects: Sequence[ListedObject], with_owner: bool
) -> list[str]:
    """``<Contents>`` of each object: one text of parts that most objects of a page share."""
    keys = request.write_all([listed.key for listed in objects])
    owners = {listed.owner.id: listed.owner for listed in objects} if with_owner else {}
    owner_elements = {id_: owner_element(owner) for id_, owner in owners.items()}
    return [
        f"<Contents><Key>{key}</Key>"
        f"<LastModified>{iso8601(modified_ms)}</LastModified>"
        f"<ETag>&quot;{etag}&quot;</ETag>"
        f"{checksum_elements(checksums)}"
        f"<Size>{size_bytes}</Size>"
        f"{owner_elements[owner.id] if with_owner else ''}"
        f"<StorageClass>{storage_class}</StorageClass></Contents>"
        for key, (_, size_bytes, etag, modified_ms, storage_class, owner, checksums) in zip(
            keys, objects, strict=True
        )
    ]


@lru_cache  # there are few, and a page has a thousand of them
def checksum_elements(kinds: tuple[tuple[str, str], ...]) -> str:
    """``ChecksumAlgorithm`` and ``ChecksumType`` of a listed object or version.

    Args:
        kinds: the algorithm and the type of each checksum.
    """
    return "".join(
        f"<ChecksumAlgorithm>{ChecksumAlgorithm(algorithm).name}</ChecksumAlgorithm>"
        f"<ChecksumType>{type_}</ChecksumType>"
        for algorithm, type_ in kinds
    )


def _url_encode(text: str) -> str:
    return quote(text, safe="/*")
