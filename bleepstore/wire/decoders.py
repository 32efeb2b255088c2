"""Finds the end of a body in what a connection receives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import define
from twisted.web.http import _ChunkedTransferDecoder, _MalformedChunkedDataError

from .malformed import MalformedBody

Deliver = Callable[[bytes], None]
"""Takes the next bytes of a body."""


class Decoder(Protocol):
    """Passes a body on."""

    def feed(self, data: bytes) -> bytes | None:
        """Take what came in.

        Returns:
            None while more of the body is to come, then what follows it.

        Raises:
            MalformedBody: if its end cannot be found.
        """


def make_decoder(length: int | None, deliver: Deliver) -> Decoder:
    """For a body of so many bytes; None if it is chunked."""
    return ChunkedBody(deliver) if length is None else SizedBody(length, deliver)


@define(repr=False)
class SizedBody:
    """A body of a declared length."""

    _left: int
    _deliver: Deliver

    def feed(self, data: bytes) -> bytes | None:
        mine, rest = data[: self._left], data[self._left :]  # no copy where all is mine
        self._left -= len(mine)
        if mine:
            self._deliver(mine)
        return None if self._left else rest


class ChunkedBody:
    """A body in chunks (RFC 9112 section 7.1), decoded by Twisted: llhttp does not tell where it ends.

    Clients of S3 hardly send them: their ``aws-chunked`` is a coding of the content.
    """

    def __init__(self, deliver: Deliver) -> None:
        self._rest: bytes | None = None
        self._decoder = _ChunkedTransferDecoder(deliver, self._ended)

    def feed(self, data: bytes) -> bytes | None:
        try:
            self._decoder.dataReceived(data)
        except _MalformedChunkedDataError as error:
            raise MalformedBody from error
        return self._rest

    def _ended(self, rest: bytes) -> None:
        self._rest = rest
