"""Places to listen at that are given as Twisted's endpoint strings.

The daemon makes the listening socket, as the endpoint would, and never reads from it. Whoever
serves, in this process or another, asks the same endpoint to listen, and gives it the socket
instead of a new one. So what an endpoint puts around connections, such as TLS or the PROXY
protocol, works in every worker, and workers come and go without the socket being closed.
"""

from __future__ import annotations

import os
import re
import socket
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from ..errors import CannotListen

_ADDRESS = re.compile(r"(?P<host>\[(?P<v6>[0-9A-Fa-f:.]+)\]|[^:\[\]]+):(?P<port>\d+)")
_KINDS = frozenset(("tcp", "ssl"))  # of endpoints that may look like an address


@frozen(eq=False)
class Threshold:
    """The socket of an endpoint, listening but not read from.

    Attributes:
        endpoint: the string.
    """

    endpoint: str
    _port: Any

    def duplicate(self) -> socket.socket:
        """The same socket, for another descriptor."""
        return socket.socket(fileno=os.dup(self._port.fileno()))

    @property
    def url(self) -> str:
        """What people can copy: ``http://127.0.0.1:9100``, or the string."""
        if not self.endpoint.startswith("tcp:"):
            return self.endpoint
        address = self._port.getHost()
        shown = f"[{address.host}]" if ":" in address.host else address.host
        return f"http://{shown}:{address.port}"

    async def close(self) -> None:
        """Close it, and remove its name, should it have one in the file system."""
        await maybeDeferred(self._port.stopListening)


def make_threshold(reactor: Any, endpoint: str, key: str = "server.endpoints") -> Threshold:
    """Make the socket of an endpoint.

    Args:
        key: of the endpoint in the configuration.

    Raises:
        CannotListen: the string means nothing, or its address cannot be had.
    """
    outcome: list[Any] = []
    try:
        serverFromString(reactor, endpoint).listen(Factory()).addBoth(outcome.append)
    except Exception as error:
        raise _cannot_listen(key, endpoint, error) from error
    (port,) = outcome or [None]
    if isinstance(port, Failure):
        raise _cannot_listen(key, endpoint, port.value)
    if not hasattr(port, "fileno"):
        raise CannotListen(f"{key}: {endpoint}: expected a kind that has a socket")
    port.stopReading()
    return Threshold(endpoint, port)


def _cannot_listen(key: str, endpoint: str, error: object) -> CannotListen:
    return CannotListen(f"{key}: cannot listen on {endpoint}: {error}")


def from_address(address: str) -> str:
    """The endpoint string of an address such as ``127.0.0.1:9100``; one that is one stays it."""
    match = _ADDRESS.fullmatch(address)
    if match is None or match["host"] in _KINDS:
        return address
    host = (match["v6"] or match["host"]).replace(":", r"\:")
    return f"tcp:{match['port']}:interface={host}"


def listen_at(
    reactor: Any, endpoint: str, listening: socket.socket, factory: IProtocolFactory
) -> Deferred[IListeningPort]:
    """Let an endpoint listen with a socket that is there. The socket is taken over."""
    given = _Given(reactor, listening)
    port: Deferred[IListeningPort] = serverFromString(given, endpoint).listen(factory)
    return port


class _Given:
    """A reactor that has one listening socket, whatever an endpoint asks for."""

    def __init__(self, reactor: Any, listening: socket.socket) -> None:
        self._reactor = reactor
        self._listening = listening

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(self, port: int, factory: Any, *_: Any, **__: Any) -> Any:
        return self._adopt(factory)

    def listenUNIX(self, address: str, factory: Any, *_: Any, **__: Any) -> Any:
        return _Lasting(self._adopt(factory))

    def listenSSL(self, port: int, factory: Any, contextFactory: Any, *_: Any, **__: Any) -> Any:  # noqa: N803 - Twisted's names
        return self._adopt(TLSMemoryBIOFactory(contextFactory, False, factory))

    def adoptStreamPort(self, fileDescriptor: int, addressFamily: int, factory: Any) -> Any:  # noqa: N803 - Twisted's names
        return self._adopt(factory)

    def _adopt(self, factory: Any) -> Any:
        with self._listening as listening:
            listening.setblocking(False)
            return self._reactor.adoptStreamPort(listening.fileno(), listening.family, factory)


class _Lasting:
    """A port on a UNIX socket whose end does not remove the socket's name: it is not the last."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def stopListening(self) -> None:
        self._port.stopReading()
        self._port.socket.close()
