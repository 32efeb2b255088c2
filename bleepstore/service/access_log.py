"""The access log: one event for each request."""

from __future__ import annotations

from typing import Any

import txaio
from attrs import frozen

from ..values import Exchange
from .request_lines import RequestLines

log = txaio.make_logger()

_FACTS = ("operation", "bucket", "key", "access_key", "error_code")


@frozen
class AccessLog:
    """Logs each request when it is over.

    Args:
        slow_ms: a request whose answer begins later than this is logged as slow, at level warn;
            0 for never.
        lines: the way that is short; None for the one that every other event takes.
    """

    slow_ms: float = 0
    lines: RequestLines | None = None

    def __call__(self, exchange: Exchange) -> None:
        is_slow = self._is_slow(exchange)
        if self.lines is not None and self.lines.are_open:
            level, message = ("warn", "slow request") if is_slow else ("info", "request")
            if self.lines.shows(level):
                self.lines.write(level, message, _fields(exchange))
        elif is_slow:
            log.warn("slow request", **_fields(exchange))
        else:
            log.info("request", **_fields(exchange))

    def _is_slow(self, exchange: Exchange) -> bool:
        waited_ms = exchange.first_byte_ms
        if waited_ms is None:
            waited_ms = exchange.duration_ms
        return 0 < self.slow_ms < waited_ms


def _fields(exchange: Exchange) -> dict[str, Any]:
    """What an operator searches for. Never the query: it may carry a signature."""
    head, facts = exchange.head, exchange.facts
    fields: dict[str, Any] = {"method": head.method} if head.method else {}
    for name in _FACTS:
        if name in facts:
            fields[name] = facts[name]
    if "bucket" not in facts and head.target:
        fields["path"] = head.raw_path.decode("utf-8", "backslashreplace")
    fields["status"] = exchange.status
    fields["bytes_in"] = exchange.bytes_received
    fields["bytes_out"] = exchange.bytes_sent
    fields["duration_ms"] = exchange.duration_ms
    if exchange.first_byte_ms is not None:
        fields["first_byte_ms"] = exchange.first_byte_ms
    if not exchange.is_complete:
        fields["incomplete"] = True
    fields["request_id"] = head.request_id
    fields["remote"] = head.remote_address
    return fields
