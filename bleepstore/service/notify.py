"""Tells systemd how the daemon fares: the protocol of sd_notify(3).

A datagram to the socket that ``$NOTIFY_SOCKET`` names; nothing where systemd did not ask for it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import MutableMapping

import txaio
from attrs import frozen

log = txaio.make_logger()


@frozen
class Notifier:
    """Sends what systemd wants to know.

    Args:
        address: of systemd's socket: a path, or ``@`` and an abstract name; None for nobody.
    """

    _address: str | None

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> Notifier:
        """Take the address out of the environment, so that no child process notifies as well."""
        return cls(environment.pop("NOTIFY_SOCKET", None))

    def ready(self) -> None:
        """Requests are served, for the first time or again."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is read anew; :meth:`ready` follows (``Type=notify-reload``)."""
        now_microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now_microseconds}")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(state.encode(), address)
            except OSError as error:
                log.warn("systemd is not told {state}: {problem}", state=state, problem=error)
