"""The query arguments and headers that operations take, for the OpenAPI document.

Only what somebody may want to fill in by hand: signatures and what SDKs add by themselves are left
out. A test holds the names against AWS's model of S3, as botocore ships it.
"""

from __future__ import annotations

from ..values import OBJECT_HEADERS

_PAGE = ("prefix", "delimiter", "encoding-type")
_OVERRIDES = tuple(f"response-{name}" for name in OBJECT_HEADERS)
_ON_READ = ("versionId", "partNumber", *_OVERRIDES)

QUERY: dict[str, tuple[str, ...]] = {
    "ListBuckets": ("prefix", "max-buckets", "continuation-token"),
    "ListObjects": (*_PAGE, "marker", "max-keys"),
    "ListObjectsV2": (*_PAGE, "max-keys", "continuation-token", "start-after", "fetch-owner"),
    "ListObjectVersions": (*_PAGE, "max-keys", "key-marker", "version-id-marker"),
    "ListMultipartUploads": (*_PAGE, "max-uploads", "key-marker", "upload-id-marker"),
    "ListParts": ("max-parts", "part-number-marker"),
    "GetObject": _ON_READ,
    "HeadObject": _ON_READ,
    "GetObjectAcl": ("versionId",),
    "GetObjectAttributes": ("versionId",),
    "GetObjectTagging": ("versionId",),
    "PutObjectAcl": ("versionId",),
    "PutObjectTagging": ("versionId",),
    "DeleteObject": ("versionId",),
    "DeleteObjectTagging": ("versionId",),
}
"""Operation → query arguments that tell nothing apart, all of them optional."""

_IF_READ = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
_IF_WRITTEN = ("if-match", "if-none-match")
_IF_COPIED = tuple(f"x-amz-copy-source-{name}" for name in _IF_READ)
_OBJECT = (*OBJECT_HEADERS, "x-amz-tagging", "x-amz-acl", "x-amz-storage-class")

HEADERS: dict[str, tuple[str, ...]] = {
    "CreateBucket": ("x-amz-acl", "x-amz-object-ownership"),
    "PutBucketAcl": ("x-amz-acl",),
    "PutObjectAcl": ("x-amz-acl",),
    "GetObject": ("range", *_IF_READ, "x-amz-checksum-mode"),
    "HeadObject": ("range", *_IF_READ, "x-amz-checksum-mode"),
    "GetObjectAttributes": (
        "x-amz-object-attributes",
        "x-amz-max-parts",
        "x-amz-part-number-marker",
    ),
    "PutObject": (*_OBJECT, *_IF_WRITTEN, "content-md5"),
    "CopyObject": (
        "x-amz-copy-source", *_IF_COPIED, *_OBJECT, *_IF_WRITTEN,
        "x-amz-metadata-directive", "x-amz-tagging-directive", "x-amz-checksum-algorithm",
    ),
    "CreateMultipartUpload": (*_OBJECT, "x-amz-checksum-algorithm", "x-amz-checksum-type"),
    "UploadPart": ("content-md5",),
    "UploadPartCopy": ("x-amz-copy-source", "x-amz-copy-source-range", *_IF_COPIED),
    "CompleteMultipartUpload": (*_IF_WRITTEN, "x-amz-mp-object-size"),
    "DeleteObject": ("if-match",),
}  # fmt: skip
"""Operation → request headers, lower case; those that tell operations apart are required."""

VALUED = frozenset({"uploadId", "partNumber"})
"""Query keys by which operations are recognised and whose values count; the others are flags."""

INTEGERS = frozenset(
    {
        "max-buckets", "max-keys", "max-uploads", "max-parts", "part-number-marker", "partNumber",
        "x-amz-max-parts", "x-amz-part-number-marker", "x-amz-mp-object-size",
    }
)  # fmt: skip

STATUS = dict.fromkeys(
    (
        "PostObject", "DeleteBucket", "DeleteBucketOwnershipControls", "DeleteBucketTagging",
        "DeleteObject", "DeleteObjectTagging", "AbortMultipartUpload",
    ),
    204,
)  # fmt: skip
"""Operation → status of success, where it is not 200."""
