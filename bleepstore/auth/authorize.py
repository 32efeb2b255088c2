"""Whether a caller may do what it asks, as far as its bucket can tell.

Objects and uploads have a say of their own. They are asked by the operation, on the very version
that it then works on (see :mod:`bleepstore.auth.rights`).
"""

from __future__ import annotations

from attrs import frozen

from ..errors import S3Error
from ..metadata.buckets import Buckets
from ..values import Address, Bucket, Principal, RequestHead
from .rights import check_bucket

EXPECTED_OWNER = "x-amz-expected-bucket-owner"
SOURCE_EXPECTED_OWNER = "x-amz-source-expected-bucket-owner"

# What a header asks for besides the operation itself.
_ACTIONS_OF_HEADERS = {"x-amz-tagging": "s3:PutObjectTagging"}
_ACTIONS_WITHOUT_A_BUCKET = frozenset({"s3:ListAllMyBuckets", "s3:CreateBucket"})


@frozen
class Authorizer:
    """Decides requests by the bucket that they address."""

    _buckets: Buckets

    async def authorize(
        self, head: RequestHead, principal: Principal, action: str, address: Address
    ) -> Bucket | None:
        """The bucket of the request, if nothing about it forbids ``action`` to its caller.

        None for the actions that need no bucket to exist.

        Raises:
            S3Error: ``AccessDenied``, ``NoSuchBucket``.
        """
        if action in _ACTIONS_WITHOUT_A_BUCKET or address.bucket is None:
            if principal.is_anonymous:
                raise S3Error("AccessDenied")
            return None
        bucket = await self._buckets.get(address.bucket)
        check_bucket(bucket, principal, action)
        for header, further_action in _ACTIONS_OF_HEADERS.items():
            if header in head.headers:
                check_bucket(bucket, principal, further_action)
        check_expected_owner(head, EXPECTED_OWNER, bucket)
        return bucket


def check_expected_owner(head: RequestHead, header: str, bucket: Bucket) -> None:
    """Refuse a request that expects its bucket to be another account's.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html

    Args:
        header: the one that names the expected owner.

    Raises:
        S3Error: ``AccessDenied``.
    """
    if head.headers.get(header, bucket.owner.id) != bucket.owner.id:
        raise S3Error("AccessDenied")
