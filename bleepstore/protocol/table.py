"""The operation table: one row for every operation that S3 has.

From these rows come routing, the IAM action that a caller needs, the metric label, the log field
and the list of supported operations. Rows of one method and level are tried in order, so the more
particular ones stand first. A row without a handler answers ``501 NotImplemented`` by its name.

Names and query keys: AWS's model of S3, as botocore ships it. Actions:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import S3Error
from ..s3 import (
    acl,
    attributes,
    buckets,
    listing,
    multipart,
    multipart_listing,
    object_copy,
    object_delete,
    object_read,
    object_write,
    objects_delete,
    ownership,
    part_copy,
    post_object,
    service,
    tagging,
    version_listing,
    versioning,
)
from ..values import Address
from .operation import Body, Level, Operation, level_of

_SERVICE, _BUCKET, _OBJECT = Level.SERVICE, Level.BUCKET, Level.OBJECT
_DOCUMENT, _STREAM, _FORM = Body.DOCUMENT, Body.STREAM, Body.FORM

# fmt: off
OPERATIONS: tuple[Operation, ...] = (
    # --- the service
    Operation("ListDirectoryBuckets", "GET", _SERVICE, "s3express:ListAllMyDirectoryBuckets", ("max-directory-buckets",)),
    Operation("ListBuckets", "GET", _SERVICE, "s3:ListAllMyBuckets", handler=service.list_buckets),

    # --- reading a bucket
    Operation("GetBucketAbac", "GET", _BUCKET, "s3:GetBucketAbac", ("abac",)),
    Operation("GetBucketAccelerateConfiguration", "GET", _BUCKET, "s3:GetAccelerateConfiguration", ("accelerate",)),
    Operation("GetBucketAcl", "GET", _BUCKET, "s3:GetBucketAcl", ("acl",), handler=acl.get_bucket_acl),
    Operation("GetBucketAnalyticsConfiguration", "GET", _BUCKET, "s3:GetAnalyticsConfiguration", ("analytics", "id")),
    Operation("ListBucketAnalyticsConfigurations", "GET", _BUCKET, "s3:GetAnalyticsConfiguration", ("analytics",)),
    Operation("GetBucketCors", "GET", _BUCKET, "s3:GetBucketCORS", ("cors",)),
    Operation("GetBucketEncryption", "GET", _BUCKET, "s3:GetEncryptionConfiguration", ("encryption",)),
    Operation("GetBucketIntelligentTieringConfiguration", "GET", _BUCKET, "s3:GetIntelligentTieringConfiguration", ("intelligent-tiering", "id")),
    Operation("ListBucketIntelligentTieringConfigurations", "GET", _BUCKET, "s3:GetIntelligentTieringConfiguration", ("intelligent-tiering",)),
    Operation("GetBucketInventoryConfiguration", "GET", _BUCKET, "s3:GetInventoryConfiguration", ("inventory", "id")),
    Operation("ListBucketInventoryConfigurations", "GET", _BUCKET, "s3:GetInventoryConfiguration", ("inventory",)),
    Operation("GetBucketLifecycleConfiguration", "GET", _BUCKET, "s3:GetLifecycleConfiguration", ("lifecycle",), also_named=("GetBucketLifecycle",)),
    Operation("GetBucketLocation", "GET", _BUCKET, "s3:GetBucketLocation", ("location",), handler=buckets.get_bucket_location),
    Operation("GetBucketLogging", "GET", _BUCKET, "s3:GetBucketLogging", ("logging",)),
    Operation("GetBucketMetadataConfiguration", "GET", _BUCKET, "s3:GetBucketMetadataTableConfiguration", ("metadataConfiguration",)),
    Operation("GetBucketMetadataTableConfiguration", "GET", _BUCKET, "s3:GetBucketMetadataTableConfiguration", ("metadataTable",)),
    Operation("GetBucketMetricsConfiguration", "GET", _BUCKET, "s3:GetMetricsConfiguration", ("metrics", "id")),
    Operation("ListBucketMetricsConfigurations", "GET", _BUCKET, "s3:GetMetricsConfiguration", ("metrics",)),
    Operation("GetBucketNotificationConfiguration", "GET", _BUCKET, "s3:GetBucketNotification", ("notification",), also_named=("GetBucketNotification",)),
    Operation("GetObjectLockConfiguration", "GET", _BUCKET, "s3:GetBucketObjectLockConfiguration", ("object-lock",)),
    Operation("GetBucketOwnershipControls", "GET", _BUCKET, "s3:GetBucketOwnershipControls", ("ownershipControls",), handler=ownership.get_bucket_ownership_controls),
    Operation("GetBucketPolicy", "GET", _BUCKET, "s3:GetBucketPolicy", ("policy",)),
    Operation("GetBucketPolicyStatus", "GET", _BUCKET, "s3:GetBucketPolicyStatus", ("policyStatus",)),
    Operation("GetPublicAccessBlock", "GET", _BUCKET, "s3:GetBucketPublicAccessBlock", ("publicAccessBlock",)),
    Operation("GetBucketReplication", "GET", _BUCKET, "s3:GetReplicationConfiguration", ("replication",)),
    Operation("GetBucketRequestPayment", "GET", _BUCKET, "s3:GetBucketRequestPayment", ("requestPayment",)),
    Operation("CreateSession", "GET", _BUCKET, "s3express:CreateSession", ("session",)),
    Operation("GetBucketTagging", "GET", _BUCKET, "s3:GetBucketTagging", ("tagging",), handler=tagging.get_bucket_tagging),
    Operation("ListMultipartUploads", "GET", _BUCKET, "s3:ListBucketMultipartUploads", ("uploads",), handler=multipart_listing.list_multipart_uploads),
    Operation("GetBucketVersioning", "GET", _BUCKET, "s3:GetBucketVersioning", ("versioning",), handler=versioning.get_bucket_versioning),
    Operation("ListObjectVersions", "GET", _BUCKET, "s3:ListBucketVersions", ("versions",), handler=version_listing.list_object_versions),
    Operation("GetBucketWebsite", "GET", _BUCKET, "s3:GetBucketWebsite", ("website",)),
    Operation("ListObjectsV2", "GET", _BUCKET, "s3:ListBucket", ("list-type=2",), handler=listing.list_objects_v2),
    Operation("ListObjects", "GET", _BUCKET, "s3:ListBucket", handler=listing.list_objects),
    Operation("HeadBucket", "HEAD", _BUCKET, "s3:ListBucket", handler=buckets.head_bucket),

    # --- changing a bucket
    Operation("PutBucketAbac", "PUT", _BUCKET, "s3:PutBucketAbac", ("abac",), body=_DOCUMENT),
    Operation("PutBucketAccelerateConfiguration", "PUT", _BUCKET, "s3:PutAccelerateConfiguration", ("accelerate",), body=_DOCUMENT),
    Operation("PutBucketAcl", "PUT", _BUCKET, "s3:PutBucketAcl", ("acl",), body=_DOCUMENT, handler=acl.put_bucket_acl),
    Operation("PutBucketAnalyticsConfiguration", "PUT", _BUCKET, "s3:PutAnalyticsConfiguration", ("analytics",), body=_DOCUMENT),
    Operation("PutBucketCors", "PUT", _BUCKET, "s3:PutBucketCORS", ("cors",), body=_DOCUMENT),
    Operation("PutBucketEncryption", "PUT", _BUCKET, "s3:PutEncryptionConfiguration", ("encryption",), body=_DOCUMENT),
    Operation("PutBucketIntelligentTieringConfiguration", "PUT", _BUCKET, "s3:PutIntelligentTieringConfiguration", ("intelligent-tiering",), body=_DOCUMENT),
    Operation("PutBucketInventoryConfiguration", "PUT", _BUCKET, "s3:PutInventoryConfiguration", ("inventory",), body=_DOCUMENT),
    Operation("PutBucketLifecycleConfiguration", "PUT", _BUCKET, "s3:PutLifecycleConfiguration", ("lifecycle",), body=_DOCUMENT, also_named=("PutBucketLifecycle",)),
    Operation("PutBucketLogging", "PUT", _BUCKET, "s3:PutBucketLogging", ("logging",), body=_DOCUMENT),
    Operation("UpdateBucketMetadataAnnotationTableConfiguration", "PUT", _BUCKET, "s3:UpdateBucketMetadataAnnotationTableConfiguration", ("metadataAnnotationTable",), body=_DOCUMENT),
    Operation("UpdateBucketMetadataInventoryTableConfiguration", "PUT", _BUCKET, "s3:UpdateBucketMetadataInventoryTableConfiguration", ("metadataInventoryTable",), body=_DOCUMENT),
    Operation("UpdateBucketMetadataJournalTableConfiguration", "PUT", _BUCKET, "s3:UpdateBucketMetadataJournalTableConfiguration", ("metadataJournalTable",), body=_DOCUMENT),
    Operation("PutBucketMetricsConfiguration", "PUT", _BUCKET, "s3:PutMetricsConfiguration", ("metrics",), body=_DOCUMENT),
    Operation("PutBucketNotificationConfiguration", "PUT", _BUCKET, "s3:PutBucketNotification", ("notification",), body=_DOCUMENT, also_named=("PutBucketNotification",)),
    Operation("PutObjectLockConfiguration", "PUT", _BUCKET, "s3:PutBucketObjectLockConfiguration", ("object-lock",), body=_DOCUMENT),
    Operation("PutBucketOwnershipControls", "PUT", _BUCKET, "s3:PutBucketOwnershipControls", ("ownershipControls",), body=_DOCUMENT, handler=ownership.put_bucket_ownership_controls),
    Operation("PutBucketPolicy", "PUT", _BUCKET, "s3:PutBucketPolicy", ("policy",), body=_DOCUMENT),
    Operation("PutPublicAccessBlock", "PUT", _BUCKET, "s3:PutBucketPublicAccessBlock", ("publicAccessBlock",), body=_DOCUMENT),
    Operation("PutBucketReplication", "PUT", _BUCKET, "s3:PutReplicationConfiguration", ("replication",), body=_DOCUMENT),
    Operation("PutBucketRequestPayment", "PUT", _BUCKET, "s3:PutBucketRequestPayment", ("requestPayment",), body=_DOCUMENT),
    Operation("PutBucketTagging", "PUT", _BUCKET, "s3:PutBucketTagging", ("tagging",), body=_DOCUMENT, handler=tagging.put_bucket_tagging),
    Operation("PutBucketVersioning", "PUT", _BUCKET, "s3:PutBucketVersioning", ("versioning",), body=_DOCUMENT, handler=versioning.put_bucket_versioning),
    Operation("PutBucketWebsite", "PUT", _BUCKET, "s3:PutBucketWebsite", ("website",), body=_DOCUMENT),
    Operation("CreateBucket", "PUT", _BUCKET, "s3:CreateBucket", body=_DOCUMENT, handler=buckets.create_bucket),

    Operation("DeleteObjects", "POST", _BUCKET, "s3:DeleteObject", ("delete",), body=_DOCUMENT, handler=objects_delete.delete_objects),
    Operation("CreateBucketMetadataConfiguration", "POST", _BUCKET, "s3:CreateBucketMetadataTableConfiguration", ("metadataConfiguration",), body=_DOCUMENT),
    Operation("CreateBucketMetadataTableConfiguration", "POST", _BUCKET, "s3:CreateBucketMetadataTableConfiguration", ("metadataTable",), body=_DOCUMENT),
    Operation("WriteGetObjectResponse", "POST", _BUCKET, "s3-object-lambda:WriteGetObjectResponse", headers=("x-amz-request-route",), body=_STREAM),
    Operation("PostObject", "POST", _BUCKET, "s3:PutObject", body=_FORM, handler=post_object.post_object),

    Operation("DeleteBucketAnalyticsConfiguration", "DELETE", _BUCKET, "s3:PutAnalyticsConfiguration", ("analytics",)),
    Operation("DeleteBucketCors", "DELETE", _BUCKET, "s3:PutBucketCORS", ("cors",)),
    Operation("DeleteBucketEncryption", "DELETE", _BUCKET, "s3:PutEncryptionConfiguration", ("encryption",)),
    Operation("DeleteBucketIntelligentTieringConfiguration", "DELETE", _BUCKET, "s3:PutIntelligentTieringConfiguration", ("intelligent-tiering",)),
    Operation("DeleteBucketInventoryConfiguration", "DELETE", _BUCKET, "s3:PutInventoryConfiguration", ("inventory",)),
    Operation("DeleteBucketLifecycle", "DELETE", _BUCKET, "s3:PutLifecycleConfiguration", ("lifecycle",)),
    Operation("DeleteBucketMetadataConfiguration", "DELETE", _BUCKET, "s3:DeleteBucketMetadataTableConfiguration", ("metadataConfiguration",)),
    Operation("DeleteBucketMetadataTableConfiguration", "DELETE", _BUCKET, "s3:DeleteBucketMetadataTableConfiguration", ("metadataTable",)),
    Operation("DeleteBucketMetricsConfiguration", "DELETE", _BUCKET, "s3:PutMetricsConfiguration", ("metrics",)),
    Operation("DeleteBucketOwnershipControls", "DELETE", _BUCKET, "s3:PutBucketOwnershipControls", ("ownershipControls",), handler=ownership.delete_bucket_ownership_controls),
    Operation("DeleteBucketPolicy", "DELETE", _BUCKET, "s3:DeleteBucketPolicy", ("policy",)),
    Operation("DeletePublicAccessBlock", "DELETE", _BUCKET, "s3:PutBucketPublicAccessBlock", ("publicAccessBlock",)),
    Operation("DeleteBucketReplication", "DELETE", _BUCKET, "s3:PutReplicationConfiguration", ("replication",)),
    Operation("DeleteBucketTagging", "DELETE", _BUCKET, "s3:PutBucketTagging", ("tagging",), handler=tagging.delete_bucket_tagging),
    Operation("DeleteBucketWebsite", "DELETE", _BUCKET, "s3:DeleteBucketWebsite", ("website",)),
    Operation("DeleteBucket", "DELETE", _BUCKET, "s3:DeleteBucket", handler=buckets.delete_bucket),

    # --- reading an object
    Operation("GetObjectAcl", "GET", _OBJECT, "s3:GetObjectAcl", ("acl",), handler=acl.get_object_acl),
    Operation("GetObjectAnnotation", "GET", _OBJECT, "s3:GetObjectAnnotation", ("annotation", "annotationName")),
    Operation("ListObjectAnnotations", "GET", _OBJECT, "s3:ListObjectAnnotations", ("annotation",)),
    Operation("GetObjectAttributes", "GET", _OBJECT, "s3:GetObjectAttributes", ("attributes",), handler=attributes.get_object_attributes),
    Operation("GetObjectLegalHold", "GET", _OBJECT, "s3:GetObjectLegalHold", ("legal-hold",)),
    Operation("GetObjectRetention", "GET", _OBJECT, "s3:GetObjectRetention", ("retention",)),
    Operation("GetObjectTagging", "GET", _OBJECT, "s3:GetObjectTagging", ("tagging",), handler=tagging.get_object_tagging),
    Operation("GetObjectTorrent", "GET", _OBJECT, "s3:GetObjectTorrent", ("torrent",)),
    Operation("ListParts", "GET", _OBJECT, "s3:ListMultipartUploadParts", ("uploadId",), handler=multipart_listing.list_parts),
    Operation("GetObject", "GET", _OBJECT, "s3:GetObject", handler=object_read.get_object),
    Operation("HeadObject", "HEAD", _OBJECT, "s3:GetObject", handler=object_read.head_object),

    # --- changing an object
    Operation("PutObjectAcl", "PUT", _OBJECT, "s3:PutObjectAcl", ("acl",), body=_DOCUMENT, handler=acl.put_object_acl),
    Operation("PutObjectAnnotation", "PUT", _OBJECT, "s3:PutObjectAnnotation", ("annotation",), body=_STREAM),
    Operation("UpdateObjectEncryption", "PUT", _OBJECT, "s3:UpdateObjectEncryption", ("encryption",), body=_DOCUMENT),
    Operation("PutObjectLegalHold", "PUT", _OBJECT, "s3:PutObjectLegalHold", ("legal-hold",), body=_DOCUMENT),
    Operation("RenameObject", "PUT", _OBJECT, "s3express:RenameObject", ("renameObject",)),
    Operation("PutObjectRetention", "PUT", _OBJECT, "s3:PutObjectRetention", ("retention",), body=_DOCUMENT),
    Operation("PutObjectTagging", "PUT", _OBJECT, "s3:PutObjectTagging", ("tagging",), body=_DOCUMENT, handler=tagging.put_object_tagging),
    Operation("UploadPartCopy", "PUT", _OBJECT, "s3:PutObject", ("partNumber", "uploadId"), headers=("x-amz-copy-source",), handler=part_copy.upload_part_copy),
    Operation("UploadPart", "PUT", _OBJECT, "s3:PutObject", ("partNumber", "uploadId"), body=_STREAM, handler=multipart.upload_part),
    Operation("CopyObject", "PUT", _OBJECT, "s3:PutObject", headers=("x-amz-copy-source",), handler=object_copy.copy_object),
    Operation("PutObject", "PUT", _OBJECT, "s3:PutObject", body=_STREAM, handler=object_write.put_object),

    Operation("RestoreObject", "POST", _OBJECT, "s3:RestoreObject", ("restore",), body=_DOCUMENT),
    Operation("SelectObjectContent", "POST", _OBJECT, "s3:GetObject", ("select", "select-type=2"), body=_DOCUMENT),
    Operation("CreateMultipartUpload", "POST", _OBJECT, "s3:PutObject", ("uploads",), handler=multipart.create_multipart_upload),
    Operation("CompleteMultipartUpload", "POST", _OBJECT, "s3:PutObject", ("uploadId",), body=_DOCUMENT, handler=multipart.complete_multipart_upload),

    Operation("DeleteObjectAnnotation", "DELETE", _OBJECT, "s3:DeleteObjectAnnotation", ("annotation",)),
    Operation("DeleteObjectTagging", "DELETE", _OBJECT, "s3:DeleteObjectTagging", ("tagging",), handler=tagging.delete_object_tagging),
    Operation("AbortMultipartUpload", "DELETE", _OBJECT, "s3:AbortMultipartUpload", ("uploadId",), handler=multipart.abort_multipart_upload),
    Operation("DeleteObject", "DELETE", _OBJECT, "s3:DeleteObject", handler=object_delete.delete_object),
)
# fmt: on


def _rows_by_door() -> dict[tuple[str, Level], list[Operation]]:
    doors: dict[tuple[str, Level], list[Operation]] = {}
    for operation in OPERATIONS:
        doors.setdefault((operation.method, operation.level), []).append(operation)
    return doors


_ROWS = _rows_by_door()

# Most requests name no subresource, and have only these to match.
_PLAIN_ROWS = {door: [row for row in rows if not row.query] for door, rows in _ROWS.items()}
_KEYS = {
    level: frozenset(
        key.partition("=")[0] for row in OPERATIONS if row.level is level for key in row.query
    )
    for level in Level
}

# Query keys by which rows are told apart but which are arguments elsewhere.
_ARGUMENTS = frozenset({"id", "annotationName", "max-directory-buckets"})
_READ_ARGUMENTS = frozenset({"partNumber"})


def _subresources(level: Level) -> frozenset[str]:
    keys = {key for row in OPERATIONS if row.level is level for key in row.query if "=" not in key}
    return frozenset(keys - _ARGUMENTS)


_SUBRESOURCES = {level: _subresources(level) for level in Level}


def match(
    method: str, address: Address, query: Mapping[str, str], headers: Mapping[str, str]
) -> Operation:
    """The row of a request.

    A request for a subresource never falls through to a row without one: ``DELETE /b/k?acl`` is
    no DeleteObject.

    Raises:
        S3Error: ``MethodNotAllowed``.
    """
    level = level_of(address)
    rows = _PLAIN_ROWS if _KEYS[level].isdisjoint(query) else _ROWS
    for operation in rows.get((method, level), ()):
        if operation.matches(query, headers):
            if operation.query or not _names_subresource(method, level, query):
                return operation
            break
    raise S3Error(
        "MethodNotAllowed",
        headers=(("allow", ", ".join(_methods(level))),),
        Method=method,
        ResourceType=level.value,
    )


def _names_subresource(method: str, level: Level, query: Mapping[str, str]) -> bool:
    named = _SUBRESOURCES[level].intersection(query)
    return bool(named - _READ_ARGUMENTS if method in ("GET", "HEAD") else named)


def _methods(level: Level) -> list[str]:
    return sorted({method for method, on in _ROWS if on is level})
