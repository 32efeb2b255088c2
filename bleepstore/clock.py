"""Time in, S3's spellings of time out.

Every instant inside BleepStore is an ``int``: milliseconds since the Unix epoch, UTC.
Only this module turns one into text or back.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

from attrs import frozen


@frozen
class Clock:
    """The wall clock, passed to whoever needs the time so that tests can stop it."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


@frozen
class StoppedClock(Clock):
    """A clock that stands at ``instant_ms``."""

    instant_ms: int

    def now_ms(self) -> int:
        return self.instant_ms


def to_datetime(instant_ms: int) -> datetime:
    """An aware UTC datetime."""
    return datetime.fromtimestamp(instant_ms / 1000, UTC)


def iso8601(instant_ms: int) -> str:
    """``2009-10-12T17:50:30.000Z``, the form of timestamps in S3's XML documents.

    S3 shows whole seconds there (the milliseconds are always ``000``), so that the time in a
    listing equals the one in the ``Last-Modified`` header.
    """
    return _iso8601(instant_ms // 1000)


# Both forms are made for every object that is read or listed, and the objects of a prefix often
# share their seconds.
@lru_cache(maxsize=4096)
def _iso8601(seconds: int) -> str:
    return "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z".format(*time.gmtime(seconds))


def parse_iso8601(text: str) -> int | None:
    """The instant of an ISO 8601 timestamp with a zone, as in XML and JSON; None if it is not one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else _epoch_ms(moment)


def http_date(instant_ms: int) -> str:
    """``Mon, 12 Oct 2009 17:50:30 GMT`` (IMF-fixdate, RFC 9110 section 5.6.7)."""
    return _http_date(instant_ms // 1000)


@lru_cache(maxsize=4096)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def parse_http_date(text: str) -> int | None:
    """The instant of an HTTP date in any of RFC 9110's three forms; None if it is not one."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _epoch_ms(moment)


def amz_date(instant_ms: int) -> str:
    """``20130524T000000Z``, the ISO 8601 basic form that Signature Version 4 uses."""
    return to_datetime(instant_ms).strftime("%Y%m%dT%H%M%SZ")


def parse_amz_date(text: str) -> int | None:
    """The instant of ``20130524T000000Z``; None if it is not exactly of that form."""
    try:
        moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ")
    except ValueError:
        return None
    if len(text) != len("20130524T000000Z"):
        return None
    return _epoch_ms(moment.replace(tzinfo=UTC))


def _epoch_ms(moment: datetime) -> int:
    try:
        return int(moment.timestamp() * 1000)
    except (OverflowError, ValueError, OSError):
        return 0
