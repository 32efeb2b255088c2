"""Holds what Google says it has against what it was sent."""

from __future__ import annotations

from ...errors import UpstreamFailed
from ...streams.digests import Digests
from ...values import ChecksumAlgorithm
from ..remote.client import Answer
from .answers import resource

FIELDS = "generation,size,crc32c"
"""What answers about new objects have to hold."""


class Sum:
    """The size and the CRC32C of what is uploaded, to hold against what Google has."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self._digests = Digests([ChecksumAlgorithm.CRC32C], md5=False)

    def update(self, content: bytes) -> None:
        """Take the next bytes."""
        self.size_bytes += len(content)
        self._digests.update(content)

    @property
    def value(self) -> str:
        """The CRC32C as Google writes it, in base64."""
        return self._digests.checksum(ChecksumAlgorithm.CRC32C).value

    def tag_of(self, answer: Answer, what: str) -> str:
        """The generation of an object that was made of these bytes.

        Raises:
            UpstreamFailed: it was not made, or is not made of these bytes.
        """
        made = resource(answer, what)
        found = int(made.get("size", 0)), made.get("crc32c")
        if found != (self.size_bytes, self.value):
            raise UpstreamFailed(f"{what}: Google has not what was sent: {found}")
        return str(made["generation"])
