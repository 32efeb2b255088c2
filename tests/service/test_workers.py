"""One worker process as its parent starts and hears it, without anything being served."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.error import ConnectionDone, ConnectionLost, ProcessDone, ProcessTerminated
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure

from bleepstore.config.metadata import MetadataSection, SqliteSection
from bleepstore.config.model import Config
from bleepstore.errors import WorkerFailed
from bleepstore.service.listeners import Door
from bleepstore.service.orders import FOR_THE_PARENT_ALONE
from bleepstore.service.workers import WorkerPipes, _environment, start_worker

SECRET = "hush-hush-hush"


def test_lines_are_passed_on_whole() -> None:
    lines: list[str] = []
    pipes = WorkerPipes(lines.append)
    for data in (b"one", b"\ntwo\nthr", b"ee \xff", b"\n", b"the rest"):
        pipes.childDataReceived(1, data)
    assert lines == ["one\ntwo\n", "three \\xff\n"]
    pipes.processEnded(Failure(ProcessDone(0)))
    assert lines[2:] == ["the rest\n"]


def test_what_a_worker_prints_is_an_error() -> None:
    pipes = WorkerPipes(lambda _: None)
    with capturedLogs() as logs:
        pipes.childDataReceived(2, b"Fatal Python error: \n  File x\n")
    assert [formatEvent(each) for each in logs] == ["Fatal Python error: ", "  File x"]
    assert {each["log_level"].name for each in logs} == {"error"}


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (ProcessDone(0), "exited with code 0"),
        (ProcessTerminated(exitCode=1), "exited with code 1"),
        (ProcessTerminated(signal=9), "was ended by SIGKILL"),
    ],
)
def test_how_it_ended(reason: Exception, words: str) -> None:
    pipes = WorkerPipes(lambda _: None)
    ends: list[str] = []
    pipes.ended.addCallback(ends.append)
    pipes.processEnded(Failure(reason))
    assert ends == [words]


def test_the_environment_has_nothing_that_is_the_parents(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BLEEPSTORE_AUTH__SECRET_KEY", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("TZ", "UTC")
    environment = _environment()
    assert SECRET not in environment.values()
    assert environment["TZ"] == "UTC"
    assert set(environment["PYTHONPATH"].split(os.pathsep)) == {path for path in sys.path if path}


@pytest_twisted.ensureDeferred
async def test_a_worker_that_cannot_start_says_why_and_ends(tmp_path: Any) -> None:
    path = tmp_path / "file" / "metadata.db"
    path.parent.write_text("not a folder")
    config = Config(metadata=MetadataSection(sqlite=SqliteSection(path)))
    lines: list[str] = []
    worker = start_worker(reactor, config, lines.append)
    with pytest.raises((WorkerFailed, ConnectionDone)):  # whichever arrives first
        await worker.serve((), None)
    assert await worker.ended == "exited with code 1"
    (line,) = "".join(lines).splitlines()
    assert f"CRIT  a worker cannot start: {path.parent}: " in line


@pytest_twisted.ensureDeferred
async def test_a_worker_without_a_place_ends_when_it_is_told_to() -> None:
    worker = start_worker(reactor, Config(), lambda _: None)
    worker.reload(None)
    worker.stop(0)
    assert await worker.ended == "exited with code 0"


@pytest_twisted.ensureDeferred
async def test_a_worker_leaves_to_the_parent_what_a_terminal_tells_all_from_its_first_moment() -> (
    None
):
    lines: list[str] = []
    worker = start_worker(reactor, Config(), lines.append)
    for number in FOR_THE_PARENT_ALONE:
        os.kill(worker.pid, number)
    worker.stop(0)
    assert await worker.ended == "exited with code 0"
    assert lines == []


@pytest_twisted.ensureDeferred
async def test_what_is_asked_of_a_worker_that_has_ended_fails() -> None:
    worker = start_worker(reactor, Config(), lambda _: None)
    worker.kill()
    assert await worker.ended == "was ended by SIGKILL"
    with socket.socket() as listening:
        serving = worker.serve((Door(listening),), None)
        with pytest.raises((AttributeError, ConnectionDone, ConnectionLost)):
            await serving
