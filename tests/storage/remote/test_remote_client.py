"""The gateways' HTTP client against a provider that misbehaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater

from bleepstore.config.gateways import UpstreamSection
from bleepstore.errors import UpstreamBusy, UpstreamFailed
from bleepstore.storage.remote.client import Client, Outgoing
from tests.storage.remote.misbehaving import (
    Act,
    Conversation,
    Misbehaving,
    breaks_off,
    resets,
    says,
    stalls,
    stalls_behind,
)
from tests.streams.gathering import Gathering

SECTION = UpstreamSection(
    connections=2,
    connect_timeout_seconds=1,
    silence_timeout_seconds=0.3,
    attempts=3,
    max_backoff_seconds=0.01,
)


async def as_it_is(outgoing: Outgoing) -> Outgoing:
    return outgoing


@pytest_twisted.async_yield_fixture
async def provider() -> AsyncIterator[Misbehaving]:
    async with Misbehaving() as started:
        yield started


@pytest_twisted.async_yield_fixture
async def client() -> AsyncIterator[Client]:
    opened = Client(reactor, SECTION, "test", as_it_is)
    yield opened
    await opened.stop()


def get(provider: Misbehaving, target: str = "/") -> Outgoing:
    return Outgoing("GET", provider.url + target, is_idempotent=True)


def post(provider: Misbehaving) -> Outgoing:
    return Outgoing("POST", provider.url + "/", body=b"once")


@pytest.mark.parametrize(
    "target",
    ["/b//a/../c/./", "/b/a%2Fb%2f%C3%A9", "/b/%20;x=%3B?list-type=2&prefix=%2Fa%2B&x", "/b/?x"],
)
@pytest_twisted.ensureDeferred
async def test_an_address_goes_out_as_it_is(
    client: Client, provider: Misbehaving, target: str
) -> None:
    await client.send(get(provider, target))
    assert provider.targets == [target.encode()]


@pytest_twisted.ensureDeferred
async def test_bodies_and_headers_arrive(client: Client, provider: Misbehaving) -> None:
    provider.acts = [says(299, b"\x00\xff", "X-One: a", "X-One: b")]
    body = bytes(range(256)) * 8192
    headers = {"x-amz-meta-a": "Grüße", "content-length": "7"}
    answer = await client.send(Outgoing("PUT", provider.url + "/", headers, body))
    assert (answer.status, answer.body, answer.headers["x-one"]) == (299, b"\x00\xff", "a, b")
    head, _, received = provider.requests[0].partition(b"\r\n\r\n")
    assert received == body
    assert head.lower().count(b"content-length:") == 1
    assert "Grüße".encode() in head


@pytest.mark.parametrize("body", [b"", b"x"])
@pytest_twisted.ensureDeferred
async def test_what_is_put_has_a_length(client: Client, provider: Misbehaving, body: bytes) -> None:
    await client.send(Outgoing("PUT", provider.url + "/", body=body))
    assert f"content-length: {len(body)}".encode() in provider.requests[0].lower()


@pytest_twisted.ensureDeferred
async def test_what_is_stored_compressed_stays_so(client: Client, provider: Misbehaving) -> None:
    provider.acts = [says(200, b"not gzip at all", "Content-Encoding: gzip")]
    assert (await client.send(get(provider))).body == b"not gzip at all"


@pytest_twisted.ensureDeferred
async def test_a_connection_is_used_again(client: Client, provider: Misbehaving) -> None:
    for _ in range(5):
        await client.send(get(provider))
    assert len(provider.conversations) == 1


FAILURES: list[Act] = [
    says(408),
    says(429),
    says(500, b"<Error/>"),
    says(502),
    says(503),
    says(504),
    resets,
    stalls,
    breaks_off(b"half", 8, hard=False),
    breaks_off(b"half", 8, hard=True),
    stalls_behind(b"half", 8),
    lambda conversation: conversation.write(b"this is not HTTP\r\n\r\n"),
]


@pytest.mark.parametrize("failure", FAILURES)
@pytest_twisted.ensureDeferred
async def test_what_is_safe_is_tried_again(
    client: Client, provider: Misbehaving, failure: Act
) -> None:
    provider.acts = [failure, failure]
    assert (await client.send(get(provider))).body == b"fine"
    assert len(provider.requests) == 3


@pytest.mark.parametrize("failure", FAILURES)
@pytest_twisted.ensureDeferred
async def test_nobody_tries_for_ever(client: Client, provider: Misbehaving, failure: Act) -> None:
    provider.otherwise = failure
    with pytest.raises(UpstreamFailed):
        await client.send(get(provider))
    assert len(provider.requests) == SECTION.attempts


@pytest.mark.parametrize("failure", [resets, stalls, breaks_off(b"half", 8, hard=False)])
@pytest_twisted.ensureDeferred
async def test_what_may_have_been_done_is_not_done_twice(
    client: Client, provider: Misbehaving, failure: Act
) -> None:
    provider.acts = [failure]
    with pytest.raises(UpstreamFailed):
        await client.send(post(provider))
    assert len(provider.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 504, 400, 403, 404])
@pytest_twisted.ensureDeferred
async def test_other_answers_are_answers(
    client: Client, provider: Misbehaving, status: int
) -> None:
    provider.acts = [says(status, b"why")]
    answer = await client.send(post(provider))
    assert (answer.status, answer.body) == (status, b"why")


@pytest_twisted.ensureDeferred
async def test_what_was_throttled_was_not_done(client: Client, provider: Misbehaving) -> None:
    provider.acts = [says(503)]
    assert (await client.send(post(provider))).status == 200


@pytest.mark.parametrize("status", [429, 503])
@pytest_twisted.ensureDeferred
async def test_a_long_pause_is_left_to_the_client(
    client: Client, provider: Misbehaving, status: int
) -> None:
    provider.otherwise = says(status, b"", "Retry-After: 30")
    with pytest.raises(UpstreamBusy) as caught:
        await client.send(get(provider))
    assert caught.value.retry_after_seconds == 30
    assert len(provider.requests) == 1


@pytest_twisted.ensureDeferred
async def test_a_short_pause_is_made(provider: Misbehaving) -> None:
    patient = Client(reactor, evolve(SECTION, max_backoff_seconds=5), "test", as_it_is)
    provider.acts = [says(503, b"", "Retry-After: 1")]
    before = reactor.seconds()
    assert (await patient.send(get(provider))).status == 200
    assert reactor.seconds() - before >= 1
    await patient.stop()


@pytest_twisted.ensureDeferred
async def test_nobody_there(client: Client, provider: Misbehaving) -> None:
    outgoing = post(provider)
    await provider.port.stopListening()
    with pytest.raises(UpstreamFailed, match="refused"):
        await client.send(outgoing)
    provider.start()


@pytest_twisted.ensureDeferred
async def test_each_attempt_is_authorized_anew(provider: Misbehaving) -> None:
    attempts = 0

    async def authorize(outgoing: Outgoing) -> Outgoing:
        nonlocal attempts
        attempts += 1
        return evolve(outgoing, headers={"authorization": f"attempt-{attempts}"})

    client = Client(reactor, SECTION, "test", authorize)
    provider.acts = [says(500), resets]
    await client.send(get(provider))
    assert [b"attempt-%d" % (n + 1) in each for n, each in enumerate(provider.requests)] == [
        True
    ] * 3
    await client.stop()


@pytest_twisted.ensureDeferred
async def test_an_answer_that_is_too_long_is_not_read(
    client: Client, provider: Misbehaving
) -> None:
    provider.otherwise = says(200, bytes(16 * 1024 * 1024 + 1))
    with pytest.raises(UpstreamFailed, match="too long"):
        await client.send(get(provider))


@pytest_twisted.ensureDeferred
async def test_a_body_is_passed_on(client: Client, provider: Misbehaving) -> None:
    provider.acts = [says(206, b"0123456789", "ETag: x")]
    stream = await client.open(get(provider))
    assert (stream.status, stream.headers["etag"]) == (206, "x")
    assert stream.headers["content-length"] == "10"
    consumer = Gathering()
    await stream.producer(10).startProducing(consumer)
    assert consumer.data == b"0123456789"


@pytest.mark.parametrize(
    "act",
    [
        breaks_off(b"half", 8, hard=False),
        breaks_off(b"half", 8, hard=True),
        stalls_behind(b"half", 8),
        says(200, b"half"),
        says(200, b"too much of it"),
        lambda conversation: conversation.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n\r\n"
        ),
    ],
)
@pytest_twisted.ensureDeferred
async def test_a_body_that_is_not_whole_fails(
    client: Client, provider: Misbehaving, act: Act
) -> None:
    provider.acts = [act]
    stream = await client.open(get(provider))
    with pytest.raises(UpstreamFailed):
        await stream.producer(8).startProducing(Gathering())


@pytest_twisted.ensureDeferred
async def test_a_paused_consumer_is_no_silence(client: Client, provider: Misbehaving) -> None:
    size = 8 * 1024 * 1024
    provider.acts = [says(200, bytes(size))]
    stream = await client.open(get(provider))
    await deferLater(reactor, 2 * SECTION.silence_timeout_seconds)
    producer = stream.producer(size)
    consumer = Gathering(lambda: producer.pauseProducing() if len(consumer.blocks) == 1 else None)
    done = producer.startProducing(consumer)
    await deferLater(reactor, 2 * SECTION.silence_timeout_seconds)
    received = len(consumer.data)
    assert received < size
    await deferLater(reactor, 0.1)
    assert len(consumer.data) == received
    producer.resumeProducing()
    await done
    assert len(consumer.data) == size


@pytest_twisted.ensureDeferred
async def test_a_stopped_body_gives_its_connection_back(
    client: Client, provider: Misbehaving
) -> None:
    provider.acts = [stalls_behind(b"half", 8)] * 4
    for _ in range(2):
        producer = (await client.open(get(provider))).producer(8)
        producer.startProducing(Gathering())
        producer.stopProducing()
        (await client.open(get(provider))).close()
    assert (await client.send(get(provider))).status == 200
    for conversation in provider.conversations[:4]:
        await conversation.lost


@pytest.mark.parametrize("act", [stalls, stalls_behind(b"half", 8)])
@pytest_twisted.ensureDeferred
async def test_a_cancelled_request_is_cut(provider: Misbehaving, act: Act) -> None:
    client = Client(reactor, evolve(SECTION, silence_timeout_seconds=60), "test", as_it_is)
    reached: Deferred[Conversation] = Deferred()

    def reach(conversation: Conversation) -> None:
        act(conversation)
        reached.callback(conversation)

    provider.acts = [reach]
    sending: Deferred[Any] = Deferred.fromCoroutine(client.send(get(provider)))
    conversation = await reached
    await deferLater(reactor, 0.05)
    sending.cancel()
    with pytest.raises(CancelledError):
        await sending
    await conversation.lost
    assert len(provider.requests) == 1
    await client.stop()


@pytest_twisted.ensureDeferred
async def test_those_who_find_no_connection_are_told(client: Client, provider: Misbehaving) -> None:
    streams = [await client.open(get(provider)) for _ in range(SECTION.connections)]
    with pytest.raises(UpstreamBusy, match="in use"):
        await client.send(get(provider))
    streams.pop().close()
    assert (await client.send(get(provider))).status == 200
    streams.pop().close()


@pytest_twisted.ensureDeferred
async def test_errors_tell_no_secrets(client: Client, provider: Misbehaving) -> None:
    provider.otherwise = says(500)
    with pytest.raises(UpstreamFailed) as caught:
        await client.send(get(provider, "/?sig=secret"))
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(get(provider, "/?sig=secret"))
