# mypy: allow-untyped-calls
"""Sends a stretch of a file: from the kernel, so that its bytes do not come into this process.

To a client on the same machine it is copied (``copying.py``), as far as it is in memory.

The sender takes the outlet's place as the producer of the transport for as long as it works,
so that it is called whenever the socket has room and nothing waits before it. The disk is not
waited for here: the source brings each piece into memory first, in a thread.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer
from twisted.internet.tcp import Connection
from zope.interface import implementer

from ..interfaces import ISendable
from .copying import Copying

if TYPE_CHECKING:
    from .outlet import Outlet

PIECE_BYTES = 4 * 1024 * 1024
"""The most that one connection sends before others get their turn, in up to 2.5 milliseconds. A few percent
faster than with half of it, nginx's default."""

# Linux has it: what is sent meanwhile leaves in full packets, so that the head of an answer goes with
# the bytes, and wakes the client once: a tenth more downloads of 1 MiB a second.
_CORK = getattr(socket, "TCP_CORK", None)

# Not every file system can; the bytes are read and written then.
_CANNOT = frozenset((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP))


def plain_connection(transport: Any) -> Connection | None:
    """A transport whose bytes go to a TCP socket as they are; None for TLS, wrappers and tests."""
    if isinstance(transport, Connection) and not transport.TLS:
        return transport
    return None


@implementer(IPullProducer)
class FileSender:
    """Sends one stretch.

    Args:
        outlet: told when the client keeps us waiting.
        connection: the outlet's transport.
        source: an :class:`~bleepstore.interfaces.ISendable`.
        copy_buffer: if there is one, what is in memory is copied through it.
    """

    def __init__(
        self,
        outlet: Outlet,
        connection: Connection,
        source: Any,
        copy_buffer: memoryview[Any] | None,
    ) -> None:
        self._outlet = outlet
        self._connection = connection
        self._source = ISendable(source)
        self._copying: Copying | None = None
        if copy_buffer is not None:
            self._copying = Copying(connection, self._source, copy_buffer)
        self._sent = 0
        self._preparing: Deferred[None] | None = None
        self._is_over = False
        self._done: Deferred[int] = Deferred()

    def start(self) -> Deferred[int]:
        """Fires with the number of bytes sent: fewer than all if the kernel cannot send more."""
        self._connection.unregisterProducer()
        self._cork(True)
        self._connection.registerProducer(self, False)  # and it calls resumeProducing()
        return self._done

    def stop(self) -> None:
        """Send no more."""
        if not self._is_over:
            if self._preparing is not None:
                self._preparing.cancel()
            self._end()

    # --- the transport's side ----------------------------------------------------------------

    def resumeProducing(self) -> None:
        """The queue is empty, or was when we came."""
        if self._is_over or self._preparing is not None:
            return
        if self._connection.dataBuffer or self._connection._tempDataBuffer:
            self._wait()  # for the head of the answer to go first
        else:
            self._go_on()

    def stopProducing(self) -> None:
        """The connection is lost: its own producer hears of it."""
        self._outlet.stopProducing()

    # --- in between --------------------------------------------------------------------------

    def _go_on(self) -> None:
        size = min(PIECE_BYTES, self._source.length - self._sent)
        if self._copying is None or not self._attempt(self._copying.send, size):
            self._prepare(size)

    def _prepare(self, size: int) -> None:
        preparing = self._source.prepare(self._source.offset + self._sent, size)
        if preparing is None:
            self._send(size)
        else:
            self._preparing = preparing
            preparing.addCallbacks(lambda _: self._prepared(size), lambda _: self._prepared(0))

    def _prepared(self, size: int) -> None:
        self._preparing = None
        if self._is_over:
            return
        if size:
            self._send(size)
        else:
            self._end()  # whoever reads the rest meets the same error

    def _send(self, size: int) -> None:
        if not self._attempt(self._sendfile, size):
            self._end()  # the file has ended

    def _sendfile(self, position: int, size: int) -> int:
        return os.sendfile(self._connection.fileno(), self._source.fileno(), position, size)

    def _attempt(self, send: Callable[[int, int], int], size: int) -> bool:
        """Send some, and wait or end then. False if there is nothing to send in this way."""
        try:
            sent = send(self._source.offset + self._sent, size)
        except BlockingIOError:
            self._wait()
        except OSError as error:
            if error.errno in _CANNOT:
                self._end()
            else:
                self._outlet.abort()
        else:
            if not sent:
                return False
            self._sent += sent
            if self._sent == self._source.length:
                self._end()
            else:
                self._wait()
        return True

    def _wait(self) -> None:
        self._outlet.stalled()
        self._connection.startWriting()

    def _cork(self, is_corked: bool) -> None:
        if _CORK is not None and self._connection.connected:
            with suppress(OSError):  # a socket of another kind
                self._connection.getHandle().setsockopt(socket.IPPROTO_TCP, _CORK, is_corked)

    def _end(self) -> None:
        self._is_over = True
        self._outlet.flowing()
        if self._connection.connected:
            self._cork(False)
            self._connection.unregisterProducer()
            self._connection.registerProducer(self._outlet, True)
        self._done.callback(self._sent)
