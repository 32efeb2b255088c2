"""The private names of Twisted and Klein that the wire stands on.

A release that renames one of them is to fail here, and not in an upload.
"""

from __future__ import annotations

import inspect

from klein import Klein
from twisted.internet.tcp import Connection
from twisted.web import http, server

from bleepstore.wire.channel import Channel
from bleepstore.wire.request import StreamingRequest
from tests.wire.wire_rig import Rig


def test_the_channel_keeps_the_request_line_until_the_body_is_complete() -> None:
    rig = Rig()
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
    assert rig.channel._command == b"PUT"
    assert rig.channel._path == b"/k"
    assert rig.channel._version == b"HTTP/1.1"
    rig.send(b"x")
    assert not hasattr(rig.channel, "_command")


def test_the_channel_counts_the_header_block() -> None:
    rig = Rig()
    rig.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n")
    assert rig.channel._receivedHeaderSize == len(b"GET / HTTP/1.1Host: aX: y")
    assert rig.channel._receivedHeaderCount == 1  # the last line waits for a continuation
    assert rig.channel.totalHeadersSize == rig.channel.MAX_LENGTH == 32768


def test_the_channel_refuses_through_the_method_that_we_override() -> None:
    for method in (http.HTTPChannel.lineReceived, http.HTTPChannel.rawDataReceived):
        assert "self._respondToBadRequestAndDisconnect()" in inspect.getsource(method)
    assert "_respondToBadRequestAndDisconnect" in vars(http.HTTPChannel)
    assert "_respondToBadRequestAndDisconnect" in vars(Channel)


def test_the_channel_reads_through_its_network_producer() -> None:
    rig = Rig()
    assert rig.channel._networkProducer is rig.transport
    assert rig.transport.producer is rig.channel


def test_nothing_but_our_override_sends_100_continue() -> None:
    assert "_send100Continue" in inspect.getsource(http.HTTPChannel.allHeadersReceived)
    assert "_send100Continue" not in inspect.getsource(http.HTTPChannel.lineReceived)


def test_a_request_knows_that_its_connection_is_lost() -> None:
    assert server.Request._disconnected is False
    rig = Rig()
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
    (request,) = rig.channel.requests
    assert isinstance(request, StreamingRequest)
    rig.lose()
    assert request._disconnected is True
    assert request.channel is None


def test_klein_routes_on_the_postpath_and_asks_for_a_host_name_that_idna_can_encode() -> None:
    rig = Rig()
    rig.send(b"GET / HTTP/1.1\r\nHost: \xff..\xfe:x\r\n\r\n")
    assert rig.statuses == [200]
    assert Klein().resource().isLeaf


def test_a_connection_reads_as_much_as_its_attribute_says() -> None:
    assert "self.socket.recv(self.bufferSize)" in inspect.getsource(Connection.doRead)
