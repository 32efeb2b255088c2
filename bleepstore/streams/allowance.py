"""How much memory the uploads under way may take together.

A large block is worth a thread's while, and one client alone gets large ones. Many uploads at once share
what there is in smaller blocks: each has one that gathers, and one or two that are hashed or written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

TOTAL_BYTES = 16 * 1024 * 1024
"""Of gathering blocks: 8 uploads have the largest ones, 16 have some of 1 MiB, 256 of 64 KiB."""

MOST_BYTES = 2 * 1024 * 1024
"""One stream is about 5 % faster with blocks of this size than with 1 MiB, and slower with larger ones."""

LEAST_BYTES = 64 * 1024
"""What a socket gives at once; less would only cost more."""

CROWD = 8
"""More than cores, in most machines."""


class Allowance:
    """Divides memory among those who gather blocks.

    Args:
        total_bytes: for all of them.
    """

    def __init__(self, total_bytes: int = TOTAL_BYTES) -> None:
        self._total_bytes = total_bytes
        self._sharers = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Be one of those who gather."""
        self._sharers += 1
        try:
            yield
        finally:
            self._sharers -= 1

    @property
    def is_crowded(self) -> bool:
        """Whether there is so much to do that no body gains by having two threads at a time."""
        return self._sharers > CROWD

    def block_bytes(self) -> int:
        """How large a block may be now, in bytes."""
        share = self._total_bytes // max(1, self._sharers)
        return min(MOST_BYTES, max(LEAST_BYTES, share))
