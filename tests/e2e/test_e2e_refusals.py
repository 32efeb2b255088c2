"""What an operator learns of those who are refused."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from tests.e2e.clients import ask, ask_signed, presigned
from tests.e2e.daemon import ALICE, BOB, Daemon, User
from tests.e2e.waiting import PATIENCE_SECONDS, wait_for


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that logs JSON."""
    own = Daemon(tmp_path_factory.mktemp("refusals"), {"logging": {"format": "json"}})
    own.launch()
    while (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", own.log)) is None:
        assert own.is_running, own.log
        time.sleep(0.01)
    own.port = int(found[1])
    yield own
    own.kill()


def line_of(daemon: Daemon, request_id: str | None) -> dict[str, Any]:
    """The one line of a request; it may be written a moment after the answer."""

    def lines() -> list[str]:
        return [each for each in daemon.log.splitlines() if str(request_id) in each]

    wait_for(lines, "the line of the request")
    (line,) = lines()
    fields: dict[str, Any] = json.loads(line)
    return fields


@pytest.mark.parametrize(
    ("user", "code"),
    [
        (evolve(ALICE, secret_key="wrong"), "SignatureDoesNotMatch"),
        (User("AKIANOBODY", "secret", ""), "InvalidAccessKeyId"),
        (BOB, "AccessDenied"),
    ],
)
def test_who_is_refused_is_logged_with_the_key(daemon: Daemon, user: User, code: str) -> None:
    ask_signed(daemon, "PUT", "/private")
    for answer in (
        ask_signed(daemon, "GET", "/private", user=user),
        ask(daemon, "GET", presigned(daemon, "GET", "/private", user=user)),
    ):
        line = line_of(daemon, answer.headers["x-amz-request-id"])
        assert (line["status"], line["error_code"]) == (403, code)
        assert line["access_key"] == user.access_key


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"GET /load/\xff HTTP/1.1\r\nhost: a\r\n\r\n", {"error_code": "InvalidRequest"}),
        (
            b"PUT /b/k HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            {"error_code": "InvalidRequest", "method": "PUT", "path": "/b/k"},
        ),
        (
            b"GET /b/k HTTP/1.1\r\nx: " + bytes(200_000).replace(b"\0", b"x") + b"\r\n\r\n",
            {"error_code": "RequestHeaderSectionTooLarge", "method": "GET", "path": "/b/k"},
        ),
    ],
)
def test_what_is_no_request_is_logged_and_counted(
    daemon: Daemon, data: bytes, line: dict[str, str]
) -> None:
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=PATIENCE_SECONDS) as client:
        client.sendall(data)
        with client.makefile("rb") as answer:
            found = re.search(rb"x-amz-request-id: (\w+)", answer.read())
    assert found is not None
    logged = line_of(daemon, found[1].decode())
    assert (logged["message"], logged["status"], logged["remote"]) == ("request", 400, "127.0.0.1")
    assert {each: logged.get(each) for each in ("error_code", "method", "path")} == {
        "method": None,
        "path": None,
        **line,
    }
    method = line.get("method", "other")
    counted = f'bleepstore_http_requests_total{{method="{method}",path="/",status="400"}}'
    assert counted in ask(daemon, "GET", "/metrics").body.decode()
