"""Whether a caller may do what it asks: today, owners may do everything with what is theirs."""

from __future__ import annotations

from attrs import frozen

from ..errors import S3Error
from ..metadata.buckets import Buckets
from ..values import Address, Bucket, Principal, RequestHead

_ACTIONS_WITHOUT_A_BUCKET = frozenset({"s3:ListAllMyBuckets", "s3:CreateBucket"})


@frozen
class Authorizer:
    """Decides requests by the owner of the bucket that they address."""

    _buckets: Buckets

    async def authorize(
        self, head: RequestHead, principal: Principal, action: str, address: Address
    ) -> Bucket | None:
        """The bucket of the request, if its caller may do ``action`` there.

        None for the actions that need no bucket to exist.

        Raises:
            S3Error: ``AccessDenied``, ``NoSuchBucket``.
        """
        if action in _ACTIONS_WITHOUT_A_BUCKET or address.bucket is None:
            if principal.is_anonymous:
                raise S3Error("AccessDenied")
            return None
        bucket = await self._buckets.get(address.bucket)
        if principal.owner is None or principal.owner.id != bucket.owner.id:
            raise S3Error("AccessDenied")
        _check_expected_owner(head, bucket)
        return bucket


def _check_expected_owner(head: RequestHead, bucket: Bucket) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html"""
    if head.headers.get("x-amz-expected-bucket-owner", bucket.owner.id) != bucket.owner.id:
        raise S3Error("AccessDenied")
