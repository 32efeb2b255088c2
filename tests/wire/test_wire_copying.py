from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress

from bleepstore.wire.copying import COPY_BYTES, Copying, is_on_this_machine

DATA = os.urandom(1000) * 3000


class Pair:
    """A connection as the reactor has it, and the client's end of it."""

    def __init__(self, peer: Any = None, host: Any = None) -> None:
        self.here, self.there = socket.socketpair()
        self.here.setblocking(False)
        self.peer, self.host = peer, host

    def getHandle(self) -> socket.socket:
        return self.here

    def getPeer(self) -> Any:
        return self.peer

    def getHost(self) -> Any:
        return self.host

    def receive(self) -> bytes:
        """All that has come."""
        self.there.setblocking(False)
        received = b""
        while True:
            try:
                received += self.there.recv(1 << 20)
            except BlockingIOError:
                return received


@pytest.fixture
def pair() -> Iterator[Any]:
    pair = Pair()
    with pair.here, pair.there:
        yield pair


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    with FileIO(path) as file:
        yield file  # all that is asked of it is its descriptor


def test_a_slow_client_gets_what_it_takes(pair: Any, source: Any) -> None:
    copying, received = Copying(pair, source, memoryview(bytearray(COPY_BYTES))), b""
    while len(received) < len(DATA):
        try:
            while True:
                left = len(DATA) - len(received)
                sent = copying.send(len(received), left)
                assert 0 < sent <= left
                received += pair.receive()
                if len(received) == len(DATA):
                    break
        except BlockingIOError:
            received += pair.receive()
    assert received == DATA


def test_a_full_socket_is_told(pair: Any, source: Any) -> None:
    copying = Copying(pair, source, memoryview(bytearray(COPY_BYTES)))
    sent = copying.send(0, len(DATA))
    assert 0 < sent < len(DATA)
    with pytest.raises(BlockingIOError):
        copying.send(sent, len(DATA) - sent)
    assert pair.receive() == DATA[:sent]


def test_of_a_slow_client_little_is_read_in_vain(
    pair: Any, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read = os.preadv, []

    def counting(*arguments: Any) -> int:
        read.append(real(*arguments))
        return read[-1]

    monkeypatch.setattr("os.preadv", counting)
    copying, sent = Copying(pair, source, memoryview(bytearray(COPY_BYTES))), 0
    for _ in range(5):
        sent += copying.send(sent, len(DATA) - sent)
        pair.receive()
    assert max(read[1:]) < read[0]
    read.clear()
    copying.send(sent, len(DATA) - sent)
    assert read[1] > read[0]  # and more again, as soon as it takes all of that


def test_nothing_beyond_the_end_is_sent(pair: Any, source: Any) -> None:
    assert Copying(pair, source, memoryview(bytearray(COPY_BYTES))).send(len(DATA), 10) == 0
    assert pair.receive() == b""


def test_a_file_system_that_does_not_tell_is_left_to_others(
    pair: Any, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(*_: Any) -> int:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr("os.preadv", refusing)
    assert Copying(pair, source, memoryview(bytearray(COPY_BYTES))).send(0, 10) == 0


def tcp(address: str) -> IPv4Address | IPv6Address:
    kind = IPv6Address if ":" in address else IPv4Address
    return kind("TCP", address, 1234)


@pytest.mark.parametrize(
    ("peer", "host", "is_here"),
    [
        (tcp("127.0.0.1"), tcp("127.0.0.1"), True),
        (tcp("127.0.0.2"), tcp("127.0.0.1"), True),
        (tcp("::1"), tcp("::1"), True),
        (tcp("192.0.2.1"), tcp("192.0.2.1"), True),
        (tcp("192.0.2.1"), tcp("192.0.2.2"), False),
        (tcp("2001:db8::1"), tcp("2001:db8::2"), False),
        (UNIXAddress(None), UNIXAddress(b"/run/socket"), True),
    ],
)
def test_who_is_on_this_machine(peer: Any, host: Any, is_here: bool) -> None:
    connection: Any = Pair(peer, host)
    with connection.here, connection.there:
        assert is_on_this_machine(connection) is is_here
