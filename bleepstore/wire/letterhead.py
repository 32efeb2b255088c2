"""The first lines of every answer, also of those that no handler has seen."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.web.http import RESPONSES

from ..clock import Clock, http_date
from ..ids import host_id

BODILESS = (204, 304)
"""Statuses whose answers have neither a body nor its length (RFC 9110 sections 8.6, 15.4.5)."""


class Letterhead:
    """Writes status lines and header blocks.

    Args:
        clock: for ``Date``, which is spelled once a second.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = -1
        self._date = ""
        self._status_lines: dict[int, str] = {}

    def compose(
        self,
        status: int,
        request_id: str,
        headers: Sequence[tuple[str, str]],
        *,
        length: int | None,
        close: bool,
    ) -> bytes:
        """The answer up to its body.

        Args:
            length: for ``Content-Length``; None leaves the header out.
            close: whether the connection ends behind this answer.

        Raises:
            ValueError: if a header holds a line break, which would let the client's data pass
                for headers of ours.
        """
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers])
        if not fields.count("\r") == fields.count("\n") == len(headers):
            raise ValueError("a line break in a response header")
        size = "" if length is None else f"Content-Length: {length}\r\n"
        ending = "Connection: close\r\n\r\n" if close else "\r\n"
        text = (
            f"{self._status_line(status)}Date: {self._date_now()}\r\n"
            f"x-amz-request-id: {request_id}\r\nx-amz-id-2: {host_id(request_id)}\r\n"
            f"{fields}{size}{ending}"
        )
        return text.encode("utf-8", "surrogateescape")

    def _status_line(self, status: int) -> str:
        line = self._status_lines.get(status)
        if line is None:
            reason = RESPONSES.get(status, b"Unknown").decode("ascii")
            line = f"HTTP/1.1 {status} {reason}\r\nServer: BleepStore\r\n"
            self._status_lines[status] = line
        return line

    def _date_now(self) -> str:
        instant_ms = self._clock.now_ms()
        second = instant_ms // 1000
        if second != self._second:
            self._second = second
            self._date = http_date(instant_ms)
        return self._date


def has_body(method: str, status: int) -> bool:
    """Whether an answer has a body at all (RFC 9110 section 6.4.1)."""
    return method != "HEAD" and status not in BODILESS
