"""Header fields, of which llhttp is to take nothing that two readers could take for two things."""

from __future__ import annotations

import pytest

from bleepstore.wire.fields import read_fields
from bleepstore.wire.malformed import MalformedHead


def test_names_are_lowered_and_values_stripped() -> None:
    assert read_fields(b"HOST: a\r\nX-A:\t b c \t\r\nX-B:\r\n\r\n") == {
        "host": "a",
        "x-a": "b c",
        "x-b": "",
    }


def test_no_fields_at_all() -> None:
    assert read_fields(b"\r\n") == {}


def test_a_repeated_field_is_joined_in_order() -> None:
    assert read_fields(b"X: 1\r\nY: 2\r\nx: 3\r\n\r\n") == {"x": "1,3", "y": "2"}


def test_bytes_that_are_no_utf8_can_be_had_back() -> None:
    value = read_fields(b"X: \xff\xc3\xa9\r\n\r\n")["x"]
    assert value.encode("utf-8", "surrogateescape") == b"\xff\xc3\xa9"


@pytest.mark.parametrize(
    "lines",
    [
        b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\n",
        b"Upgrade: TLS/1.0\r\n\r\n",
    ],
)
def test_an_upgrade_is_a_field_like_any_other(lines: bytes) -> None:
    assert len(read_fields(lines)) == lines.count(b":")


@pytest.mark.parametrize(
    "lines",
    [
        b"X: a\nY: b\r\n\r\n",  # a line feed without its carriage return
        b"X: a\n\r\n",
        b"X: a\r\n\n",
        b"X: a\rY: b\r\n\r\n",
        b"X: a\r\n\rY: b\r\n\r\n",
        b"X: a\r\n b\r\n\r\n",  # a folded line
        b" X: a\r\n\r\n",
        b"\tX: a\r\n\r\n",
        b"X : a\r\n\r\n",
        b"X\t: a\r\n\r\n",
        b": a\r\n\r\n",
        b"X\r\n\r\n",
        b"X\xe9: a\r\n\r\n",
        b"X(: a\r\n\r\n",
        b"X: a\0\r\n\r\n",
        b"X: a\x01\r\n\r\n",
        b"Host: a\r\nHOST: a\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        b"Content-Length: 1, 1\r\n\r\n",
        b"Content-Length: +1\r\n\r\n",
        b"Content-Length: 1 1\r\n\r\n",
        b"Content-Length: 1_0\r\n\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n",
        b"Transfer-Encoding: chunkedx\r\n\r\n",
        b"Transfer-Encoding: identity\r\n\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
        b"X: a\r\n",  # the end is missing
    ],
)
def test_doubtful_fields_are_refused(lines: bytes) -> None:
    with pytest.raises(MalformedHead) as caught:
        read_fields(lines)
    assert caught.value.code == "InvalidRequest"
