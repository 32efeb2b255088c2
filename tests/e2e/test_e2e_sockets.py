"""Sockets beside the daemon's own: endpoint strings, and what systemd gives and wants to know."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.daemon import ROOT, Daemon
from tests.e2e.tls_proxy import make_certificate
from tests.e2e.waiting import PATIENCE_SECONDS, wait_for

_WORKERS = pytest.mark.parametrize("workers", [1, 2])

# systemd says which process its sockets are for; as that is known only here, this is exec'ed.
_AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.environ |= {"LISTEN_FDNAMES": name for name in [sys.argv[2]] if name}
os.execv(sys.argv[3], sys.argv[3:])
"""


def ask(
    address: str | tuple[str, int], preface: bytes = b"", certificate: Path | None = None
) -> bytes:
    """What the daemon answers on a new connection, over TLS if a certificate is to be shown."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    connection = socket.socket(family)
    connection.settimeout(PATIENCE_SECONDS)
    connection.connect(address)
    if certificate is not None:
        context = ssl.create_default_context(cafile=str(certificate))
        connection = context.wrap_socket(connection, server_hostname="127.0.0.1")
    with connection:
        connection.sendall(preface)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        return connection.makefile("rb").read()


def free_addresses(count: int) -> list[tuple[str, int]]:
    """Addresses that were free a moment ago."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [each.getsockname() for each in taken]
    for each in taken:
        each.close()
    return addresses


@_WORKERS
def test_endpoints_are_listened_at_in_addition(own_daemon: Daemon, workers: int) -> None:
    own_daemon.folder.mkdir()
    path = str(own_daemon.folder / "socket")
    tcp, proxied, tls = free_addresses(3)
    make_certificate(own_daemon.folder / "tls.pem")
    endpoints = [
        f"unix:{path}",
        f"tcp:{tcp[1]}:interface=127.0.0.1",
        f"haproxy:tcp:{proxied[1]}:interface=127.0.0.1",
        f"ssl:{tls[1]}:interface=127.0.0.1:privateKey={own_daemon.folder / 'tls.pem'}",
    ]
    own_daemon.settings = {"server": {"workers": workers, "endpoints": endpoints}}
    own_daemon.start()
    own_daemon.hang_up()
    if workers > 1:
        os.kill(own_daemon.pid, signal.SIGUSR2)
        wait_for(lambda: "all workers are replaced" in own_daemon.log, "the replacement")
    for _ in range(5):
        assert ask(path).endswith(b"ok\n")
        assert ask(tcp).endswith(b"ok\n")
        assert ask(proxied, b"PROXY TCP4 192.0.2.7 10.0.0.1 50000 80\r\n").endswith(b"ok\n")
        assert ask(tls, certificate=own_daemon.folder / "tls.pem").endswith(b"ok\n")
        assert ask(("127.0.0.1", own_daemon.port)).endswith(b"ok\n")
    assert "remote=192.0.2.7" in own_daemon.log
    own_daemon.stop()
    assert not Path(path).exists()


@pytest.mark.parametrize("endpoint", ["nonsense:1", "tcp:x", "unix:/missing/folder/socket"])
def test_an_endpoint_that_cannot_be_listened_at_ends_it(own_daemon: Daemon, endpoint: str) -> None:
    own_daemon.settings = {"server": {"endpoints": [endpoint]}}
    own_daemon.launch()
    assert own_daemon.wait() == 1
    assert f"server.endpoints: cannot listen on {endpoint}: " in own_daemon.log
    assert "Traceback" not in own_daemon.log


class Systemd:
    """Starts the daemon with a socket, and hears what it says of itself."""

    def __init__(self, daemon: Daemon, notify_address: str, name: str) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.settimeout(PATIENCE_SECONDS)
        self._notified.bind(notify_address.replace("@", "\0"))
        twistd = str(Path(sys.executable).with_name("twistd"))
        self._log = daemon.log_path
        self.process = subprocess.Popen(
            [
                sys.executable, "-c", _AS_SYSTEMD, str(self.listening.fileno()), name,
                twistd, "--nodaemon", "--pidfile=",
                "bleepstore", "--config", str(daemon.write_configuration()),
            ],
            cwd=daemon.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "NOTIFY_SOCKET": notify_address},
            pass_fds=[self.listening.fileno()],
            stdout=daemon.log_path.open("wb"),
            stderr=subprocess.STDOUT,
        )  # fmt: skip

    def heard(self) -> list[str]:
        """The next message, line by line."""
        return self._notified.recv(1000).decode().splitlines()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._notified.close()
        self.listening.close()


@contextmanager
def systemd(daemon: Daemon, notify_address: str, name: str = "http") -> Iterator[Systemd]:
    running = Systemd(daemon, notify_address, name)
    try:
        yield running
    finally:
        running.close()


@_WORKERS
@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_under_systemd(own_daemon: Daemon, tmp_path: Path, workers: int, kind: str) -> None:
    address = str(tmp_path / "notify") if kind == "path" else f"@bleepstore-{os.getpid()}-{workers}"
    own_daemon.settings = {"server": {"workers": workers, "port": 1}}  # which is not bound
    own_daemon.folder.mkdir()
    with systemd(own_daemon, address) as system:
        assert system.heard() == ["READY=1"]
        place = system.listening.getsockname()
        assert all(ask(place).endswith(b"ok\n") for _ in range(10))
        system.process.send_signal(signal.SIGHUP)
        state, since = system.heard()
        assert state == "RELOADING=1"
        assert since.startswith("MONOTONIC_USEC=")
        assert system.heard() == ["READY=1"]
        system.process.send_signal(signal.SIGTERM)
        assert system.heard() == ["STOPPING=1"]
        assert system.process.wait(PATIENCE_SECONDS) == -signal.SIGTERM
        socket.create_connection(place).close()  # systemd's socket stays open
    assert f"listening on http://127.0.0.1:{place[1]}" in own_daemon.log_path.read_text()


def test_a_socket_without_a_name_is_used(own_daemon: Daemon, tmp_path: Path) -> None:
    own_daemon.settings = {"server": {"port": 1}}  # which is not bound
    own_daemon.folder.mkdir()
    with systemd(own_daemon, str(tmp_path / "notify"), name="") as system:
        assert system.heard() == ["READY=1"]
        assert ask(system.listening.getsockname()).endswith(b"ok\n")
