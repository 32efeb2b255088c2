"""Sockets that clients connect to.

A socket is bound before anything else happens, while there may still be rights to low ports, so
that a second daemon on the same port gives up before it touches the first one's data. It listens
only when requests can be served.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Iterable
from typing import Any

from attrs import evolve, frozen
from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import AdoptedStreamServerEndpoint
from twisted.internet.interfaces import IListeningPort, IProtocolFactory

from .endpoints import listen_at

BACKLOG = 1024  # connections that wait in the kernel, as many as SYNs in Linux by default

# localhost may have an IPv6 address in /etc/hosts on a machine without IPv6, as in containers.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@frozen
class Door:
    """A bound socket, and what is spoken on its connections.

    Attributes:
        socket: owned by the door until somebody listens.
        is_tls: whether clients speak TLS.
        endpoint: the endpoint string whose socket it is, if it is one's; that says all.
        is_shared: whether others listen with this very socket.
    """

    socket: socket.socket
    is_tls: bool = False
    endpoint: str | None = None
    is_shared: bool = False

    @property
    def url(self) -> str:
        """The address for people to copy: ``http://127.0.0.1:9000``."""
        if self.endpoint is not None:
            return self.endpoint
        if self.socket.family == socket.AF_UNIX:
            return f"unix:{self.socket.getsockname()}"
        host, port = self.socket.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.is_tls else 'http'}://{shown}:{port}"


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


def bind_many(host: str, port: int, count: int) -> list[list[socket.socket]]:
    """``count`` sets of sockets as :func:`bind` makes them, all for the same addresses.

    The kernel spreads connections evenly over the sets (``SO_REUSEPORT``, socket(7)). It would
    let any other daemon of the same user join in, so the addresses are bound exclusively first.
    """
    exclusive = bind(host, port)
    if count == 1:
        return [exclusive]
    shared: list[list[socket.socket]] = []
    try:
        for _ in range(count):
            shared.append([])
            for each in exclusive:
                shared[-1].append(_bind(each.family, each.getsockname(), is_shared=True))
    except OSError:
        for some in shared:
            close(some)
        raise
    finally:
        close(exclusive)
    return shared


def _resolve(host: str) -> list[tuple[int, tuple[Any, ...]]]:
    found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _bind(family: int, address: tuple[Any, ...], *, is_shared: bool = False) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, is_shared)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def close(sockets: Iterable[socket.socket]) -> None:
    """Close sockets; no effect on those that somebody listens to with :func:`listen`."""
    for each in sockets:
        each.close()


def rebind(door: Door) -> Door:
    """The door with another socket for the same address, of those that share it.

    Who waits for the former one to be read is cut off, and who comes is led to those that listen.
    A socket that no longer listens could do so again, but not all kernels find it then.

    Raises:
        OSError: the address cannot be bound once more; the door is as it was.
    """
    bound = _bind(door.socket.family, door.socket.getsockname(), is_shared=True)
    door.socket.close()
    return evolve(door, socket=bound)


async def listen(reactor: Any, door: Door, factory: IProtocolFactory) -> IListeningPort:
    """Accept connections. The door's socket is taken over."""
    if door.endpoint is not None:
        return await listen_at(reactor, door.endpoint, door.socket, factory)
    door.socket.listen(BACKLOG)
    family = door.socket.family
    endpoint = AdoptedStreamServerEndpoint(reactor, door.socket.detach(), family)
    port: IListeningPort = await endpoint.listen(factory)
    return port


def stop_listening(port: IListeningPort) -> Awaitable[object]:
    """Accept no further connections; those that are open stay open."""
    return maybeDeferred(port.stopListening)
