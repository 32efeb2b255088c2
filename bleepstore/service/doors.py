"""Which sockets the daemon has: those of its configuration, or those that systemd gives it."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from twisted.internet.endpoints import serverFromString

from ..config.model import Config
from ..errors import CannotListen
from .endpoints import Threshold
from .listeners import Door, bind_many
from .startup import explain_bind

Doors = tuple[Door, ...]
"""All doors of one process."""

Inherited = Sequence[tuple[str, int]]
"""Sockets that are there already: names and descriptors."""


def open_doors(config: Config, inherited: Inherited) -> list[Doors]:
    """Bound sockets for each worker.

    Args:
        inherited: sockets from systemd. If there are any, they are all that
            there is, and every worker gets the same ones; those whose name has ``tls`` in it are
            for TLS.

    Raises:
        CannotListen: an address of the configuration cannot be bound.
    """
    count = config.worker_count
    if inherited:
        return [_inherited_doors(inherited) for _ in range(count)]
    doors: list[Doors] = [() for _ in range(count)]
    tls = config.server.tls.port
    for key, port in (("server.port", config.server.port), ("server.tls.port", tls)):
        if port is not None:
            try:
                bound = bind_many(config.listen_host, port, count)
            except OSError as error:
                close_doors(doors)
                raise CannotListen(explain_bind(error, config.listen_host, port, key)) from error
            is_tls = key == "server.tls.port"
            doors = [
                (*before, *(Door(each, is_tls) for each in sockets))
                for before, sockets in zip(doors, bound, strict=True)
            ]
    return doors


def _inherited_doors(inherited: Inherited) -> Doors:
    return tuple(
        Door(socket.socket(fileno=os.dup(descriptor)), is_tls="tls" in name)
        for name, descriptor in inherited
    )


def close_doors(doors: list[Doors]) -> None:
    """Close them all; no effect on sockets that somebody else has taken over."""
    for some in doors:
        for door in some:
            door.socket.close()


def endpoint_doors(thresholds: Sequence[Threshold]) -> Doors:
    """The doors of one process at these endpoints."""
    return tuple(Door(each.duplicate(), endpoint=each.endpoint) for each in thresholds)


def from_systemd(reactor: Any) -> Inherited:
    """The sockets that systemd gives this process (sd_listen_fds(3)), none without it.

    Twisted takes them out of the environment when its endpoints are imported, so they come from
    there; the family does not matter here.
    """
    found = []
    with suppress(IndexError):
        for index, name in enumerate(os.environ.get("LISTEN_FDNAMES", "").split(":")):
            endpoint: Any = serverFromString(reactor, f"systemd:domain=UNIX:index={index}")
            found.append((name, endpoint.fileno))
    return found
