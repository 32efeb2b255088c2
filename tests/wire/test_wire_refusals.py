from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bleepstore.errors import S3Error
from bleepstore.values import Reply, RequestHead
from bleepstore.wire.limits import WireLimits
from tests.wire.wire_rig import Rig, echo, parse_answers, read_all

HOST = b"Host: a\r\n"


def refused(data: bytes, code: bytes = b"InvalidRequest") -> Rig:
    """Send what is to be refused, followed by a request that must not be seen."""
    rig = Rig()
    rig.send(data + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    rig.send(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    (answer,) = parse_answers(rig.sent)
    assert answer.status == 400
    assert b"<Code>" + code + b"</Code>" in answer.body
    assert answer.headers["connection"] == "close"
    assert answer.headers["content-type"] == "application/xml"
    assert answer.headers["x-amz-request-id"].encode() in answer.body
    assert {"date", "server", "x-amz-id-2"} <= answer.headers.keys()
    assert rig.handler.heads == []
    assert rig.is_closed
    rig.lose()
    (exchange,) = rig.exchanges
    assert (exchange.status, exchange.facts) == (400, {"error_code": code.decode()})
    assert exchange.head.request_id == answer.headers["x-amz-request-id"]
    assert exchange.bytes_sent == len(answer.body)
    return rig


@pytest.mark.parametrize(
    "data",
    [
        b"NONSENSE\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"G\x80T / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nNo colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n: no name\r\n\r\n",
        b"GET / HTTP/1.1\r\nSpace : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(data: bytes) -> None:
    refused(data)


@pytest.mark.parametrize("target", [b"k", b"*", b"a:443", b"http://", b"http:///k", b"ftp://a/k"])
def test_targets_of_no_known_form_are_refused(target: bytes) -> None:
    refused(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"InvalidURI")


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 3\r\nContent-Length: 3\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Content-Length: -3\r\n",
        b"Content-Length: 3, 3\r\n",
        b"Content-Length: 0x3\r\n",
        b"Content-Length: \r\n",
        b"Content-Length: " + b"9" * 5000 + b"\r\n",
        b"Content-Length: " + b"9" * 5000 + b"\r\nX: y\r\n",
    ],
)
def test_bodies_of_doubtful_length_are_refused(lines: bytes) -> None:
    refused(b"PUT / HTTP/1.1\r\n" + HOST + lines + b"\r\n")
    refused(b"PUT / HTTP/1.1\r\n" + lines + HOST + b"\r\n")


@pytest.mark.parametrize(
    "data",
    [
        b"GET /" + b"k" * 33000 + b" HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 33000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"x" * 1000 + b"\r\n" * 1 + b"Y: y\r\n" * 6000,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + (b"X: " + b"x" * 1000 + b"\r\n") * 40 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 600 + b"\r\n",
        b"x" * 40000,
    ],
)
def test_headers_that_are_too_large_are_refused_with_an_answer(data: bytes) -> None:
    refused(data, b"RequestHeaderSectionTooLarge")


def test_the_limit_of_the_header_block_is_configurable_and_fits_presigned_urls() -> None:
    rig = Rig()
    rig.send(b"GET /?" + b"t" * 16000 + b" HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 8000 + b"\r\n\r\n")
    assert rig.statuses == [200]
    small = Rig(limits=WireLimits(header_bytes=1000))
    small.send(b"GET /?" + b"t" * 1100 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert small.statuses == [400]


def test_a_refusal_behind_a_good_request_leaves_its_answer_alone() -> None:
    rig = Rig()
    rig.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nNONSENSE\r\n\r\n")
    assert rig.statuses == [200, 400]
    assert rig.is_closed
    assert [(each.head.method, each.status) for each in rig.exchanges] == [("GET", 200), ("", 400)]


@pytest.mark.parametrize("chunk", [b"xyz\r\n", b"-3\r\nabc\r\n", b"3\r\nabcd\r\n", b"0" * 2000])
def test_malformed_chunks_fail_the_body_and_close_the_connection(chunk: bytes) -> None:
    errors: list[S3Error] = []

    async def answer(head: RequestHead, body: Any) -> Reply:
        try:
            await read_all(body)
        except S3Error as error:
            errors.append(error)
            return Reply(error.status, body=error.code.encode())
        return Reply(200)

    rig = Rig(answer)
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    rig.send(chunk)
    rig.send(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    (reply,) = parse_answers(rig.sent)
    assert (reply.status, reply.body) == (400, b"IncompleteBody")
    assert reply.headers["connection"] == "close"
    assert rig.is_closed
    assert len(errors) == len(rig.handler.heads) == len(rig.exchanges) == 1


def test_malformed_chunks_in_the_same_packet_as_the_head() -> None:
    rig = Rig(tolerant_echo)
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nzz\r\n")
    assert rig.statuses == [400]
    assert rig.is_closed


PIECES = st.sampled_from(
    [
        b"GET ", b"PUT ", b"/", b"/b/k", b"*", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b"\r\n",
        b"\n", b"\r", b"Host: a\r\n", b"Content-Length: 3\r\n", b"Content-Length: 0\r\n", b"abc",
        b"Transfer-Encoding: chunked\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"Connection: close\r\n",
        b"Expect: 100-continue\r\n", b" ", b":", b"\0", b"\xff", b"http://a/", b"X: y\r\n",
    ]
)  # fmt: skip
STREAMS = st.lists(PIECES | st.binary(max_size=20), max_size=30).map(b"".join)


@example([b"GET / HTTP/1.1\r\nHost: a\r\n", b"\r\n"])
@given(st.lists(STREAMS, max_size=4))
def test_no_bytes_make_the_wire_fail(packets: list[bytes]) -> None:
    rig = Rig(tolerant_echo)
    for packet in packets:
        rig.send(packet)
    rig.clock.advance(1000)
    rig.clock.advance(1000)
    assert all(status < 500 for status in rig.statuses)
    assert rig.is_closed
    rig.lose()
    assert rig.clock.getDelayedCalls() == []
    handled = {head.request_id for head in rig.handler.heads}
    others = [each for each in rig.exchanges if each.head.request_id not in handled]
    assert len(rig.exchanges) - len(others) == len(handled)
    assert [each.status for each in others] in ([], [400])
    assert rig.site.traffic.requests_in_flight == 0


async def tolerant_echo(head: RequestHead, body: Any) -> Reply:
    try:
        return await echo(head, body)
    except S3Error as error:
        return Reply(error.status, body=error.code.encode())
