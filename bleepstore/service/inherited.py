"""Sockets that systemd, or whatever does as it does, gives this process: sd_listen_fds(3)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from ..errors import CannotListen

_FIRST_DESCRIPTOR = 3
_NO_NAME = "unknown"  # as systemd calls it

Inherited = Sequence[tuple[str, int]]
"""Names and descriptors."""


@frozen
class Inheritance:
    """What the environment says of sockets that are there already.

    Args:
        environment: the one with which the process began.
        pid: of the process that the sockets must be meant for. It is asked for before twistd goes
            into the background, which makes it another one.
    """

    _environment: Mapping[str, str]
    _pid: int

    @classmethod
    def of_this_process(cls) -> Inheritance:
        return cls(_first_environment(), os.getpid())

    def sockets(self) -> Inherited:
        """The sockets, none where nobody gives any.

        Raises:
            CannotListen: it makes no sense what is said of them.
        """
        given = self._environment.get("LISTEN_FDS", "")
        if self._environment.get("LISTEN_PID") != str(self._pid) or not given.isdecimal():
            return ()
        count = int(given)
        said = self._environment.get("LISTEN_FDNAMES")
        names = said.split(":") if said else [_NO_NAME] * count
        if len(names) != count:
            raise CannotListen(f"LISTEN_FDNAMES: expected {count} names, because of LISTEN_FDS")
        return tuple(zip(names, range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + count), strict=True))


def _first_environment() -> dict[str, str]:
    """Twisted removes the sockets from ``os.environ`` early, and forgets those without names."""
    try:
        content = Path("/proc/self/environ").read_bytes()
    except OSError:
        return dict(os.environ)
    pairs = (entry.partition("=") for entry in os.fsdecode(content).split("\0"))
    return {name: value for name, _, value in pairs}


def adopt(descriptor: int) -> socket.socket:
    """One of the sockets, for a descriptor of one's own.

    Raises:
        CannotListen: there is no such socket.
    """
    try:
        return socket.socket(fileno=os.dup(descriptor))
    except OSError as error:
        problem = f"LISTEN_FDS: descriptor {descriptor} is no socket: {error.strerror}"
        raise CannotListen(problem) from error
