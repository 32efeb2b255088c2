"""Gateways over TLS: whoever does not prove to be the upstream is told nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.ssl import DefaultOpenSSLContextFactory

from bleepstore.config.gateways import UpstreamSection
from bleepstore.errors import UpstreamFailed
from bleepstore.storage.remote.client import Client, Outgoing
from tests.e2e.tls_proxy import make_certificate
from tests.storage.remote.misbehaving import Misbehaving, says
from tests.streams.gathering import Gathering

SECTION = UpstreamSection(attempts=1, silence_timeout_seconds=5)
SIZE = 3 * 1024 * 1024


async def as_it_is(outgoing: Outgoing) -> Outgoing:
    return outgoing


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """For 127.0.0.1."""
    make_certificate(tmp_path / "both.pem")
    return tmp_path / "both.pem"


@pytest_twisted.async_yield_fixture
async def provider(certificate: Path) -> AsyncIterator[Misbehaving]:
    started = Misbehaving()
    options = DefaultOpenSSLContextFactory(str(certificate), str(certificate))
    opened: Any = reactor
    started.port = opened.listenSSL(0, started, options, interface="127.0.0.1")
    yield started
    await started.stop()


@pytest_twisted.async_yield_fixture
async def client() -> AsyncIterator[Client]:
    opened = Client(reactor, SECTION, "test", as_it_is)
    yield opened
    await opened.stop()


def put(provider: Misbehaving, host: str) -> Outgoing:
    url = f"https://{host}:{provider.port.getHost().port}/"
    return Outgoing("PUT", url, body=bytes(SIZE), is_idempotent=True)


@pytest_twisted.ensureDeferred
async def test_both_ways_over_one_connection(
    client: Client, provider: Misbehaving, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    provider.otherwise = says(200, bytes(SIZE))
    outgoing = put(provider, "127.0.0.1")
    answer = await client.send(outgoing)
    assert (answer.status, answer.body) == (200, bytes(SIZE))
    consumer = Gathering()
    await (await client.open(outgoing)).producer(SIZE).startProducing(consumer)
    assert consumer.data == bytes(SIZE)
    assert len(provider.conversations) == 1


@pytest_twisted.ensureDeferred
async def test_a_download_that_nobody_wants_is_cut(
    client: Client, provider: Misbehaving, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    provider.otherwise = says(200, bytes(20 * SIZE))
    producer = (await client.open(put(provider, "127.0.0.1"))).producer(20 * SIZE)
    producer.startProducing(Gathering(producer.pauseProducing))
    producer.stopProducing()
    await provider.conversations[0].lost


@pytest.mark.parametrize(("host", "is_trusted"), [("127.0.0.1", False), ("localhost", True)])
@pytest_twisted.ensureDeferred
async def test_a_stranger_gets_nothing(
    client: Client,
    provider: Misbehaving,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    is_trusted: bool,
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(UpstreamFailed):
        await client.send(put(provider, host))
    assert provider.requests == []
