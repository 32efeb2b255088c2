"""The daemon around a fake house: when it listens, and how it stops."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent

from bleepstore.config.auth import AuthSection
from bleepstore.config.model import Config
from bleepstore.config.server import ServerSection
from bleepstore.service.daemon import Daemon
from bleepstore.service.logs import LogChoice
from bleepstore.service.office import Office
from bleepstore.service.reception import Reception
from bleepstore.service.solo import Solo
from bleepstore.service.tls import Tls
from tests.service.fake_house import FakeHouse

AUTH = AuthSection(access_key="root", secret_key="hush-hush-hush")


class Runner:
    """Makes daemons, and stops those that a test leaves running."""

    def __init__(self) -> None:
        self.running: list[Daemon] = []

    def start(self, house: FakeHouse, auth: AuthSection = AUTH, timeout: float = 1000) -> Daemon:
        server = ServerSection(host="127.0.0.1", port=0, workers=1, shutdown_timeout=timeout)
        config = Config(server=server, auth=auth)
        tls = Tls(server.tls)
        crew = Solo(Reception(reactor, house, tls), Office(reactor), tls)
        daemon = Daemon(config, reactor, crew, LogChoice(config.logging, {}))
        daemon.privilegedStartService()
        daemon.startService()
        self.running.append(daemon)
        return daemon

    def stop(self, daemon: Daemon) -> Deferred[None]:
        self.running.remove(daemon)
        return daemon.stopService()


@pytest_twisted.async_yield_fixture
async def runner() -> AsyncIterator[Runner]:
    runner = Runner()
    yield runner
    for daemon in list(runner.running):
        await runner.stop(daemon)


def address(daemon: Daemon) -> tuple[str, int]:
    """Where it is bound; asked before it takes the sockets over."""
    assert daemon._doors
    host, port = daemon._doors[0][0].socket.getsockname()
    return host, port


def test_it_listens_when_the_house_has_started(runner: Runner) -> None:
    house = FakeHouse(started=Deferred())
    bound = address(runner.start(house))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(bound)
    house.started.callback(None)
    socket.create_connection(bound).close()


@pytest_twisted.ensureDeferred
async def test_stopping_closes_the_door_waits_for_requests_and_then_stops_the_house(
    runner: Runner,
) -> None:
    house = FakeHouse(started=Deferred(), drained=Deferred())
    daemon = runner.start(house)
    where = address(daemon)
    house.started.callback(None)
    stopped = runner.stop(daemon)
    await _draining(house)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(where)
    assert house.steps == ["start", "drain"]
    assert not stopped.called
    house.drained.callback(None)
    await stopped
    assert house.steps == ["start", "drain", "stop"]


@pytest_twisted.ensureDeferred
async def test_requests_that_do_not_finish_in_time_are_cut(runner: Runner) -> None:
    house = FakeHouse(drained=Deferred())
    await runner.stop(runner.start(house, timeout=0))
    assert house.steps == ["start", "drain", "abort", "stop"]


@pytest_twisted.ensureDeferred
async def test_stopping_while_starting_gives_the_start_up(runner: Runner) -> None:
    house = FakeHouse(started=Deferred())
    daemon = runner.start(house)
    bound = address(daemon)
    with capturedLogs() as logs:
        await runner.stop(daemon)
    assert house.steps == ["start", "drain", "stop"]
    assert [formatEvent(each) for each in logs] == ["stopped"]
    bind_again = socket.socket()
    bind_again.bind(bound)
    bind_again.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What a daemon tells systemd arrives here."""
    address = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(address)
        notified.setblocking(False)
        yield notified


@pytest_twisted.ensureDeferred
async def test_a_hang_up_while_it_starts_makes_it_ready_no_sooner(
    runner: Runner, systemd: socket.socket
) -> None:
    house = FakeHouse(started=Deferred())
    runner.start(house)
    with capturedLogs() as logs:
        os.kill(os.getpid(), signal.SIGHUP)
        while not any("opened the log" in formatEvent(each) for each in logs):
            await _next_turn()
    with pytest.raises(BlockingIOError):
        systemd.recv(100)
    house.started.callback(None)
    assert systemd.recv(100) == b"READY=1"


@pytest_twisted.ensureDeferred
async def test_a_house_that_fails_to_drain_is_stopped_all_the_same(
    runner: Runner, flush_logged_errors: Any
) -> None:
    house = FakeHouse(drained=Deferred())
    stopped = runner.stop(runner.start(house))
    await _draining(house)
    house.drained.errback(ZeroDivisionError())
    await stopped
    assert house.steps == ["start", "drain", "stop"]
    assert flush_logged_errors(ZeroDivisionError)


def test_the_banner_and_the_default_credentials_are_logged(runner: Runner) -> None:
    house = FakeHouse(started=Deferred())
    with capturedLogs() as logs:
        host, port = address(runner.start(house, AuthSection()))
        house.started.callback(None)
    assert ["workers" in each for each in logs if "log_format" in each].count(True) == 1
    lines = [formatEvent(each) for each in logs if "log_format" in each]
    assert f"metadata: sqlite in {Path('data/metadata.db').absolute()}" in lines
    assert "workers: 1" in lines
    assert lines[-1] == f"listening on http://{host}:{port}"
    (warning,) = [line for line in lines if "no credentials are configured" in line]
    assert "access key bleepstore and the secret key bleepstore-secret" in warning


def test_configured_secrets_are_not_logged(runner: Runner) -> None:
    with capturedLogs() as logs:
        runner.start(FakeHouse())
    assert logs
    assert all("hush-hush-hush" not in repr(each) for each in logs)
    assert not any("credentials" in formatEvent(each) for each in logs)


async def _draining(house: FakeHouse) -> None:
    """Let the reactor run until the house is told to drain."""
    while "drain" not in house.steps:
        await _next_turn()


def _next_turn() -> Deferred[None]:
    turned: Deferred[None] = Deferred()
    reactor.callLater(0, turned.callback, None)
    return turned
