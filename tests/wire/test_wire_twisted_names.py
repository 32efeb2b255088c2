"""The private names of Twisted and Klein that the wire stands on.

A release that renames one of them is to fail here, and not in an upload.
"""

from __future__ import annotations

import inspect

import pytest
from klein import Klein
from twisted.internet.tcp import Connection
from twisted.web.http import _ChunkedTransferDecoder, _MalformedChunkedDataError

from tests.wire.wire_rig import Rig


def test_the_decoder_of_chunks_hands_on_what_follows_the_last_one() -> None:
    data: list[bytes] = []
    rest: list[bytes] = []
    decoder = _ChunkedTransferDecoder(data.append, rest.append)
    decoder.dataReceived(b"3\r\nabc\r\n0\r\n\r\nGET /")
    assert (data, rest) == ([b"abc"], [b"GET /"])
    with pytest.raises(_MalformedChunkedDataError):
        _ChunkedTransferDecoder(data.append, rest.append).dataReceived(b"x\r\n")


def test_klein_routes_on_the_postpath_and_asks_for_a_host_name_that_idna_can_encode() -> None:
    rig = Rig()
    rig.send(b"GET / HTTP/1.1\r\nHost: \xff..\xfe:x\r\n\r\n")
    assert rig.statuses == [200]
    assert Klein().resource().isLeaf


def test_a_connection_reads_as_much_as_its_attribute_says() -> None:
    assert "self.socket.recv(self.bufferSize)" in inspect.getsource(Connection.doRead)
