"""When to try again, and when to give up.

Pauses grow exponentially and are drawn between nothing and all of it ("full jitter"), so that
those who were refused together do not come back together:
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from ...clock import Clock, parse_http_date
from ...errors import UpstreamBusy, UpstreamFailed

THROTTLED = frozenset([429, 503])
_PASSING = frozenset([408, 429, 500, 502, 503, 504])
_FIRST_PAUSE_SECONDS = 0.1


def is_passing(status: int, *, is_idempotent: bool) -> bool:
    """Whether an answer says to try again.

    A request that was throttled was not carried out; of one that failed nobody knows.
    """
    return status in (_PASSING if is_idempotent else THROTTLED)


def complaint(status: int, headers: Mapping[str, str], problem: str) -> UpstreamFailed:
    """The error in the place of an answer that says to try again."""
    if status in THROTTLED:
        return UpstreamBusy(problem, max(1, asked_seconds(headers)))
    return UpstreamFailed(problem)


def pause_seconds(attempt: int, max_seconds: float, asked: int) -> float | None:
    """How long to wait after the ``attempt``-th try; None if that is longer than we would.

    Args:
        asked: for how long the provider wants to be left alone.
    """
    longest = min(max_seconds, _FIRST_PAUSE_SECONDS * 2**attempt)
    pause = random.uniform(0, longest)  # noqa: S311 - no secret
    return None if asked > max_seconds else max(pause, asked)


def asked_seconds(headers: Mapping[str, str]) -> int:
    """``Retry-After``, seconds or a date (RFC 9110 section 10.2.3); 0 where nothing is said."""
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return int(text[:9])
    instant_ms = parse_http_date(text)
    if instant_ms is None:
        return 0
    return max(0, -(-(instant_ms - Clock().now_ms()) // 1000))
