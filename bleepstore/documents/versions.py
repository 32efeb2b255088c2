"""ListObjectVersions and the versioning state of a bucket."""

from __future__ import annotations

from attrs import frozen

from ..clock import iso8601
from ..errors import S3Error
from ..values import ObjectVersion, Versioning, VersionListing
from .bucket import owner_element
from .listing import Encode, ListingRequest, checksum_elements, common_prefix
from .xml import document, element, flag, optional, parse, text_of


@frozen
class VersionMarkers:
    """Where a page of versions was asked to start: behind a key, or behind a version of it."""

    key: str = ""
    version_id: str = ""


def list_versions_result(
    request: ListingRequest, markers: VersionMarkers, page: VersionListing
) -> bytes:
    """``ListVersionsResult`` of ListObjectVersions.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
    """
    encode = request.encode
    following = [
        element("NextKeyMarker", encode(page.next_key_marker)),
        optional("NextVersionIdMarker", page.next_version_id_marker or None),
    ]
    return document(
        "ListVersionsResult",
        [
            element("Name", request.bucket),
            element("Prefix", encode(request.prefix)),
            element("KeyMarker", encode(markers.key)),
            element("VersionIdMarker", markers.version_id),
            *(following if page.is_truncated else ()),
            element("MaxKeys", request.max_keys),
            optional("Delimiter", encode(request.delimiter) or None),
            optional("EncodingType", "url" if request.url_encoded else None),
            flag("IsTruncated", page.is_truncated),
            *(_version(version, encode) for version in page.versions),
            *(common_prefix(encode(prefix)) for prefix in page.common_prefixes),
        ],
    )


def _version(version: ObjectVersion, encode: Encode) -> str:
    name = "DeleteMarker" if version.is_delete_marker else "Version"
    children = (
        element("Key", encode(version.key)),
        element("VersionId", version.version_id),
        flag("IsLatest", version.is_latest),
        element("LastModified", iso8601(version.last_modified_ms)),
        "" if version.is_delete_marker else _content(version),
        owner_element(version.owner),
    )
    return f"<{name}>{''.join(children)}</{name}>"


def _content(version: ObjectVersion) -> str:
    return (
        element("ETag", f'"{version.etag}"')
        + checksum_elements(tuple((each.algorithm, each.type) for each in version.checksums))
        + element("Size", version.size_bytes)
        + element("StorageClass", version.storage_class)
    )


def versioning_configuration(versioning: Versioning) -> bytes:
    """The answer of GetBucketVersioning; a bucket that never had versions has no status."""
    return document("VersioningConfiguration", [optional("Status", versioning.value or None)])


def parse_versioning_configuration(body: bytes) -> Versioning:
    """The state that PutBucketVersioning asks for.

    Raises:
        S3Error: ``MalformedXML``, ``IllegalVersioningConfigurationException``, and
            ``NotImplemented`` for MFA delete, which needs devices that only AWS knows.
    """
    tree = parse(body, "VersioningConfiguration")
    if text_of(tree, "MfaDelete") not in (None, "", "Disabled"):
        raise S3Error("NotImplemented", "MFA delete is not implemented")
    match text_of(tree, "Status"):
        case "Enabled":
            return Versioning.ENABLED
        case "Suspended":
            return Versioning.SUSPENDED
        case None:
            raise S3Error("IllegalVersioningConfigurationException")
    raise S3Error("MalformedXML")
