"""Binding early, listening late, on names and on both address families."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.protocols.wire import Echo

from bleepstore.service.listeners import Door, bind, bind_many, close, listen, stop_listening

LOCAL4 = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 0))
LOCAL6 = (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", 0, 0, 0))
ELSEWHERE = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", 0))


@pytest.fixture
def resolve_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def resolve_to(*found: object) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(found))

    return resolve_to


@pytest_twisted.ensureDeferred
async def test_a_bound_socket_refuses_until_it_listens() -> None:
    sockets = bind("127.0.0.1", 0)
    address = sockets[0].getsockname()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address).close()
    door = Door(sockets[0])
    assert door.url == f"http://127.0.0.1:{address[1]}"
    port = await listen(reactor, door, Factory.forProtocol(Echo))
    try:
        socket.create_connection(address).close()
    finally:
        await stop_listening(port)


def test_ipv6() -> None:
    (bound,) = bind("::1", 0)
    with bound:
        assert Door(bound, is_tls=True).url == f"https://[::1]:{bound.getsockname()[1]}"


def test_many_sockets_have_one_address_that_nobody_else_can_have() -> None:
    many = bind_many("127.0.0.1", 0, 3)
    try:
        (port,) = {each.getsockname()[1] for sockets in many for each in sockets}
        assert [len(sockets) for sockets in many] == [1, 1, 1]
        many[0][0].listen()
        with pytest.raises(OSError, match="in use"):
            bind_many("127.0.0.1", port, 3)
    finally:
        for sockets in many:
            close(sockets)


def test_connections_are_spread_over_the_sockets() -> None:
    many = [sockets[0] for sockets in bind_many("127.0.0.1", 0, 2)]
    clients = []
    try:
        for each in many:
            each.listen()
        clients = [socket.create_connection(many[0].getsockname()) for _ in range(64)]
        assert all(_accepted(each) for each in many)
    finally:
        close(clients + many)


def _accepted(listening: socket.socket) -> bool:
    """Whether a connection waits there."""
    try:
        listening.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def test_all_addresses_of_a_name_have_the_same_port(resolve_to: Callable[..., None]) -> None:
    resolve_to(LOCAL4, LOCAL6, LOCAL4)
    sockets = bind("both", 0)
    try:
        assert [each.family for each in sockets] == [socket.AF_INET, socket.AF_INET6]
        assert len({each.getsockname()[1] for each in sockets}) == 1
    finally:
        close(sockets)


def test_an_address_of_a_name_that_is_not_here_is_left_out(
    resolve_to: Callable[..., None],
) -> None:
    resolve_to(ELSEWHERE, LOCAL4)
    sockets = bind("half", 0)
    close(sockets)
    assert len(sockets) == 1


def test_no_address_here(resolve_to: Callable[..., None]) -> None:
    resolve_to(ELSEWHERE)
    with pytest.raises(OSError, match="assign") as caught:
        bind("elsewhere", 0)
    assert caught.value.errno == errno.EADDRNOTAVAIL


def test_a_port_in_use_on_one_address_is_an_error(resolve_to: Callable[..., None]) -> None:
    (taken,) = bind("::1", 0)
    taken.listen()
    resolve_to(LOCAL4, LOCAL6)
    try:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            bind("both", port)
        with socket.socket() as free:
            free.bind(("127.0.0.1", port))  # what was bound before the error is free again
    finally:
        taken.close()
