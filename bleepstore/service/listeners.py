"""Sockets that clients connect to.

A socket is bound before anything else happens, while there may still be rights to low ports, so
that a second daemon on the same port gives up before it touches the first one's data. It listens
only when requests can be served.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Sequence
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import AdoptedStreamServerEndpoint
from twisted.internet.interfaces import IListeningPort, IProtocolFactory

BACKLOG = 1024  # connections that wait in the kernel, as many as SYNs in Linux by default

# localhost may have an IPv6 address in /etc/hosts on a machine without IPv6, as in containers.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets bound to all addresses of ``host``; with port 0, all to the same free port.

    Raises:
        OSError: no address of the name is one of this machine, or one cannot be bound;
            ``socket.gaierror``, a subclass, if the name is not known.
    """
    bound: list[socket.socket] = []
    problem: OSError | None = None
    for family, address in _resolve(host):
        try:
            bound.append(_bind(family, (address[0], port, *address[2:])))
        except OSError as error:
            problem = error
            if error.errno not in _NOT_HERE:
                break
        else:
            port = port or bound[0].getsockname()[1]
    if problem is not None and (not bound or problem.errno not in _NOT_HERE):
        close(bound)
        raise problem
    return bound


def _resolve(host: str) -> list[tuple[int, tuple[Any, ...]]]:
    found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _bind(family: int, address: tuple[Any, ...]) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def close(sockets: Sequence[socket.socket]) -> None:
    """Close sockets that were bound but never listened to."""
    for each in sockets:
        each.close()


async def listen(
    reactor: Any, sockets: Sequence[socket.socket], factory: IProtocolFactory
) -> list[IListeningPort]:
    """Accept connections on bound sockets. The sockets are taken over."""
    ports = []
    for bound in sockets:
        bound.listen(BACKLOG)
        family = bound.family
        endpoint = AdoptedStreamServerEndpoint(reactor, bound.detach(), family)
        ports.append(await endpoint.listen(factory))
    return ports


def stop_listening(port: IListeningPort) -> Awaitable[object]:
    """Accept no further connections; those that are open stay open."""
    return maybeDeferred(port.stopListening)


def url(port: IListeningPort) -> str:
    """The address of a listening port for people to copy: ``http://127.0.0.1:9000``."""
    address: Any = port.getHost()
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"http://{host}:{address.port}"
