from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.wire.inbox import Inbox
from bleepstore.wire.malformed import MalformedHead

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_head_is_taken_when_it_is_complete() -> None:
    inbox = Inbox(100)
    for byte in HEAD:
        assert inbox.take_head() is None
        inbox.add(bytes([byte]))
    assert inbox.take_head() == HEAD
    assert len(inbox) == 0


@given(st.lists(st.integers(1, 40), max_size=20), st.integers(0, 5))
def test_heads_and_what_follows_them_come_out_in_order(sizes: list[int], count: int) -> None:
    inbox = Inbox(100)
    data = HEAD * count + b"rest"
    heads: list[bytes] = []
    for size in [*sizes, len(data)]:
        packet, data = data[:size], data[size:]
        inbox.add(packet)
        while (head := inbox.take_head()) is not None:
            heads.append(head)
    assert heads == [HEAD] * count
    assert len(inbox) == 4
    assert inbox.take_all() == b"rest"
    assert not inbox


def test_one_empty_line_before_a_head_is_left_out() -> None:
    inbox = Inbox(len(HEAD))
    inbox.add(b"\r\n" + HEAD)
    assert inbox.take_head() == HEAD


@pytest.mark.parametrize("data", [HEAD, HEAD[:-1] + b"x" * 10])
def test_a_head_that_is_too_large_is_refused_whether_or_not_it_is_complete(data: bytes) -> None:
    inbox = Inbox(len(HEAD) - 1)
    inbox.add(data)
    with pytest.raises(MalformedHead) as caught:
        inbox.take_head()
    assert caught.value.code == "RequestHeaderSectionTooLarge"


def test_the_first_line_is_there_before_the_rest() -> None:
    inbox = Inbox(100)
    inbox.add(b"\r\nGET / HTTP/1.1\r")
    assert inbox.first_line is None
    inbox.add(b"\nHo")
    assert inbox.first_line == b"GET / HTTP/1.1\r\n"
    assert len(inbox) == 20
