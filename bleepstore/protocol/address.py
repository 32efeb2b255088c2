"""Which bucket and key a request means.

Addresses are read from the request target exactly as it was sent, never from a path that a
framework has decoded or tidied: ``a//b``, ``a/../b`` and ``/a`` are three different keys.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from attrs import frozen

from ..errors import S3Error
from ..s3.keys import checked_key
from ..values import Address, RequestHead

_PORT = re.compile(r":\d*$")
# What could be a bucket at all; the finer rules are those of CreateBucket.
_PLAUSIBLE_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")


@frozen
class Addressing:
    """Reads addresses in path style and, below ``domains``, in virtual-hosted style.

    Attributes:
        domains: lower-case host names, such as ``s3.example.com``, under which
            ``bucket.s3.example.com`` names a bucket.
    """

    domains: Sequence[str] = ()

    def hosted_bucket(self, host: str) -> str | None:
        """The bucket that a Host header names; None for path-style requests."""
        if not self.domains:
            return None
        name = _PORT.sub("", host).lower().rstrip(".")
        for domain in self.domains:
            if name.endswith(f".{domain}"):
                return name[: -len(domain) - 1]
        return None

    def parse(self, head: RequestHead) -> Address:
        """The address of a request.

        Raises:
            S3Error: ``InvalidURI`` (not UTF-8, or a NUL character, which PostgreSQL text and XML
                cannot hold), ``InvalidBucketName``, ``KeyTooLongError``.
        """
        raw = head.raw_path.removeprefix(b"/")
        bucket = self.hosted_bucket(head.headers.get("host", ""))
        if bucket is None:
            raw_bucket, _, raw = raw.partition(b"/")
            bucket = _decode(raw_bucket)
        if not bucket:
            if raw:
                raise S3Error("InvalidBucketName", BucketName="")
            return Address()
        if not _PLAUSIBLE_BUCKET.fullmatch(bucket):
            raise S3Error("InvalidBucketName", BucketName=bucket)
        return Address(bucket, _key(raw))


def _key(raw: bytes) -> str | None:
    return checked_key(_decode(raw)) or None


def _decode(raw: bytes) -> str:
    try:
        return (unquote_to_bytes(raw) if b"%" in raw else raw).decode("utf-8")
    except UnicodeDecodeError as error:
        raise S3Error("InvalidURI") from error
