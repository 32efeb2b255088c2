"""Worker processes as their parent sees them: how one is started, told things, and missed."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import txaio
from attrs import define, frozen
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import Factory, ProcessProtocol
from twisted.protocols import amp
from twisted.python.failure import Failure

from ..admin.shared_metrics import SharedMetrics
from ..config.layers import PREFIX
from ..config.model import Config
from ..config.passing import dump
from .doors import Doors
from .orders import (
    FOR_THE_PARENT_ALONE,
    ORDERS_FD,
    Reload,
    Retire,
    Serve,
    Stop,
    pem_arguments,
    to_arguments,
)
from .tls import Pem

log = txaio.make_logger()

Relay = Callable[[str], None]

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_FROM_SYSTEMD = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET")


@define
class _Lines:
    """Cuts what comes through a pipe into whole lines."""

    _relay: Relay
    _rest: bytes = b""

    def feed(self, data: bytes) -> None:
        lines, end, self._rest = (self._rest + data).rpartition(b"\n")
        if end:
            self._relay((lines + end).decode("utf-8", "backslashreplace"))

    def finish(self) -> None:
        if self._rest:
            self.feed(b"\n")


class WorkerPipes(ProcessProtocol):
    """What comes out of a worker: lines, and at last its end.

    Args:
        relay: gets the lines of its log.
    """

    def __init__(self, relay: Relay) -> None:
        self.ended: Deferred[str] = Deferred()
        self._pid: int | None = None
        self._lines = {_STDOUT: _Lines(relay), _STDERR: _Lines(self._complain)}

    def connectionMade(self) -> None:
        self._pid = self.transport.pid if self.transport is not None else None

    def childDataReceived(self, childFD: int, data: bytes) -> None:  # noqa: N803 - Twisted's name
        self._lines[childFD].feed(data)

    def processEnded(self, reason: Failure) -> None:
        for lines in self._lines.values():
            lines.finish()
        self.ended.callback(_how_it_ended(reason.value))

    def _complain(self, lines: str) -> None:
        """What is not logged but printed is the interpreter's own."""
        for line in lines.splitlines():
            log.error("{line}", line=line, worker=self._pid)


def _how_it_ended(reason: Any) -> str:
    if reason.signal is not None:
        return f"was ended by {signal.Signals(reason.signal).name}"
    return f"exited with code {reason.exitCode}"


@frozen(eq=False)
class Worker:
    """A worker process.

    Attributes:
        pid: its process id.
        ended: fires when the process is gone, with words that say how it ended.
    """

    pid: int
    ended: Deferred[str]
    _transport: Any
    _orders: amp.AMP

    def serve(
        self, doors: Doors, metrics: SharedMetrics | None, pem: Pem | None = None
    ) -> Deferred[Any]:
        """Let it serve at some doors, which stay open here as well.

        Args:
            doors: their sockets listen at last when the worker does.
            metrics: where it counts.
            pem: the certificate to show, if any.

        Returns:
            fires when clients are served; fails if the process ends before.
        """
        arguments = to_arguments(doors, metrics, pem)
        # AMP raises, instead of failing, where sockets are to go to a process that has just ended.
        serving: Deferred[Any] = maybeDeferred(self._orders.callRemote, Serve, **arguments)
        return serving

    def reload(self, pem: Pem | None) -> None:
        """Let it show another certificate."""
        self._orders.callRemote(Reload, **pem_arguments(pem)).addErrback(_gone)

    def retire(self) -> None:
        """Let it end when the clients that are connected want nothing any more."""
        self._orders.callRemote(Retire)

    def stop(self, seconds: float) -> None:
        """Let it end; requests in flight have some seconds to finish."""
        self._orders.callRemote(Stop, seconds=float(seconds))

    def kill(self) -> None:
        """End it now."""
        with suppress(ProcessExitedAlready):
            self._transport.signalProcess("KILL")


def _gone(failure: Failure) -> None:
    """Who does not answer is gone, and that is noticed elsewhere."""
    log.debug("an order was not heard: {problem}", problem=failure.getErrorMessage())


def start_worker(reactor: Any, config: Config, relay: Relay) -> Worker:
    """Start a worker, which then gets ready to serve.

    Args:
        relay: gets the lines of its log.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pipes = WorkerPipes(relay)
        transport = _spawn(reactor, pipes, theirs)
        transport.write(dump(config))
        transport.closeStdin()
        orders = amp.AMP()
        ours.setblocking(False)
        factory = Factory.forProtocol(lambda: orders)
        reactor.adoptStreamConnection(ours.fileno(), socket.AF_UNIX, factory)
    return Worker(transport.pid, pipes.ended, transport, orders)


def _spawn(reactor: Any, pipes: WorkerPipes, orders: socket.socket) -> Any:
    descriptors: dict[int, int | str] = {_STDIN: "w", _STDOUT: "r", _STDERR: "r"}
    descriptors[ORDERS_FD] = orders.fileno()
    # -P: modules come from where the parent found them, and not from the working directory.
    command = [sys.executable, "-P", "-m", f"{__package__}.worker"]
    # What the terminal sends to all waits, there, until the worker has come so far as to ignore it.
    former = signal.pthread_sigmask(signal.SIG_BLOCK, FOR_THE_PARENT_ALONE)
    try:
        return reactor.spawnProcess(
            pipes, sys.executable, command, env=_environment(), childFDs=descriptors
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def _environment() -> dict[str, str]:
    """Nothing of the configuration: it may be secret, and comes another way."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIX) and name not in _FROM_SYSTEMD
    }
    return environment | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
