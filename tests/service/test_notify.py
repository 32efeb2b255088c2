"""What systemd hears."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.logger import capturedLogs, formatEvent

from bleepstore.service.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address.replace("@", "\0"))
        listening.setblocking(False)
        yield address, listening


def test_each_state_is_a_datagram(systemd: tuple[str, socket.socket]) -> None:
    address, listening = systemd
    environment = {"NOTIFY_SOCKET": address, "HOME": "/"}
    notifier = Notifier.from_environment(environment)
    assert environment == {"HOME": "/"}  # so that no child process notifies
    notifier.ready()
    notifier.reloading()
    notifier.stopping()
    heard = [listening.recv(1000).decode() for _ in range(3)]
    assert heard[0] == "READY=1"
    state, since = heard[1].split("\n")
    assert (state, since.startswith("MONOTONIC_USEC=")) == ("RELOADING=1", True)
    assert heard[2] == "STOPPING=1"


def test_without_systemd_nothing_happens() -> None:
    with capturedLogs() as logs:
        Notifier.from_environment({}).ready()
    assert logs == []


def test_a_systemd_that_does_not_listen_is_no_error(tmp_path: Path) -> None:
    with capturedLogs() as logs:
        Notifier(str(tmp_path / "nobody")).ready()
    (line,) = [formatEvent(each) for each in logs]
    assert line.startswith("systemd is not told READY=1: ")
