"""What a client sent is no HTTP that we take."""

from __future__ import annotations


class MalformedHead(Exception):
    """A head that HTTP does not allow, or that is too large.

    Args:
        code: the S3 error code of the refusal.
    """

    def __init__(self, code: str = "InvalidRequest") -> None:
        super().__init__(code)
        self.code = code


class MalformedBody(Exception):
    """A body whose chunked transfer coding is at fault, so that nobody knows where it ends."""
