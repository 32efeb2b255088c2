"""The values that travel between rooms: frozen, without behaviour beyond reading themselves.

Each theme has a module here; rooms import all names from this one.
"""

from __future__ import annotations

from .access import (
    AccessControlList,
    Grant,
    Grantee,
    Ownership,
    Permission,
)
from .content import (
    OBJECT_HEADERS,
    Appearance,
    Blob,
    BlobName,
    ByteRange,
    Checksum,
    ChecksumAlgorithm,
    ChecksumType,
    PartBoundary,
    PayloadFraming,
    Segment,
    Shown,
)
from .exchange import (
    Address,
    Exchange,
    Reply,
    RequestHead,
)
from .identity import (
    ANONYMOUS,
    Credential,
    Owner,
    PostedForm,
    Principal,
)
from .multipart import (
    CompletedPart,
    Part,
    Upload,
    UploadListing,
)
from .stored import (
    NULL_VERSION_ID,
    Bucket,
    ListedObject,
    ListingPage,
    ObjectVersion,
    Versioning,
    VersionListing,
)

__all__ = [
    "ANONYMOUS",
    "NULL_VERSION_ID",
    "OBJECT_HEADERS",
    "AccessControlList",
    "Address",
    "Appearance",
    "Blob",
    "BlobName",
    "Bucket",
    "ByteRange",
    "Checksum",
    "ChecksumAlgorithm",
    "ChecksumType",
    "CompletedPart",
    "Credential",
    "Exchange",
    "Grant",
    "Grantee",
    "ListedObject",
    "ListingPage",
    "ObjectVersion",
    "Owner",
    "Ownership",
    "Part",
    "PartBoundary",
    "PayloadFraming",
    "Permission",
    "PostedForm",
    "Principal",
    "Reply",
    "RequestHead",
    "Segment",
    "Shown",
    "Upload",
    "UploadListing",
    "VersionListing",
    "Versioning",
]
