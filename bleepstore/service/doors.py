"""Which sockets the daemon has: those of its configuration, or those that systemd gives it."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from ..config.model import Config, is_loopback
from ..errors import CannotListen
from .endpoints import Threshold
from .inherited import Inherited, adopt
from .listeners import Door, bind_many
from .startup import explain_bind

Doors = tuple[Door, ...]
"""All doors of one process."""

_NO_TLS_PORT = "server.tls.port: expected a port, because server.tls.certificate is set"
_OPEN_TO_ALL = (
    "LISTEN_FDS: cannot listen on {}: expected a loopback address, because no credentials are "
    "configured; set auth.access_key and auth.secret_key to listen there"
)


def open_doors(config: Config, inherited: Inherited) -> list[Doors]:
    """Bound sockets for each worker.

    Args:
        inherited: sockets from systemd. If there are any, they are all that
            there is, and every worker gets the same ones; those whose name has ``tls`` in it are
            for TLS.

    Raises:
        CannotListen: an address of the configuration cannot be bound, or a socket from systemd
            must not be used.
    """
    count = config.worker_count
    if inherited:
        return [_inherited_doors(config, inherited) for _ in range(count)]
    if config.server.tls.certificate is not None and config.server.tls.port is None:
        raise CannotListen(_NO_TLS_PORT)
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


def _inherited_doors(config: Config, inherited: Inherited) -> Doors:
    doors = tuple(
        Door(adopt(descriptor), is_tls="tls" in name, is_shared=True)
        for name, descriptor in inherited
    )
    for door in doors:
        if config.uses_default_credentials and not _is_for_this_machine(door.socket):
            problem = _OPEN_TO_ALL.format(door.url)
            close_doors([doors])
            raise CannotListen(problem)
    return doors


def _is_for_this_machine(bound: socket.socket) -> bool:
    """Whether it has a loopback address; others than IP's may lead anywhere."""
    is_ip = bound.family in (socket.AF_INET, socket.AF_INET6)
    return is_ip and is_loopback(bound.getsockname()[0])


def close_doors(doors: list[Doors]) -> None:
    """Close them all; no effect on sockets that somebody else has taken over."""
    for some in doors:
        for door in some:
            door.socket.close()


def endpoint_doors(thresholds: Sequence[Threshold]) -> Doors:
    """The doors of one process at these endpoints."""
    return tuple(
        Door(each.duplicate(), endpoint=each.endpoint, is_shared=True) for each in thresholds
    )
