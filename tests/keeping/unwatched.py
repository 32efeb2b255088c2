"""Progress that nobody looks at."""

from __future__ import annotations


class Unwatched:
    """See :class:`bleepstore.keeping.progress.Progress`."""

    def expect(self, total: int) -> None:
        """Nobody looks."""

    def advance(self, amount: int) -> None:
        """Nobody looks."""
