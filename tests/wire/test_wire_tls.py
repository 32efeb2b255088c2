"""The same site behind TLS, whose transport has rules of its own for pausing and closing."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from typing import Any

import pytest_twisted
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.ssl import CertificateOptions, PrivateCertificate, optionsForClientTLS
from twisted.internet.task import deferLater
from twisted.protocols.tls import TLSMemoryBIOFactory

from bleepstore.values import Reply, RequestHead
from bleepstore.wire.routes import Front
from bleepstore.wire.site import make_site
from tests.wire.wire_rig import Answerer, Client, Handler, echo, parse_answers, refusal, refuse

ANY_REACTOR: Any = reactor
MIB = 1024 * 1024


def certificate() -> PrivateCertificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    loaded: PrivateCertificate = PrivateCertificate.loadPEM(pem)
    return loaded


class SecureSite:
    def __init__(self) -> None:
        self.handler = Handler(echo)
        self.exchanges: list[Any] = []
        front = Front(self.handler, {}, lambda head: False, self.exchanges.append)
        self.site = make_site(front, reactor=ANY_REACTOR, refusal=refusal)
        self.certificate = certificate()
        options: CertificateOptions = self.certificate.options()
        factory = TLSMemoryBIOFactory(options, False, self.site)
        self.port = ANY_REACTOR.listenTCP(0, factory, interface="127.0.0.1")

    async def client(self, answer: Answerer) -> Client:
        self.handler.answer = answer
        options = optionsForClientTLS("localhost", trustRoot=self.certificate)
        endpoint = HostnameEndpoint(reactor, "127.0.0.1", self.port.getHost().port)
        client = Client()
        await connectProtocol(wrapClientTLS(options, endpoint), client)
        return client


@pytest_twisted.async_yield_fixture
async def secure_site() -> AsyncIterator[SecureSite]:
    site = SecureSite()
    yield site
    await site.port.stopListening()
    stopped = site.site.traffic.stop()
    site.site.traffic.abort()
    await stopped


def put(length: int) -> bytes:
    return b"PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length


async def count_slowly(head: RequestHead, body: Any) -> Reply:
    class Slow:
        size = 0

        def write(self, data: bytes) -> None:
            self.size += len(data)
            body.pauseProducing()
            ANY_REACTOR.callLater(0, body.resumeProducing)

    consumer = Slow()
    await body.startProducing(consumer)
    return Reply(200, body=b"%d" % consumer.size)


@pytest_twisted.ensureDeferred
async def test_a_paused_upload_arrives_whole(secure_site: SecureSite) -> None:
    client = await secure_site.client(count_slowly)
    client.write(put(4 * MIB) + bytes(4 * MIB))
    received = await client.until(lambda data: data.endswith(b"%d" % (4 * MIB)))
    assert parse_answers(received)[0].status == 200
    assert secure_site.handler.heads[0].secure
    await client.close()


@pytest_twisted.ensureDeferred
async def test_a_refused_upload_gets_its_answer(secure_site: SecureSite) -> None:
    client = await secure_site.client(refuse)
    client.write(put(64 * MIB) + bytes(2 * MIB))
    received = await client.lost
    (answer,) = parse_answers(received)
    assert (answer.status, answer.headers["connection"]) == (403, "close")


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_ends_its_request(secure_site: SecureSite) -> None:
    async def wait(head: RequestHead, body: Any) -> Reply:
        await Deferred()
        raise AssertionError

    client = await secure_site.client(wait)
    client.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    while not secure_site.handler.heads:
        await deferLater(ANY_REACTOR, 0.01)
    await client.close()
    while not secure_site.exchanges:
        await deferLater(ANY_REACTOR, 0.01)
    assert not secure_site.exchanges[0].is_complete
