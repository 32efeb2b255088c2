"""How those who are at work for long say how far they are."""

from __future__ import annotations

from typing import Protocol


class Interrupted(Exception):
    """Nobody wants the rest any more: whoever is at work in a thread hears of it by this."""


class Progress(Protocol):
    """Is told what is done. May be called in any thread."""

    def expect(self, total: int) -> None:
        """So much there is to do in all, in whatever unit."""

    def advance(self, amount: int) -> None:
        """So much more is done. Raises :class:`Interrupted`."""
