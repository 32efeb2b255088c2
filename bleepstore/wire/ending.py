"""How a connection ends so that the client still gets the last answer."""

from __future__ import annotations

from typing import Any

from attrs import define, field
from twisted.internet.interfaces import ISSLTransport, ITCPTransport

from .deadline import Deadline
from .limits import WireLimits
from .outlet import Outlet


@define(eq=False, repr=False)
class Ending:
    """Closes a connection, once.

    Attributes:
        has_begun: whether the connection is closing; whatever comes in is dropped then.
        is_half_closed: whether the client sends no more.
    """

    _transport: Any
    _outlet: Outlet
    _deadline: Deadline
    _limits: WireLimits

    has_begun: bool = field(default=False, init=False)
    is_half_closed: bool = field(default=False, init=False)

    def close(self, *, has_unread_input: bool) -> None:
        """Close behind what is written.

        Args:
            has_unread_input: whether the client may still be sending. Only our direction is closed
                at first then, and what comes in is dropped: closing with unread input would reset
                the connection, and the client would lose the answer (RFC 9112 section 9.6).
        """
        if self.has_begun:
            return
        self.has_begun = True
        self._outlet.detach()
        if has_unread_input and self._can_half_close:
            self._deadline.set(self._limits.linger_seconds)
            self._transport.loseWriteConnection()
            self._transport.resumeProducing()
        else:
            self._deadline.set(self._limits.response_stall_seconds)
            self._transport.loseConnection()

    @property
    def _can_half_close(self) -> bool:
        """TLS cannot; there, Twisted goes on reading until the client's ``close_notify``."""
        is_tcp = ITCPTransport.providedBy(self._transport)
        return is_tcp and not self._is_secure and not self.is_half_closed

    @property
    def _is_secure(self) -> bool:
        return bool(ISSLTransport.providedBy(self._transport))

    def hurry(self) -> None:
        """Close an idle connection.

        An idle client does not look at its connection, so over TLS its ``close_notify`` is not
        waited for; nobody has to (RFC 8446 section 6.1).
        """
        self.close(has_unread_input=False)
        if self._is_secure:
            self._transport.transport.loseConnection()

    def abort(self) -> None:
        """Cut the connection. What is not sent yet is lost."""
        self.has_begun = True
        self._transport.abortConnection()
