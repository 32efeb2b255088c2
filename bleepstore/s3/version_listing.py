"""ListObjectVersions."""

from __future__ import annotations

from attrs import evolve

from ..auth.ownership import acls_count
from ..documents.versions import VersionMarkers, list_versions_result
from ..errors import S3Error
from ..metadata.objects import ListVersions
from ..values import Bucket, Reply, VersionListing
from .arguments import checked_version_id
from .context import Context
from .listing import listing_headers, listing_request

_KEY_MARKER, _VERSION_ID_MARKER = "key-marker", "version-id-marker"


async def list_object_versions(ctx: Context) -> Reply:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html"""
    request = listing_request(ctx)
    markers = _markers(ctx)
    bucket, page = await ctx.services.metadata.objects.list_versions(
        request.bucket,
        ListVersions(
            prefix=request.prefix,
            delimiter=request.delimiter,
            key_marker=markers.key,
            version_id_marker=markers.version_id,
            max_keys=request.max_keys,
        ),
    )
    document = list_versions_result(request, markers, _with_owners(bucket, page))
    return Reply(200, listing_headers(ctx), document)


def _with_owners(bucket: Bucket, page: VersionListing) -> VersionListing:
    """The page with the owners that count."""
    if acls_count(bucket):
        return page
    return evolve(page, versions=tuple(evolve(v, owner=bucket.owner) for v in page.versions))


def _markers(ctx: Context) -> VersionMarkers:
    """Where the page starts.

    Raises:
        S3Error: ``InvalidArgument`` for a version without a key, or one that cannot be.
    """
    key = ctx.query.get(_KEY_MARKER, "")
    version_id = ctx.query.get(_VERSION_ID_MARKER)
    if version_id is None:
        return VersionMarkers(key)
    if version_id == "":
        raise _invalid(version_id, "A version-id marker cannot be empty.")
    if not key:
        raise _invalid(version_id, "A version-id marker cannot be specified without a key marker.")
    return VersionMarkers(key, checked_version_id(_VERSION_ID_MARKER, version_id))


def _invalid(version_id: str, message: str) -> S3Error:
    return S3Error(
        "InvalidArgument", message, ArgumentName=_VERSION_ID_MARKER, ArgumentValue=version_id
    )
