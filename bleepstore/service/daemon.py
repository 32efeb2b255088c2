"""The top-level service: from bound sockets to a house at work, and back in good order."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import txaio
from attrs import define, field
from twisted.application.service import Service
from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort
from twisted.python.failure import Failure

from .. import __version__
from ..config.model import Config
from ..config.sections import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY
from .house import Builder, House
from .listeners import bind, close, listen, stop_listening, url
from .logs import LogChoice
from .startup import end_in_failure, explain, explain_bind

log = txaio.make_logger()

_DEFAULT_CREDENTIALS = (
    "no credentials are configured: anyone on this machine can use the store with the access key "
    "{access_key} and the secret key {secret_key}; it listens on loopback only, until "
    "auth.access_key and auth.secret_key are set"
)


@define(slots=False, eq=False)
class Daemon(Service):
    """BleepStore as a Twisted service.

    Args:
        config: what to run.
        reactor: where to run it.
        build: builds the house; called when the service starts.
        logs: installed as soon as there is an application to log.
    """

    _config: Config
    _reactor: Any
    _build: Builder
    _logs: LogChoice
    _sockets: list[socket.socket] | None = field(default=None, init=False)
    _ports: list[IListeningPort] = field(factory=list, init=False)
    _house: House | None = field(default=None, init=False)
    _starting: Deferred[None] | None = field(default=None, init=False)

    def setServiceParent(self, parent: Any) -> None:
        """Join the application, and choose its log before anything can be logged."""
        Service.setServiceParent(self, parent)
        self._logs.install(parent)

    def privilegedStartService(self) -> None:
        """Bind the sockets, while there may still be the rights to.

        An error waits until the reactor runs: raised here, it would end twistd with a traceback.
        """
        try:
            self._sockets = bind(self._config.listen_host, self._config.server.port)
        except OSError as error:
            self._sockets = []
            log.critical("{problem}", problem=explain_bind(error, self._config))

    def startService(self) -> None:
        """Start the house once the reactor runs."""
        if self._sockets is None:  # not all runners have privileges to give up
            self.privilegedStartService()
        Service.startService(self)
        self._reactor.callWhenRunning(self._begin)

    def _begin(self) -> None:
        if not self._sockets:
            end_in_failure(self._reactor)
        elif self.running:
            self._starting = Deferred.fromCoroutine(self._start(self._sockets))
            self._starting.addErrback(self._give_up)

    async def _start(self, sockets: Sequence[socket.socket]) -> None:
        log.info("BleepStore {version}", version=__version__)
        self._house = self._build(self._config, self._reactor)
        await self._house.start()
        for line in self._house.describe():
            log.info("{line}", line=line)
        if self._config.uses_default_credentials:
            log.warn(
                _DEFAULT_CREDENTIALS, access_key=DEFAULT_ACCESS_KEY, secret_key=DEFAULT_SECRET_KEY
            )
        self._ports = await listen(self._reactor, sockets, self._house.site)
        for port in self._ports:
            log.info("listening on {url}", url=url(port))

    def _give_up(self, failure: Failure) -> None:
        if not self.running:
            return  # stopped while starting; nothing that came of it matters
        problem = explain(failure.value, self._config)
        if problem is None:
            log.failure("cannot start", failure=failure)
        else:
            log.critical("cannot start: {problem}", problem=problem)
        end_in_failure(self._reactor)

    def stopService(self) -> Deferred[None]:
        """Stop in good order: no new connections, then requests, then the house."""
        Service.stopService(self)
        stopped = Deferred.fromCoroutine(self._stop())
        return stopped.addErrback(lambda failure: log.failure("cannot stop", failure=failure))

    async def _stop(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
        close(self._sockets or ())
        if self._house is not None:
            await self._close(self._house)
            log.info("stopped")

    async def _close(self, house: House) -> None:
        try:
            if self._ports:
                await self._finish_requests(house)
        finally:
            await house.stop()

    async def _finish_requests(self, house: House) -> None:
        """Let requests in flight finish for the shutdown timeout, then cut them."""
        seconds = self._config.server.shutdown_timeout
        log.info("stopping; requests in flight have {seconds:g} s to finish", seconds=seconds)
        for port in self._ports:
            await stop_listening(port)
        finished = Deferred.fromCoroutine(_drain(house)).addTimeout(seconds, self._reactor)
        try:
            await finished
        except defer.TimeoutError:
            log.warn("cutting the requests that did not finish in {seconds:g} s", seconds=seconds)
            house.abort()


async def _drain(house: House) -> None:
    await house.drain()
