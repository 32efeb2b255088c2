"""Documents about buckets as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from ..clock import iso8601
from ..values import Bucket, Owner
from .xml import document, element, optional, parse, text_of


def owner_element(owner: Owner) -> str:
    """``<Owner>`` as in listings and access control lists."""
    return f"<Owner>{element('ID', owner.id)}{element('DisplayName', owner.display_name)}</Owner>"


def list_buckets_result(
    owner: Owner, buckets: Sequence[Bucket], prefix: str | None, next_token: str | None
) -> bytes:
    """``ListAllMyBucketsResult`` of ListBuckets."""
    return document(
        "ListAllMyBucketsResult",
        [
            owner_element(owner),
            "<Buckets>",
            *map(_bucket_element, buckets),
            "</Buckets>",
            optional("ContinuationToken", next_token),
            optional("Prefix", prefix),
        ],
    )


def _bucket_element(bucket: Bucket) -> str:
    children = (
        element("Name", bucket.name),
        element("CreationDate", iso8601(bucket.created_ms)),
        element("BucketRegion", bucket.region),
    )
    return f"<Bucket>{''.join(children)}</Bucket>"


def location_constraint(region: str) -> bytes:
    """``LocationConstraint`` of GetBucketLocation; empty for ``us-east-1``, as S3 has it."""
    return document("LocationConstraint", ["" if region == "us-east-1" else region])


def parse_create_bucket_configuration(body: bytes) -> str | None:
    """The location constraint of a ``CreateBucketConfiguration``; None if it names none."""
    if not body.strip():
        return None
    return text_of(parse(body, "CreateBucketConfiguration"), "LocationConstraint") or None
