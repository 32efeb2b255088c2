"""An object's headers: from the request that stores it to the reply that shows it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..clock import http_date
from ..errors import S3Error
from ..values import NULL_VERSION_ID, OBJECT_HEADERS, ObjectVersion, Versioning
from ..words import decode_words, encode_words, has_controls

_USER_PREFIX = "x-amz-meta-"
_MAX_USER_METADATA_BYTES = 2048
_MAX_STORED_HEADER_BYTES = 4096
_DEFAULT_CONTENT_TYPE = "binary/octet-stream"
_OVERRIDES = {f"response-{name}": name for name in OBJECT_HEADERS}

# Classes whose objects can be read at once. The archive classes would need RestoreObject first.
_STORAGE_CLASSES = frozenset(
    {
        "STANDARD",
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER_IR",
    }
)


def stored_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an upload that come back with the object.

    ``aws-chunked`` is how the body travels, not what it is, and is taken out of
    ``Content-Encoding``.

    Raises:
        S3Error: ``InvalidArgument`` for a header that is not UTF-8 text, ``MetadataTooLarge``.
    """
    stored = {name: _text(name, headers[name]) for name in OBJECT_HEADERS if headers.get(name)}
    if "content-encoding" in stored:
        codings = (coding.strip() for coding in stored["content-encoding"].split(","))
        kept = ",".join(coding for coding in codings if coding and coding != "aws-chunked")
        stored["content-encoding"] = kept
    if sum(len(name) + len(value.encode()) for name, value in stored.items()) > (
        _MAX_STORED_HEADER_BYTES
    ):
        raise S3Error("MetadataTooLarge", MaxSizeAllowed=str(_MAX_STORED_HEADER_BYTES))
    return {"content-type": _DEFAULT_CONTENT_TYPE, **{k: v for k, v in stored.items() if v}}


def user_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """The ``x-amz-meta-*`` headers as names without the prefix and Unicode text.

    Values in RFC 2047's encoding are decoded, as S3 does.

    Raises:
        S3Error: ``InvalidArgument`` for a value that is not UTF-8, ``MetadataTooLarge``.
    """
    metadata = {
        name.removeprefix(_USER_PREFIX): decode_words(_text(name, value))
        for name, value in headers.items()
        if name.startswith(_USER_PREFIX)
    }
    size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    if size > _MAX_USER_METADATA_BYTES:
        raise S3Error(
            "MetadataTooLarge", Size=str(size), MaxSizeAllowed=str(_MAX_USER_METADATA_BYTES)
        )
    return metadata


def _text(name: str, value: str) -> str:
    try:
        value.encode()
        name.encode()
    except UnicodeEncodeError as error:
        raise S3Error("InvalidArgument", "Header values must be UTF-8 text") from error
    return value


def storage_class(headers: Mapping[str, str]) -> str:
    """The storage class of an upload.

    Raises:
        S3Error: ``InvalidStorageClass``.
    """
    name = headers.get("x-amz-storage-class", "STANDARD")
    if name not in _STORAGE_CLASSES:
        raise S3Error("InvalidStorageClass", StorageClassRequested=name)
    return name


def version_headers(versioning: Versioning, version_id: str | None) -> list[tuple[str, str]]:
    """``x-amz-version-id``, for buckets that have ever had versions."""
    if version_id is None or (versioning is Versioning.OFF and version_id == NULL_VERSION_ID):
        return []
    return [("x-amz-version-id", version_id)]


def validators(version: ObjectVersion) -> list[tuple[str, str]]:
    """``ETag`` and ``Last-Modified``: what a 304 repeats as well."""
    return [
        ("etag", f'"{version.etag}"'),
        ("last-modified", http_date(version.last_modified_ms)),
    ]


def object_headers(version: ObjectVersion) -> Iterator[tuple[str, str]]:
    """Everything that a reply shows of an object, whatever part of it is read."""
    yield from validators(version)
    yield from version.headers.items()
    for name, value in version.user_metadata.items():
        yield _USER_PREFIX + name, encode_words(value)
    if version.storage_class != "STANDARD":
        yield "x-amz-storage-class", version.storage_class


def overridden(
    headers: list[tuple[str, str]], query: Mapping[str, str], is_anonymous: bool
) -> list[tuple[str, str]]:
    """``headers`` with the ``response-*`` arguments of the query in place of the stored ones.

    Raises:
        S3Error: ``InvalidRequest`` when an anonymous request tries it, ``InvalidArgument`` for
            values that cannot stand in a header.
    """
    changes = {name: query[key] for key, name in _OVERRIDES.items() if key in query}
    if not changes:
        return headers
    if is_anonymous:
        raise S3Error(
            "InvalidRequest",
            "Request specific response headers cannot be used for anonymous GET requests.",
        )
    for name, value in changes.items():
        if has_controls(value):
            raise S3Error("InvalidArgument", ArgumentName=f"response-{name}", ArgumentValue=value)
    kept = [(name, value) for name, value in headers if name not in changes]
    return kept + list(changes.items())
