"""What has come in on a connection and is not read yet."""

from __future__ import annotations

from attrs import define, field

from .malformed import MalformedHead

_LINE_BREAK = b"\r\n"
_END_OF_HEAD = b"\r\n\r\n"


@define(repr=False)
class Inbox:
    """Bytes in their order. A head is taken when it is there as a whole.

    Args:
        head_bytes: no head may be larger.
    """

    _head_bytes: int
    _bytes: bytes = field(default=b"", init=False)
    _start: int = field(default=0, init=False)  # what is before has been taken

    def __len__(self) -> int:
        return len(self._bytes) - self._start

    def add(self, data: bytes) -> None:
        """More has come in."""
        self._bytes = self.take_all() + data if self._bytes else data

    def take_all(self) -> bytes:
        """All that is there."""
        taken = self._bytes[self._start :] if self._start else self._bytes
        self.clear()
        return taken

    def clear(self) -> None:
        """Drop all that is there."""
        self._bytes = b""
        self._start = 0

    @property
    def first_line(self) -> bytes | None:
        """A request line with its line break; None if that has not come yet."""
        begin = self._head_start
        end = self._bytes.find(_LINE_BREAK, begin)
        return None if end < 0 else self._bytes[begin : end + len(_LINE_BREAK)]

    def take_head(self) -> bytes | None:
        """From a request line to the empty line; None if that has not come yet.

        Raises:
            MalformedHead: if it is too large.
        """
        begin = self._head_start
        found = self._bytes.find(_END_OF_HEAD, begin)
        end = len(self._bytes) if found < 0 else found + len(_END_OF_HEAD)
        if end - begin > self._head_bytes:
            raise MalformedHead("RequestHeaderSectionTooLarge")
        if found < 0:
            return None
        block = self._bytes[begin:end]
        self._start = end
        if end == len(self._bytes):
            self.clear()
        return block

    @property
    def _head_start(self) -> int:
        """Behind one empty line, as some clients send it after a body (RFC 9112 section 2.2)."""
        has_empty_line = self._bytes.startswith(_LINE_BREAK, self._start)
        return self._start + len(_LINE_BREAK) if has_empty_line else self._start
