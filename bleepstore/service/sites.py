"""What all sites of the daemon have in common: their limits, how they refuse, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable

from ..admin.metrics import Metrics
from ..config.model import Config
from ..documents.error import error_document
from ..errors import S3Error
from ..values import Exchange
from ..wire.limits import WireLimits
from .access_log import AccessLog
from .request_lines import RequestLines

Finished = Callable[[Exchange], None]
"""Hears of each request when it is over."""


def make_finished(config: Config, metrics: Metrics | None, lines: RequestLines) -> Finished:
    """The log, and the metrics if there are any."""
    access_log = AccessLog(config.logging.slow_request_seconds * 1000, lines)
    if metrics is None:
        return access_log
    count = metrics.requests.count

    def finished(exchange: Exchange) -> None:
        count(exchange)
        access_log(exchange)

    return finished


def refusal(code: str, request_id: str) -> bytes:
    """The body of an answer to what is no request."""
    return error_document(S3Error(code), "/", request_id)


def make_limits(config: Config) -> WireLimits:
    """What clients may do to a connection."""
    server = config.server
    return WireLimits(
        header_timeout_seconds=server.header_timeout_seconds,
        idle_timeout_seconds=server.idle_timeout_seconds,
        body_stall_seconds=server.body_stall_seconds,
        min_body_rate_bytes_per_second=server.min_body_rate_bytes_per_second,
        response_stall_seconds=server.response_stall_seconds,
    )
