from __future__ import annotations

import os
from collections.abc import Mapping

import pytest
import pytest_twisted
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred

from bleepstore.errors import ClientGone, S3Error
from bleepstore.streams.form import MAX_FIELDS_BYTES, Form, read_form
from bleepstore.streams.threads import Threads
from bleepstore.streams.upload import Demands, receive
from bleepstore.values import PayloadFraming
from tests.streams.bodies import FakeBody, WholeBody
from tests.streams.forms import BOUNDARY, CONTENT_TYPE, END, encode_form, field_part, file_part
from tests.streams.gathering import Gathering


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


async def read_whole(data: bytes, size: int) -> tuple[Mapping[str, str], bytes]:
    form = await read_form(WholeBody(pieces(data, size)), CONTENT_TYPE)
    target = Gathering()
    await form.file.startProducing(target)
    return form.fields, target.data


async def refusal(data: bytes, content_type: str = CONTENT_TYPE, size: int = 1000) -> S3Error:
    async def read() -> None:
        form = await read_form(WholeBody(pieces(data, size)), content_type)
        await form.file.startProducing(Gathering())

    with pytest.raises(S3Error) as caught:
        await read()
    return caught.value


@given(
    st.lists(st.sampled_from([b"\r\n", b"--", BOUNDARY.encode(), b"\r", b"x", os.urandom(50)])),
    st.integers(1, 500),
)
@pytest_twisted.ensureDeferred
async def test_a_form_comes_apart_wherever_it_is_cut(stretches: list[bytes], size: int) -> None:
    data = b"".join(stretches).replace(b"\r\n--" + BOUNDARY.encode(), b"")
    fields, read = await read_whole(encode_form({"key": "k", "Über": "ä\r\nö"}, data), size)
    assert fields == {"key": "k", "über": "ä\r\nö"}
    assert read == data


@pytest_twisted.ensureDeferred
async def test_a_large_file_goes_through_the_pipe_of_uploads(threads: Threads) -> None:
    data = os.urandom(3_000_000)
    body = WholeBody(pieces(encode_form({"key": "k"}, data), 65_536))
    form = await read_form(body, CONTENT_TYPE)
    blocks: list[bytes] = []

    class Sink:
        async def write(self, block: bytes) -> None:
            blocks.append(block)

    received = await receive(form.file, PayloadFraming(), Demands(), Sink(), threads)
    assert b"".join(blocks) == data
    assert received.size_bytes == len(data)


@pytest_twisted.ensureDeferred
async def test_the_client_waits_until_the_file_is_wanted() -> None:
    body = FakeBody([field_part("key", b"k") + file_part(b"abc"), END])
    form = await read_form(body, CONTENT_TYPE)
    assert body.is_paused
    target = Gathering()
    outcome = form.file.startProducing(target)
    assert not body.is_paused
    assert target.data == b"abc"
    form.file.pauseProducing()
    assert body.is_paused
    form.file.resumeProducing()
    body.deliver()
    body.done.callback(None)
    await outcome


@pytest_twisted.ensureDeferred
async def test_the_file_may_name_the_key() -> None:
    for name in ("photo.jpg", "C:\\Users\\Ann\\photo.jpg", "/home/ann/photo.jpg"):
        fields = {
            "key": "user/${filename}",
            "x-amz-meta-name": "${filename}",
            "policy": "${filename}",
        }
        body = WholeBody([encode_form(fields, b"", name.replace("\\", "\\\\"))])
        form = await read_form(body, CONTENT_TYPE)
        assert form.fields == {
            "key": "user/photo.jpg",
            "x-amz-meta-name": "photo.jpg",
            "policy": "${filename}",
        }


@pytest_twisted.ensureDeferred
async def test_fields_behind_the_file_are_ignored() -> None:
    form = field_part("key", b"k") + file_part(b"abc") + field_part("acl", b"private") + END
    for size in (1, len(form)):
        assert await read_whole(form, size) == ({"key": "k"}, b"abc")


@pytest_twisted.ensureDeferred
async def test_fields_have_a_limit_and_the_file_has_none() -> None:
    allowed = encode_form({"key": "k" * (MAX_FIELDS_BYTES - 4096)}, b"x" * 100_000)
    too_large = encode_form({"key": "k" * (MAX_FIELDS_BYTES + 2048)}, b"")
    for size in (1000, 65_536):
        assert (await read_whole(allowed, size))[1] == b"x" * 100_000
        error = await refusal(too_large, size=size)
        assert error.code == "MaxPostPreDataLengthExceededError"


@pytest_twisted.ensureDeferred
async def test_a_form_does_not_go_on_for_ever_behind_its_file() -> None:
    form = field_part("key", b"k") + file_part(b"abc") + field_part("more", b"x" * 100_000) + END
    assert (await refusal(form)).code == "MalformedPOSTRequest"


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"no form",
        END[:-4],
        field_part("key", b"k"),
        field_part("key", b"k") + file_part(b"abc"),
        field_part("key", b"\xff") + file_part(b"abc") + END,
        f"--{BOUNDARY}\r\nno header\r\n\r\n".encode() + END,
        f'--{BOUNDARY}\r\nContent-Disposition: attachment; name="a"\r\n\r\n\r\n'.encode() + END,
    ],
)
@pytest_twisted.ensureDeferred
async def test_forms_that_are_none(form: bytes) -> None:
    assert (await refusal(form)).code == "MalformedPOSTRequest"


@pytest_twisted.ensureDeferred
async def test_a_form_needs_a_file_and_no_field_twice() -> None:
    without_file = await refusal(field_part("key", b"k") + END)
    assert without_file.code == "InvalidArgument"
    assert without_file.elements["ArgumentName"] == "file"
    twice = await refusal(field_part("key", b"k") + field_part("Key", b"l") + file_part(b"") + END)
    assert twice.code == "InvalidArgument"
    assert twice.elements["ArgumentName"] == "key"


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        ("application/x-www-form-urlencoded", "PreconditionFailed"),
        ("", "PreconditionFailed"),
        ("multipart/form-data", "MalformedPOSTRequest"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_a_body_of_another_kind(content_type: str, code: str) -> None:
    assert (await refusal(b"", content_type)).code == code


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves() -> None:
    early, late = FakeBody([field_part("key", b"k")]), FakeBody([file_part(b"abc")])
    reading = Deferred.fromCoroutine(read_form(early, CONTENT_TYPE))
    early.done.errback(ClientGone())
    with pytest.raises(ClientGone):
        await reading
    form = await read_form(late, CONTENT_TYPE)
    outcome = form.file.startProducing(Gathering())
    late.done.errback(ClientGone())
    with pytest.raises(ClientGone):
        await outcome


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_before_the_file_is_wanted() -> None:
    body = FakeBody([file_part(b"abc")])
    form = await read_form(body, CONTENT_TYPE)
    body.done.errback(ClientGone())
    with pytest.raises(ClientGone):
        await form.file.startProducing(Gathering())


@pytest_twisted.ensureDeferred
async def test_whoever_stops_reading_stops_the_body() -> None:
    body = FakeBody([field_part("key", b"k")])
    reading: Deferred[Form] = Deferred.fromCoroutine(read_form(body, CONTENT_TYPE))
    reading.cancel()
    with pytest.raises(CancelledError):
        await reading
    assert body.is_stopped
    body = FakeBody([file_part(b"abc")])
    form = await read_form(body, CONTENT_TYPE)
    form.file.startProducing(Gathering())
    form.file.stopProducing()
    assert body.is_stopped
