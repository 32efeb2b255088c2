"""The conditions of writes, which are decided inside the write's transaction.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

from ..errors import S3Error


def check_if_none_match(if_none_match: bool, current_etag: str | None) -> None:
    """``If-None-Match: *`` wants no current version. Raises ``S3Error("PreconditionFailed")``."""
    if if_none_match and current_etag is not None:
        raise S3Error("PreconditionFailed", Condition="If-None-Match")


def check_if_match(if_match: str | None, current_etag: str | None, key: str) -> None:
    """``If-Match`` wants a certain current version, or any one for ``*``.

    A key without a current version is a 404, any other mismatch a 412.

    Raises:
        S3Error: ``NoSuchKey`` or ``PreconditionFailed``.
    """
    if if_match is None:
        return
    if current_etag is None:
        raise S3Error("NoSuchKey", Key=key)
    if if_match not in ("*", current_etag):
        raise S3Error("PreconditionFailed", Condition="If-Match")
