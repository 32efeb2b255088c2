"""A proxy in front of an upstream, which lets a test break what goes through it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from urllib.parse import urlsplit

from attrs import define, field

_BLOCK_BYTES = 64 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@define(eq=False)
class FaultyProxy:
    """Passes TCP connections on, in threads.

    Attributes:
        down_bytes, up_bytes: how many more bytes may go from the upstream and to it before the
            connection is reset; None for any number. The connection after that is unbroken, or
            not: see ``is_lasting``.
        is_lasting: whether no more bytes get through until it is mended.
        canned: what every request is answered with, by the proxy itself; empty for nothing.
        flipped: a sequence of bytes, each occurrence of which arrives with its first bit changed.
    """

    url: str
    down_bytes: int | None = None
    up_bytes: int | None = None
    is_lasting: bool = False
    canned: bytes = b""
    flipped: bytes = b""
    _listener: socket.socket | None = None
    _port: int = 0
    _sockets: list[socket.socket] = field(factory=list)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, and reset those that there are."""
        if self._listener is not None:
            # Closing alone would leave the thread waiting for the next connection.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.reset()

    def reset(self) -> None:
        """Reset all connections."""
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            _reset(each)

    def mend(self) -> None:
        """Break nothing any more."""
        self.down_bytes = self.up_bytes = None
        self.is_lasting, self.canned, self.flipped = False, b"", b""

    def _accept(self, listener: socket.socket) -> None:
        target = urlsplit(self.url)
        while True:
            try:
                client, _ = listener.accept()
                upstream = socket.create_connection((target.hostname, target.port))
            except OSError:
                return
            self._sockets += [client, upstream]
            for arguments in ((client, upstream, True), (upstream, client, False)):
                threading.Thread(target=self._pump, args=arguments, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, is_up: bool) -> None:
        try:
            while block := source.recv(_BLOCK_BYTES):
                if is_up and self.canned:
                    source.sendall(self.canned)
                    break
                if self.flipped and not is_up:
                    changed = bytes([self.flipped[0] ^ 0x80]) + self.flipped[1:]
                    block = block.replace(self.flipped, changed)
                allowed = self._allowed(len(block), is_up)
                target.sendall(block[:allowed])
                if allowed < len(block):
                    _reset(source)
                    _reset(target)
                    return
        except OSError:
            pass
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _allowed(self, size: int, is_up: bool) -> int:
        left = self.up_bytes if is_up else self.down_bytes
        if left is None:
            return size
        allowed = min(left, size)
        rest: int | None = left - allowed
        if allowed < size and not self.is_lasting:
            rest = None
        if is_up:
            self.up_bytes = rest
        else:
            self.down_bytes = rest
        return allowed


def _reset(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        each.shutdown(socket.SHUT_RD)
    with contextlib.suppress(OSError):
        each.close()
