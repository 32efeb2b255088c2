"""Tells an object that is not there from everything else that a 404 can be about.

What belongs to an object that is not there is forgotten, so it must be sure: S3 itself says
``NoSuchKey``, but some services of its kind answer nothing but the status, and something on the way
may have other words.
"""

from __future__ import annotations

from ...errors import BlobChanged, BlobMissing, RangeRefused
from ..remote.client import Answer
from .answers import document, error_code, failure, names_absent_object
from .bucket import Ask, Bucket
from .listing import keys_of


async def is_absent(bucket: Bucket, answer: Answer, name: str) -> bool:
    """Whether an answer about an object says that there is none.

    Where a 404 does not say of what, the bucket has to be there, and not to list the object.
    """
    if answer.status != 404:
        return False
    if names_absent_object(answer):
        return True
    return not error_code(answer) and await _is_not_listed(bucket, name)


async def _is_not_listed(bucket: Bucket, name: str) -> bool:
    query = {"list-type": "2", "encoding-type": "url", "max-keys": "1", "prefix": name}
    ask = Ask("GET", "", query)
    answer = await bucket.send(ask)
    return answer.status == 200 and name not in keys_of(
        document(answer, "ListBucketResult", str(ask))
    )


async def failure_of(bucket: Bucket, answer: Answer, what: str, name: str) -> Exception:
    """The error for a request that needs an object in a certain state."""
    if answer.status == 412:
        return BlobChanged(name)
    if answer.status == 416:
        return RangeRefused(f"{what}: 416")
    if await is_absent(bucket, answer, name):
        return BlobMissing(name)
    return failure(answer, what)
