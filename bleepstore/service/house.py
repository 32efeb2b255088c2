"""The assembled house, as the daemon sees it from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IProtocolFactory

from ..config.model import Config


class House(Protocol):
    """All rooms, built and connected, but not yet at work."""

    @property
    def site(self) -> IProtocolFactory:
        """What speaks HTTP on every connection that a listener accepts."""

    def start(self) -> Awaitable[None]:
        """Open the metadata and the storage, and recover what a crash left half done.

        Fires when requests can be served. May fail with what an operator can understand: an
        ``OSError`` with a file name, or a ``BleepStoreError``.
        """

    def drain(self) -> Awaitable[None]:
        """Close idle connections, end the others after their request; fires when none is left."""

    def abort(self) -> None:
        """Cut the connections that are left. Their handlers are cancelled."""

    def stop(self) -> Awaitable[None]:
        """Close storage and metadata. Called last, and also when :meth:`start` has failed."""

    def describe(self) -> list[str]:
        """What the banner says of backend, metadata and where the data is, a line each."""


Builder = Callable[[Config, Any], House]
"""Builds a house from a configuration and a reactor."""
