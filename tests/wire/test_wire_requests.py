from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.values import Reply, RequestHead
from tests.wire.wire_rig import Rig, echo, parse_answers, read_all


def test_a_get_reaches_the_handler_and_its_reply_the_client() -> None:
    rig = Rig()
    rig.send(b"GET /b/k?versions HTTP/1.1\r\nHost: s3.example\r\n\r\n")
    (answer,) = parse_answers(rig.sent)
    assert answer.status == 200
    assert answer.body == b"GET /b/k?versions "
    assert not rig.is_closed


def test_every_answer_carries_the_common_headers_and_no_invented_content_type() -> None:
    rig = Rig()
    rig.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    (answer,) = parse_answers(rig.sent)
    assert answer.headers["x-amz-request-id"] == rig.handler.heads[0].request_id
    assert len(answer.headers["x-amz-id-2"]) == 64
    assert answer.headers["date"] == "Fri, 24 May 2013 00:00:00 GMT"
    assert answer.headers["server"] == "BleepStore"
    assert "content-type" not in answer.headers


def test_the_head_says_what_was_sent() -> None:
    rig = Rig()
    rig.send(
        b"PUT /b/k HTTP/1.1\r\nHOST: a:9000\r\nX-Amz-Meta-A: 1\r\nx-amz-meta-a:  2 \r\n"
        b"X-Amz-Meta-B: \xff\xc3\xa9\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"
    )
    (head,) = rig.handler.heads
    assert head.method == "PUT"
    assert head.headers["host"] == "a:9000"
    assert head.headers["x-amz-meta-a"] == "1,2"
    assert head.headers["x-amz-meta-b"].encode("utf-8", "surrogateescape") == b"\xff\xc3\xa9"
    assert head.headers["expect"] == "100-continue"
    assert head.remote_address == "192.168.1.1"
    assert head.received_ms == 1_369_353_600_000
    assert not head.secure


@pytest.mark.parametrize(
    "target",
    [b"/b//k", b"/b/%00", b"/b/%ff", b"/b/..", b"/b/../../etc/passwd", b"/b/a%2Fb", b"//", b"/b/",
     b"/b/./k", b"/b/k?a=%zz", b"/b/\x80\x81", b"/b/%0A", b"/b/a+b;c", b"/health/"],
)  # fmt: skip
def test_targets_arrive_as_sent(target: bytes) -> None:
    rig = Rig()
    rig.send(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [head.target for head in rig.handler.heads] == [target]
    assert rig.statuses == [200]


@given(st.binary(max_size=60).map(lambda raw: bytes(byte for byte in raw if 32 < byte <= 176)))
def test_any_target_that_http_allows_arrives_as_sent(rest: bytes) -> None:
    rig = Rig()
    rig.send(b"GET /" + rest + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [head.target for head in rig.handler.heads] == [b"/" + rest]
    assert rig.statuses == [200]


@pytest.mark.parametrize(
    ("sent", "target", "host"),
    [
        (b"http://s3.example:9000/b/k?x=1", b"/b/k?x=1", "s3.example:9000"),
        (b"HTTPS://s3.example/b//k", b"/b//k", "s3.example"),
        (b"http://s3.example", b"/", "s3.example"),
        (b"http://s3.example?a/b", b"/?a/b", "s3.example"),
    ],
)
def test_absolute_form_becomes_origin_form(sent: bytes, target: bytes, host: str) -> None:
    rig = Rig()
    rig.send(b"GET " + sent + b" HTTP/1.1\r\nHost: other\r\n\r\n")
    (head,) = rig.handler.heads
    assert head.target == target
    assert head.headers["host"] == host


def test_options_star_reaches_the_handler() -> None:
    rig = Rig()
    rig.send(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [head.target for head in rig.handler.heads] == [b"*"]


def test_pipelined_requests_are_answered_in_order() -> None:
    rig = Rig()
    request = b"PUT /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    rig.send(b"".join(request % number for number in range(3)))
    bodies = [answer.body for answer in parse_answers(rig.sent)]
    assert bodies == [b"PUT /0 abc", b"PUT /1 abc", b"PUT /2 abc"]
    assert [exchange.head.target for exchange in rig.exchanges] == [b"/0", b"/1", b"/2"]


def test_very_many_pipelined_requests_do_not_pile_up_on_the_stack() -> None:
    rig = Rig()
    rig.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 500)
    assert rig.statuses == [200] * 500


def test_a_request_that_comes_byte_by_byte() -> None:
    rig = Rig()
    for byte in b"PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n":
        rig.send(bytes([byte]))
    (answer,) = parse_answers(rig.sent)
    assert answer.body == b"PUT /k abc"


def test_a_chunked_body() -> None:
    rig = Rig()
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    rig.send(b"3\r\nabc\r\n")
    assert rig.sent == b""
    rig.send(b"2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [answer.body for answer in parse_answers(rig.sent)] == [b"PUT /k abcde", b"GET /2 "]


def test_the_handler_sees_the_body_before_it_is_complete() -> None:
    rig = Rig()
    rig.send(b"PUT /k HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
    assert len(rig.handler.heads) == 1
    assert rig.sent == b""
    rig.send(b"def")
    assert rig.statuses == [200]


@pytest.mark.parametrize("line", [b"Connection: close", b"Connection: TE, Close"])
def test_a_client_that_wants_the_connection_closed_gets_that(line: bytes) -> None:
    rig = Rig()
    rig.send(
        b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    (answer,) = parse_answers(rig.sent)
    assert answer.headers["connection"] == "close"
    assert rig.is_closed
    assert len(rig.handler.heads) == 1


def test_http_1_0_needs_no_host_and_is_closed() -> None:
    rig = Rig()
    rig.send(b"GET / HTTP/1.0\r\n\r\n")
    assert rig.statuses == [200]
    assert rig.is_closed


async def with_length(head: RequestHead, body: Any) -> Reply:
    return Reply(200, (("Content-Length", "12345"), ("ETag", '"e"')), b"ignored")


def test_head_gets_the_length_that_the_reply_names_and_no_body() -> None:
    rig = Rig(with_length)
    rig.send(b"HEAD /k HTTP/1.1\r\nHost: a\r\n\r\n")
    (answer,) = parse_answers(rig.sent, head=True)
    assert answer.headers["content-length"] == "12345"
    assert rig.sent.count(b"Content-Length") == 1
    assert rig.exchanges[0].bytes_sent == 0


def test_other_methods_get_the_length_of_the_body() -> None:
    rig = Rig(with_length)
    rig.send(b"GET /k HTTP/1.1\r\nHost: a\r\n\r\n")
    (answer,) = parse_answers(rig.sent)
    assert answer.body == b"ignored"
    assert rig.sent.count(b"Content-Length") == 1


@pytest.mark.parametrize("status", [204, 304])
def test_bodiless_statuses_have_neither_body_nor_length(status: int) -> None:
    async def answer(head: RequestHead, body: Any) -> Reply:
        return Reply(status, (("ETag", '"e"'),), b"ignored")

    rig = Rig(answer)
    rig.send(b"GET /k HTTP/1.1\r\nHost: a\r\n\r\n")
    assert rig.sent.endswith(b'ETag: "e"\r\n\r\n')
    assert b"Content-Length" not in rig.sent


@pytest.mark.parametrize(("status", "reason"), [(507, b"Insufficient Storage"), (503, b"Service")])
def test_reason_phrases(status: int, reason: bytes) -> None:
    async def answer(head: RequestHead, body: Any) -> Reply:
        return Reply(status)

    rig = Rig(answer)
    rig.send(b"GET /k HTTP/1.1\r\nHost: a\r\n\r\n")
    assert rig.sent.startswith(b"HTTP/1.1 %d %s" % (status, reason))


def test_header_text_goes_out_as_the_bytes_that_it_came_from() -> None:
    async def answer(head: RequestHead, body: Any) -> Reply:
        return Reply(200, (("x-amz-meta-a", head.headers["x-amz-meta-a"]),))

    rig = Rig(answer)
    rig.send(b"GET /k HTTP/1.1\r\nHost: a\r\nx-amz-meta-a: \xff\xe2\x98\x83\r\n\r\n")
    assert b"x-amz-meta-a: \xff\xe2\x98\x83\r\n" in rig.sent


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x", "a\nb", "a\rb"])
def test_a_line_break_in_a_reply_header_never_reaches_the_client(
    value: str, flush_logged_errors: Any
) -> None:
    async def answer(head: RequestHead, body: Any) -> Reply:
        return Reply(200, (("x-amz-meta-a", value),))

    rig = Rig(answer)
    rig.send(b"GET /k HTTP/1.1\r\nHost: a\r\n\r\n")
    assert rig.statuses == [500]
    assert b"x-amz-meta-a" not in rig.sent
    assert len(flush_logged_errors(ValueError)) == 1


def test_an_unexpected_exception_is_a_500_that_tells_nothing(flush_logged_errors: Any) -> None:
    async def answer(head: RequestHead, body: Any) -> Reply:
        raise RuntimeError("the secret cause")

    rig = Rig(answer)
    rig.send(b"GET /k HTTP/1.1\r\nHost: a\r\n\r\nGET /k HTTP/1.1\r\nHost: a\r\n\r\n")
    assert rig.statuses == [500, 500]
    assert b"<Code>InternalError</Code>" in rig.sent
    assert b"secret" not in rig.sent
    assert [exchange.facts["error_code"] for exchange in rig.exchanges] == ["InternalError"] * 2
    assert len(flush_logged_errors(RuntimeError)) == 2


def test_the_exchange_tells_what_happened() -> None:
    async def answer(head: RequestHead, body: Any) -> Reply:
        await read_all(body)
        return Reply(201, body=b"four", facts={"bucket": "b"})

    rig = Rig(answer)
    rig.send(b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
    (exchange,) = rig.exchanges
    assert exchange.head is rig.handler.heads[0]
    assert (exchange.status, exchange.facts) == (201, {"bucket": "b"})
    assert (exchange.bytes_received, exchange.bytes_sent) == (3, 4)
    assert exchange.is_complete
    assert exchange.first_byte_ms is not None
    assert 0 <= exchange.first_byte_ms <= exchange.duration_ms


def test_a_report_that_fails_costs_no_connection(flush_logged_errors: Any) -> None:
    rig = Rig()
    rig.site._finished = lambda exchange: 1 / 0  # type: ignore[assignment]
    rig.send(b"GET /k HTTP/1.1\r\nHost: a\r\n\r\nGET /k HTTP/1.1\r\nHost: a\r\n\r\n")
    assert rig.statuses == [200, 200]
    assert len(flush_logged_errors(ZeroDivisionError)) == 2


# --- pages -------------------------------------------------------------------------------------


async def health(head: RequestHead) -> Reply:
    return Reply(200, body=b"healthy " + head.target)


async def docs(head: RequestHead) -> Reply:
    return Reply(200, body=b"docs " + head.target)


def page_rig(**options: Any) -> Rig:
    return Rig(echo, pages={"/health": health, "/docs/api": docs}, **options)


@pytest.mark.parametrize(
    ("target", "page", "body"),
    [
        (b"/health", "/health", b"healthy /health"),
        (b"/health?full", "/health", b"healthy /health?full"),
        (b"/docs/api", "/docs/api", b"docs /docs/api"),
    ],
)
def test_pages_are_chosen_by_their_path(target: bytes, page: str, body: bytes) -> None:
    rig = page_rig()
    rig.send(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert parse_answers(rig.sent)[0].body == body
    assert rig.handler.heads == []
    assert [exchange.facts for exchange in rig.exchanges] == [{"page": page}]


@pytest.mark.parametrize("target", [b"/health/", b"//health", b"/Health", b"/healt%68", b"/docs"])
def test_everything_else_is_the_handlers(target: bytes) -> None:
    rig = page_rig()
    rig.send(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [head.target for head in rig.handler.heads] == [target]


def test_a_path_that_is_not_claimed_is_the_handlers() -> None:
    rig = page_rig(claims=lambda head: head.headers["host"] != "bucket.s3.example")
    rig.send(b"GET /health HTTP/1.1\r\nHost: bucket.s3.example\r\n\r\n")
    assert len(rig.handler.heads) == 1


def test_claims_that_fail_are_a_500(flush_logged_errors: Any) -> None:
    rig = page_rig(claims=lambda head: 1 // 0 == 0)
    rig.send(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
    assert rig.statuses == [500, 200]
    assert len(flush_logged_errors(ZeroDivisionError)) == 1


def test_a_page_with_a_head_request_and_an_unread_body() -> None:
    rig = page_rig()
    rig.send(b"HEAD /health HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd")
    (answer,) = parse_answers(rig.sent, head=True)
    assert answer.headers["content-length"] == "15"
    rig.send(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert rig.sent.endswith(b"healthy /health")
