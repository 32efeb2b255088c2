from __future__ import annotations

import pytest

from bleepstore.documents.listing import ListingRequest
from bleepstore.documents.versions import (
    VersionMarkers,
    list_versions_result,
    parse_versioning_configuration,
    versioning_configuration,
)
from bleepstore.errors import S3Error
from bleepstore.values import (
    Checksum,
    ChecksumAlgorithm,
    ObjectVersion,
    Owner,
    Versioning,
    VersionListing,
)
from tests.documents.parsing import as_botocore_reads

OWNER = Owner("o" * 64, "Olga")
VERSION = ObjectVersion(
    key="a b",
    version_id="v1",
    last_modified_ms=1_700_000_000_123,
    owner=OWNER,
    is_latest=False,
    size_bytes=3,
    etag="900150983cd24fb0d6963f7d28e17f72",
    checksums=(Checksum(ChecksumAlgorithm.CRC32, "NSRBwg=="),),
)
MARKER = ObjectVersion("a b", "v2", 1_700_000_001_000, OWNER, is_delete_marker=True)


def test_versions_and_markers_as_a_client_reads_them() -> None:
    page = VersionListing(versions=(MARKER, VERSION), common_prefixes=("dir/",))
    request = ListingRequest("bucket", prefix="p", delimiter="/", max_keys=7)
    found = as_botocore_reads(
        "ListObjectVersions", list_versions_result(request, VersionMarkers("k", "v0"), page)
    )
    (version,), (marker,) = found["Versions"], found["DeleteMarkers"]
    assert (version["Key"], version["VersionId"], version["IsLatest"]) == ("a b", "v1", False)
    assert version["ETag"] == '"900150983cd24fb0d6963f7d28e17f72"'
    assert version["ChecksumAlgorithm"] == ["CRC32"]
    assert (version["ChecksumType"], version["Size"]) == ("FULL_OBJECT", 3)
    assert version["Owner"] == {"ID": "o" * 64, "DisplayName": "Olga"}
    assert (marker["VersionId"], marker["IsLatest"]) == ("v2", True)
    assert set(marker) == {"Owner", "Key", "VersionId", "IsLatest", "LastModified"}
    assert found["CommonPrefixes"] == [{"Prefix": "dir/"}]
    assert (found["Name"], found["Prefix"], found["Delimiter"]) == ("bucket", "p", "/")
    assert (found["KeyMarker"], found["VersionIdMarker"], found["MaxKeys"]) == ("k", "v0", 7)
    assert found["IsTruncated"] is False
    assert not {"NextKeyMarker", "NextVersionIdMarker"} & set(found)


def test_a_page_with_more_behind_it_says_where_that_starts() -> None:
    request = ListingRequest("bucket")
    inside = VersionListing((VERSION,), (), True, "a b", "v1")
    found = as_botocore_reads(
        "ListObjectVersions", list_versions_result(request, VersionMarkers(), inside)
    )
    assert (found["NextKeyMarker"], found["NextVersionIdMarker"]) == ("a b", "v1")
    behind_prefix = VersionListing((), ("dir/",), True, "dir/")
    found = as_botocore_reads(
        "ListObjectVersions", list_versions_result(request, VersionMarkers(), behind_prefix)
    )
    assert found["NextKeyMarker"] == "dir/"
    assert "NextVersionIdMarker" not in found


def test_keys_are_percent_encoded_on_demand() -> None:
    page = VersionListing((VERSION,), ("d d/",), True, "a b", "v1")
    request = ListingRequest("bucket", prefix="p p", delimiter=" ", url_encoded=True)
    found = as_botocore_reads(
        "ListObjectVersions", list_versions_result(request, VersionMarkers("m m"), page)
    )
    assert found["Versions"][0]["Key"] == "a%20b"
    assert found["CommonPrefixes"] == [{"Prefix": "d%20d/"}]
    assert (found["Prefix"], found["Delimiter"], found["KeyMarker"]) == ("p%20p", "%20", "m%20m")
    assert (found["NextKeyMarker"], found["EncodingType"]) == ("a%20b", "url")


@pytest.mark.parametrize("state", [Versioning.ENABLED, Versioning.SUSPENDED])
def test_the_versioning_state_comes_back(state: Versioning) -> None:
    assert parse_versioning_configuration(versioning_configuration(state)) is state
    found = as_botocore_reads("GetBucketVersioning", versioning_configuration(state))
    assert found == {"Status": state.value}


def test_a_bucket_that_never_had_versions_has_no_status() -> None:
    assert as_botocore_reads("GetBucketVersioning", versioning_configuration(Versioning.OFF)) == {}


@pytest.mark.parametrize(
    ("children", "code"),
    [
        ("", "IllegalVersioningConfigurationException"),
        ("<Status>enabled</Status>", "MalformedXML"),
        ("<Status></Status>", "MalformedXML"),
        ("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>", "NotImplemented"),
    ],
)
def test_versioning_that_cannot_be_had(children: str, code: str) -> None:
    body = f"<VersioningConfiguration>{children}</VersioningConfiguration>"
    with pytest.raises(S3Error) as caught:
        parse_versioning_configuration(body.encode())
    assert caught.value.code == code


def test_mfa_delete_may_be_disabled_explicitly() -> None:
    body = b"<VersioningConfiguration><MfaDelete>Disabled</MfaDelete><Status>Enabled</Status></VersioningConfiguration>"
    assert parse_versioning_configuration(body) is Versioning.ENABLED
