from __future__ import annotations

import pytest

from bleepstore.wire.framing import make_framing
from bleepstore.wire.malformed import MalformedHead


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        ({}, 0),
        ({"content-length": "0"}, 0),
        ({"content-length": "007"}, 7),
        ({"transfer-encoding": "chunked"}, None),
        ({"transfer-encoding": "Chunked"}, None),
    ],
)
def test_lengths(headers: dict[str, str], length: int | None) -> None:
    assert make_framing(headers, is_http_1_1=True).length == length


@pytest.mark.parametrize(
    "headers",
    [
        {"transfer-encoding": "gzip, chunked"},
        {"transfer-encoding": "chunked,chunked"},
        {"transfer-encoding": "xchunked"},
        {"transfer-encoding": ""},
        {"transfer-encoding": "chunked", "content-length": "3"},
    ],
)
def test_no_other_coding_is_taken(headers: dict[str, str]) -> None:
    with pytest.raises(MalformedHead):
        make_framing(headers, is_http_1_1=True)


@pytest.mark.parametrize(
    ("headers", "is_http_1_1", "is_persistent"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"connection": "keep-alive"}, False, False),
        ({"connection": "close"}, True, False),
        ({"connection": "TE, Close"}, True, False),
        ({"connection": "closed"}, True, True),
    ],
)
def test_whether_the_connection_is_kept(
    headers: dict[str, str], is_http_1_1: bool, is_persistent: bool
) -> None:
    assert make_framing(headers, is_http_1_1=is_http_1_1).is_persistent is is_persistent


@pytest.mark.parametrize(
    ("expect", "is_http_1_1", "is_awaited"),
    [
        ("100-Continue", True, True),
        ("100-continue", False, False),
        ("200-ok", True, False),
        ("", True, False),
    ],
)
def test_whether_the_client_waits(expect: str, is_http_1_1: bool, is_awaited: bool) -> None:
    framing = make_framing({"expect": expect}, is_http_1_1=is_http_1_1)
    assert framing.is_awaited is is_awaited
