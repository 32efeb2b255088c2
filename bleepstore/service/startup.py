"""When the daemon cannot start: what to tell the operator, and an exit code that says so."""

from __future__ import annotations

import atexit
import errno
import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..config.model import Config
from ..errors import BleepStoreError, SchemaTooNew

_FILE_HINTS = {
    errno.EACCES: "give the daemon's user the right to write there, or ",
    errno.EPERM: "give the daemon's user the right to write there, or ",
    errno.EROFS: "make the file system writable, or ",
    errno.ENOSPC: "make room on the disk, or ",
    errno.EDQUOT: "make room on the disk, or ",
}
_BIND_HINTS = {
    errno.EADDRINUSE: "stop the process that has it, or set another {key}",
    errno.EACCES: "set a {key} above 1023, or give the daemon CAP_NET_BIND_SERVICE",
    errno.EADDRNOTAVAIL: "set server.host to an address of this machine",
}


def explain_bind(error: OSError, host: str, port: int, key: str = "server.port") -> str:
    """Why an address cannot be listened on, and what to do next.

    Args:
        key: of the port in the configuration.
    """
    if isinstance(error, socket.gaierror):
        hint = "set server.host to a name or an address of this machine"
    else:
        hint = _BIND_HINTS.get(error.errno or 0, "check server.host and {key}")
    return f"cannot listen on {host}, port {port}: {error.strerror}; {hint.format(key=key)}"


def explain(error: BaseException | None, config: Config) -> str | None:
    """Why the house cannot start, and what to do next; None if this needs a traceback."""
    if isinstance(error, OSError):
        return _explain_file(error, config)
    key, path = next(reversed(config.places.items()), ("storage.backend", "memory"))
    if isinstance(error, SchemaTooNew):
        return f"{path}: {error}"
    if isinstance(error, sqlite3.Error):
        return f"{path}: {error}; check {key}"
    if isinstance(error, BleepStoreError):
        return str(error)
    return None


def _explain_file(error: OSError, config: Config) -> str | None:
    if error.filename is None:
        return None
    path = Path(os.fsdecode(error.filename)).absolute()
    hint = _FILE_HINTS.get(error.errno or 0, "")
    keys = " and ".join(_keys_about(path, config))
    # No setting leads to temporary folders.
    step = f"set {keys} to another place" if keys else "see that the daemon can use it"
    return f"{path}: {error.strerror}; {hint}{step}"


def _keys_about(path: Path, config: Config) -> Iterator[str]:
    """The settings that lead to a path: it is in their folder, or their folder is in it."""
    for key, configured in config.places.items():
        place = configured.absolute()
        if path.is_relative_to(place) or place.is_relative_to(path):
            yield key


def end_in_failure(reactor: Any) -> None:
    """Stop the reactor, and exit with code 1 when all that follows is done.

    twistd knows no other end than success once the reactor runs: it returns, and the
    interpreter exits with 0. A handler that runs at the very end can still say otherwise.
    """
    atexit.register(os._exit, 1)
    reactor.stop()
