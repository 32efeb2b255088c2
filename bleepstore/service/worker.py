# mypy: allow-untyped-calls
"""A worker process: serves at the doors that it is given, and does what its parent says.

``python -m bleepstore.service.worker``, started by :mod:`.workers` and by nobody else. It loads the
program and waits until it is given doors. It logs to its standard output, whose lines the parent
passes on. When the parent is gone, it ends at once, or as soon as it has loaded: it has no addresses
before, so a new parent finds them free.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import txaio
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.logger import globalLogBeginner
from twisted.protocols import amp
from twisted.python.failure import Failure

from ..admin.shared_metrics import SharedMetrics
from ..config.model import Config
from ..config.passing import restore
from ..errors import ConfigError, WorkerFailed
from .doors import Doors
from .house import House
from .log_output import LogOutput, standard_output
from .logs import make_observer
from .orders import (
    FOR_THE_PARENT_ALONE,
    ORDERS_FD,
    Reload,
    Retire,
    Serve,
    Stop,
    to_doors,
    to_metrics,
    to_pem,
)
from .reception import Reception
from .startup import explain
from .tls import Pem, Tls

log = txaio.make_logger()

_LAST_SECONDS = 10


Assemble = Callable[[SharedMetrics | None], House]
"""Builds the house, given where it counts."""


@define(eq=False)
class Worker:
    """One process that serves.

    Args:
        assemble: builds what it serves.
    """

    _config: Config
    _reactor: Any
    _assemble: Assemble
    exit_code: int = field(default=0, init=False)
    _metrics: SharedMetrics | None = field(default=None, init=False)
    _reception: Reception | None = field(default=None, init=False)
    _opening: Deferred[None] | None = field(default=None, init=False)
    _is_stopping: bool = field(default=False, init=False)
    _patience_seconds: float = field(init=False)
    _tls: Tls = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._tls = Tls(self._config.server.tls)
        self._patience_seconds = self._config.server.shutdown_timeout
        # Whatever ends the reactor, an order or SIGTERM, ends the service in good order.
        self._reactor.addSystemEventTrigger("before", "shutdown", self._close)

    async def serve(self, doors: Doors, metrics: SharedMetrics | None, pem: Pem | None) -> None:
        """Begin.

        Args:
            doors: from the parent.
            metrics: where this process and others count.
            pem: the certificate, if there is one.

        Raises:
            WorkerFailed: that cannot be; why is logged, and the process ends.
        """
        self._metrics = metrics
        try:
            self._tls.use(pem)
            self._reception = Reception(self._reactor, self._assemble(metrics), self._tls)
            self._opening = Deferred.fromCoroutine(self._reception.open(doors))
            await self._opening
        except Exception as error:
            if not self._is_stopping:
                self._give_up(error)
            raise WorkerFailed("a worker did not start") from error

    def _give_up(self, error: Exception) -> None:
        problem = explain(error, self._config)
        if problem is None:
            log.failure("a worker cannot start", failure=Failure(error))
        else:
            log.critical("a worker cannot start: {problem}", problem=problem)
        self.exit_code = 1
        self.stop(0)

    def reload(self, pem: Pem | None) -> None:
        """Show another certificate on connections from now on."""
        self._tls.use(pem)

    async def retire(self) -> None:
        """Serve those to the end who are connected, then stop."""
        if self._reception is not None:
            await self._reception.retire()
        self.stop(0)

    def stop(self, seconds: float) -> None:
        """Stop; requests in flight have some seconds to finish. Again, it only changes those."""
        self._patience_seconds = seconds
        if not self._is_stopping:
            self._is_stopping = True
            self._reactor.stop()

    def orphan(self) -> None:
        """The parent is gone: end at once, and leave nothing of what was counted together."""
        if self._is_stopping:
            return  # it is our end that comes first
        signal.alarm(_LAST_SECONDS)  # which ends the process, should it not end by itself
        if self._metrics is not None:
            self._metrics.discard()
        self.stop(0)

    def _close(self) -> Deferred[None]:
        self._is_stopping = True
        if self._opening is not None:
            self._opening.cancel()
        closing = Deferred.fromCoroutine(self._close_reception())
        return closing.addErrback(lambda failure: log.failure("cannot stop", failure=failure))

    async def _close_reception(self) -> None:
        if self._reception is not None:
            await self._reception.close(self._patience_seconds)


class Ear(amp.AMP):
    """Hears the parent's orders, and its end."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker

    @Serve.responder
    def serve(
        self,
        doors: list[dict[str, Any]],
        folder: str | None = None,
        name: str | None = None,
        certificates: bytes | None = None,
        private_key: bytes | None = None,
    ) -> Deferred[dict[str, Any]]:
        pem = to_pem(certificates, private_key)
        serving = self._worker.serve(to_doors(doors), to_metrics(folder, name), pem)
        return Deferred.fromCoroutine(_answered(serving))

    @Reload.responder
    def reload(
        self, certificates: bytes | None = None, private_key: bytes | None = None
    ) -> dict[str, Any]:
        self._worker.reload(to_pem(certificates, private_key))
        return {}

    @Retire.responder
    def retire(self) -> dict[str, Any]:
        retiring = Deferred.fromCoroutine(self._worker.retire())
        retiring.addErrback(lambda failure: log.failure("cannot retire", failure=failure))
        return {}

    @Stop.responder
    def stop(self, seconds: float) -> dict[str, Any]:
        self._worker.stop(seconds)
        return {}

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        super().connectionLost(reason)
        self._worker.orphan()


async def _answered(work: Awaitable[None]) -> dict[str, Any]:
    await work
    return {}


def main() -> int:
    """Run until the parent, or its end, says otherwise; answers the exit code."""
    for number in FOR_THE_PARENT_ALONE:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FOR_THE_PARENT_ALONE)  # see workers.py
    try:
        config = restore(sys.stdin.buffer.read())
    except ConfigError as error:  # of another version than the parent
        sys.stderr.write(f"a worker cannot start: {error}\n")
        return 1
    output = LogOutput(standard_output())
    observer = make_observer(config.logging, output)
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
    txaio.set_global_log_level(config.logging.level)
    try:
        return _run(config, output)
    finally:
        output.flush()


def _run(config: Config, output: LogOutput) -> int:
    # Imported here, so that nothing is settled on a reactor before.
    from twisted.internet import reactor as installed

    from .assembly import assemble_worker

    reactor: Any = installed
    worker = Worker(
        config, reactor, lambda metrics: assemble_worker(config, reactor, metrics, output)
    )
    os.set_blocking(ORDERS_FD, False)
    reactor.adoptStreamConnection(
        ORDERS_FD, socket.AF_UNIX, Factory.forProtocol(lambda: Ear(worker))
    )
    os.close(ORDERS_FD)
    reactor.run()
    return worker.exit_code


if __name__ == "__main__":
    sys.exit(main())
