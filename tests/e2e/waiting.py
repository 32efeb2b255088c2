"""Waits for what a daemon does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 90
_POLL_SECONDS = 0.02


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Ask until the answer is true; AssertionError, with what did not happen, if it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(_POLL_SECONDS)
