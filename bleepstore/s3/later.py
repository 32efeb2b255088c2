"""What an operation answers that may take long with nothing left to read from its client."""

from __future__ import annotations

from collections.abc import Awaitable

from attrs import frozen

from ..values import Reply


@frozen
class Later:
    """A reply to come. If it takes long, the answer begins without it, so that nobody hangs up.

    A status of 200 has been sent by then; an error that comes of the work stands in the body.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html

    Attributes:
        reply: awaited exactly once, and cancelled if the client leaves.
    """

    reply: Awaitable[Reply]
