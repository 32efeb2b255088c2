"""The assembled house, as those see it from outside who open and close it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IProtocolFactory

if TYPE_CHECKING:
    from ..wire.site import WireSite


class StoreRoom(Protocol):
    """A store as a whole: what its metadata and its backend stand on."""

    def start(self) -> Awaitable[None]:
        """Open the metadata and the storage.

        Fires when they can be used. May fail with what an operator can understand: an
        ``OSError`` with a file name, or a ``BleepStoreError``.
        """

    def stop(self) -> Awaitable[None]:
        """Close storage and metadata. Also called when :meth:`start` has failed."""


class HasOffice(Protocol):
    """What has pages for operators to show."""

    @property
    def office(self) -> WireSite | None:
        """Shows them at an address of their own; None if there is no such address."""


class KeptHouse(StoreRoom, HasOffice, Protocol):
    """A store and who keeps it in order; its start recovers what a crash left half done."""

    def recover(self) -> Awaitable[None]:
        """Remove what processes that are gone have left half done."""


class House(StoreRoom, HasOffice, Protocol):
    """All rooms, built and connected, but not yet at work. Its start and stop are the store's."""

    @property
    def site(self) -> IProtocolFactory:
        """What speaks HTTP on every connection that a listener accepts."""

    def wind_down(self) -> Awaitable[None]:
        """Make each answer the last of its connection; fires when no connection is left."""

    def drain(self) -> Awaitable[None]:
        """Close idle connections, end the others after their request; fires when none is left."""

    def abort(self) -> None:
        """Cut the connections that are left. Their handlers are cancelled."""
