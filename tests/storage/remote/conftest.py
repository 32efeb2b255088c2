from __future__ import annotations

from tests.streams.pool import threads

__all__ = ["threads"]
