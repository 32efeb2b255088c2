"""HTTPS on a port of its own, its certificate, and sockets that others have made."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import socket
import ssl
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from tests.e2e.clients import boto3_client
from tests.e2e.daemon import REGION, Daemon
from tests.e2e.tls_proxy import make_certificate
from tests.e2e.waiting import PATIENCE_SECONDS, wait_for

_HERE = {"LocationConstraint": REGION}


@pytest.fixture(params=[1, 2], ids=["one process", "two workers"])
def secure(request: pytest.FixtureRequest, own_daemon: Daemon) -> Daemon:
    """A daemon that speaks TLS as well, with a certificate of its own, ``tls.pem``."""
    own_daemon.folder.mkdir()
    make_certificate(own_daemon.folder / "tls.pem")
    tls = {"port": 0, "certificate": str(own_daemon.folder / "tls.pem")}
    own_daemon.settings = {"server": {"workers": request.param, "tls": tls}}
    own_daemon.start()
    return own_daemon


def tls_port(daemon: Daemon) -> int:
    found = re.search(r"listening on https://127\.0\.0\.1:(\d+)", daemon.log)
    assert found
    return int(found[1])


def connect(daemon: Daemon, certificate: Path) -> HTTPSConnection:
    """A connection that trusts one certificate only."""
    context = ssl.create_default_context(cafile=str(certificate))
    connection = HTTPSConnection(
        "127.0.0.1", tls_port(daemon), timeout=PATIENCE_SECONDS, context=context
    )
    connection.connect()
    return connection


def is_served(connection: HTTPSConnection) -> bool:
    connection.request("GET", "/healthz")
    return connection.getresponse().read() == b"ok\n"


def test_objects_go_up_and_down_over_tls(secure: Daemon) -> None:
    endpoint = f"https://127.0.0.1:{tls_port(secure)}"
    s3 = boto3_client(secure, endpoint_url=endpoint, verify=str(secure.folder / "tls.pem"))
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration=_HERE)
    for size in (100, 3_000_000):
        body = os.urandom(size)
        s3.put_object(Bucket="bucket", Key="k", Body=body)
        got = s3.get_object(Bucket="bucket", Key="k")
        assert hashlib.md5(got["Body"].read()).hexdigest() == hashlib.md5(body).hexdigest()
    plain = boto3_client(secure)
    assert plain.head_object(Bucket="bucket", Key="k")["ContentLength"] == 3_000_000
    secure.stop()


def test_a_new_certificate_is_for_new_connections(secure: Daemon) -> None:
    current, former = secure.folder / "tls.pem", secure.folder / "former.pem"
    shutil.copy(current, former)
    with closing(connect(secure, former)) as before:
        assert is_served(before)
        make_certificate(current)
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(secure, current)
        secure.hang_up()
        wait_for(lambda: _is_accepted(secure, current), "the change of certificates")
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(secure, former)
        assert is_served(before)
    secure.stop()


def _is_accepted(daemon: Daemon, certificate: Path) -> bool:
    """Whether all workers, between whom connections are spread, show the certificate."""
    try:
        for _ in range(20):
            connect(daemon, certificate).close()
    except ssl.SSLCertVerificationError:
        return False
    return True


def test_a_certificate_that_cannot_be_used_leaves_the_former_one_in_use(secure: Daemon) -> None:
    trusted = secure.folder / "trusted.pem"
    shutil.copy(secure.folder / "tls.pem", trusted)
    (secure.folder / "tls.pem").write_text("-----BEGIN NONSENSE-----")
    secure.hang_up()
    wait_for(lambda: "the former certificate stays in use" in secure.log, "the refusal")
    assert "server.tls.certificate: expected certificates in PEM" in secure.log
    with closing(connect(secure, trusted)) as connection:
        assert is_served(connection)
    secure.stop()


def test_a_lost_worker_is_followed_by_one_with_the_certificate_that_is_in_use(
    own_daemon: Daemon,
) -> None:
    trusted, current = own_daemon.folder / "trusted.pem", own_daemon.folder / "tls.pem"
    own_daemon.folder.mkdir()
    make_certificate(trusted)
    shutil.copy(trusted, current)
    own_daemon.settings = {
        "server": {"workers": 2, "tls": {"port": 0, "certificate": str(current)}}
    }
    own_daemon.start()
    current.write_text("garbage")
    own_daemon.hang_up()
    wait_for(lambda: "the former certificate stays in use" in own_daemon.log, "the refusal")
    serving = re.findall(r"worker (\d+) serves", own_daemon.log)
    os.kill(int(serving[0]), signal.SIGKILL)
    wait_for(
        lambda: len(re.findall(r"worker \d+ serves", own_daemon.log)) == 3, "the start of three"
    )
    assert _is_accepted(own_daemon, trusted)
    own_daemon.stop()


def test_idle_connections_do_not_hold_it_up(secure: Daemon) -> None:
    with closing(connect(secure, secure.folder / "tls.pem")) as idle:
        assert is_served(idle)
        secure.stop()
        assert "cutting the requests" not in secure.log


def test_old_versions_of_tls_are_refused(secure: Daemon) -> None:
    context = ssl.create_default_context(cafile=str(secure.folder / "tls.pem"))
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    plain = socket.create_connection(("127.0.0.1", tls_port(secure)))
    with plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_http_1_1_is_all_that_is_spoken(secure: Daemon) -> None:
    context = ssl.create_default_context(cafile=str(secure.folder / "tls.pem"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    plain = socket.create_connection(("127.0.0.1", tls_port(secure)))
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize("workers", [1, 2])
def test_without_a_usable_certificate_it_does_not_start(own_daemon: Daemon, workers: int) -> None:
    tls = {"port": 0, "certificate": "missing.pem"}
    own_daemon.settings = {"server": {"workers": workers, "port": "none", "tls": tls}}
    own_daemon.launch()
    assert own_daemon.wait() == 1
    assert (
        "missing.pem: server.tls.certificate: expected a readable file: No such" in own_daemon.log
    )
    assert "Traceback" not in own_daemon.log
