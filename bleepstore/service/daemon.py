"""The top-level service: from bound sockets to a crew at work, and back in good order."""

from __future__ import annotations

import os
import signal
from typing import Any

import txaio
from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ..config.model import Config
from ..errors import CannotListen
from .banner import log_banner
from .crew import Crew
from .doors import Doors, close_doors, endpoint_doors, open_doors
from .endpoints import Threshold, from_address, make_threshold
from .inherited import Inheritance
from .logs import LogChoice
from .notify import Notifier
from .signals import Signals
from .startup import end_in_failure, explain

log = txaio.make_logger()


@define(slots=False, eq=False)
class Daemon(Service):
    """BleepStore as a Twisted service.

    Args:
        config: what to run.
        reactor: where to run it.
        crew: who serves.
        logs: installed as soon as there is an application to log.
    """

    _config: Config
    _reactor: Any
    _crew: Crew
    _logs: LogChoice
    _inheritance: Inheritance = field(factory=Inheritance.of_this_process, init=False)
    _doors: list[Doors] | None = field(default=None, init=False)
    _thresholds: list[Threshold] = field(factory=list, init=False)
    _office: Threshold | None = field(default=None, init=False)
    _starting: Deferred[None] | None = field(default=None, init=False)
    _is_serving: bool = field(default=False, init=False)
    _notifier: Notifier = field(init=False)
    _signals: Signals = field(init=False)

    def __attrs_post_init__(self) -> None:
        actions = {int(signal.SIGHUP): self._reload, int(signal.SIGUSR2): self._crew.restart}
        self._signals = Signals(self._reactor, actions)
        self._notifier = Notifier.from_environment(os.environ)

    def setServiceParent(self, parent: Any) -> None:
        """Join the application, and choose its log before anything can be logged."""
        Service.setServiceParent(self, parent)
        self._logs.install(parent)

    def privilegedStartService(self) -> None:
        """Bind the sockets, while there may still be the rights to.

        An error waits until the reactor runs: raised here, it would end twistd with a traceback.
        """
        try:
            self._doors = self._open_doors()
        except CannotListen as error:
            self._doors = []
            log.critical("{problem}", problem=str(error))

    def _open_doors(self) -> list[Doors]:
        doors = open_doors(self._config, self._inheritance.sockets())
        try:
            for endpoint in self._config.server.endpoints:
                self._thresholds.append(make_threshold(self._reactor, endpoint))
            self._office = self._open_office()
        except CannotListen:
            close_doors(doors)
            raise
        return [(*some, *endpoint_doors(self._thresholds)) for some in doors]

    def _open_office(self) -> Threshold | None:
        address = self._config.observability.listen
        if address is None:
            return None
        return make_threshold(self._reactor, from_address(address), "observability.listen")

    def startService(self) -> None:
        """Start the crew once the reactor runs."""
        if self._doors is None:  # not all runners have privileges to give up
            self.privilegedStartService()
        Service.startService(self)
        self._reactor.callWhenRunning(self._begin)

    def _begin(self) -> None:
        if not self._doors:
            end_in_failure(self._reactor)
        elif self.running:
            self._signals.install()
            self._starting = Deferred.fromCoroutine(self._start(self._doors))
            self._starting.addErrback(self._give_up)

    async def _start(self, doors: list[Doors]) -> None:
        log_banner(self._config)
        urls = [door.url for door in doors[0]]
        offices = endpoint_doors([self._office] if self._office is not None else [])
        await self._crew.start(doors, *offices)
        for url in urls:
            log.info("listening on {url}", url=url)
        if self._office is not None:
            log.info("showing health and metrics on {url}", url=self._office.url)
        self._is_serving = True
        self._notifier.ready()

    def _give_up(self, failure: Failure) -> None:
        if not self.running:
            return  # stopped while starting; nothing that came of it matters
        problem = explain(failure.value, self._config)
        if problem is None:
            log.failure("cannot start", failure=failure)
        else:
            log.critical("cannot start: {problem}", problem=problem)
        end_in_failure(self._reactor)

    def _reload(self) -> None:
        is_ready = self._is_serving and self.running  # else: it is not for this to say so
        if is_ready:
            self._notifier.reloading()
        try:
            self._logs.reopen()
            log.info("opened the log; reading the certificate anew")
            self._crew.reload()
        finally:
            if is_ready:
                self._notifier.ready()

    def stopService(self) -> Deferred[None]:
        """Stop in good order: no new connections, then requests, then the house."""
        Service.stopService(self)
        stopped = Deferred.fromCoroutine(self._stop())
        return stopped.addErrback(lambda failure: log.failure("cannot stop", failure=failure))

    async def _stop(self) -> None:
        close_doors(self._doors or [])
        for threshold in (*self._thresholds, *([self._office] if self._office else [])):
            await threshold.close()
        if self._starting is None:
            return
        self._starting.cancel()
        self._signals.uninstall()
        self._notifier.stopping()
        seconds = self._config.server.shutdown_timeout
        if self._is_serving:
            log.info("stopping; requests in flight have {seconds:g} s to finish", seconds=seconds)
        await self._crew.stop(seconds)
        log.info("stopped")
