"""Files that the kernel sends, or that are copied to clients here: the same bytes as read ones, and as
polite to everybody."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from bleepstore.streams.producers import FileProducer, open_chain
from bleepstore.streams.threads import Threads
from bleepstore.values import Reply, RequestHead
from bleepstore.wire.limits import WireLimits
from tests.wire.wire_rig import LiveSite, parse_answers

ANY_REACTOR: Any = reactor
MIB = 1024 * 1024
DATA = os.urandom(1000) * (9 * MIB // 1000)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest_twisted.async_yield_fixture
async def threads() -> AsyncIterator[Threads]:
    made = Threads(ANY_REACTOR, "test", 2)
    made.start()
    yield made
    await made.stop()


class Files:
    """A site that answers with stretches of one file."""

    def __init__(self, path: Path, threads: Threads, **limits: Any) -> None:
        self.path = path
        self.threads = threads
        self.stretches = [(0, len(DATA))]
        self.opened: list[FileIO] = []
        self.site = LiveSite(self.answer, WireLimits(**limits))
        path.write_bytes(DATA)

    async def answer(self, head: RequestHead, body: Any) -> Reply:
        openers = [self._opener(*stretch) for stretch in self.stretches]
        length = sum(length for _, length in self.stretches)
        producer = await (openers[0]() if len(openers) == 1 else open_chain(openers, length))
        return Reply(200, body=producer)

    def _opener(self, offset: int, length: int) -> Any:
        async def open_stretch() -> FileProducer:
            self.opened.append(FileIO(self.path))
            return FileProducer(self.threads, self.opened[-1], offset, length)

        return open_stretch

    async def all_closed(self) -> None:
        for _ in range(500):
            if all(file.closed for file in self.opened):
                return
            await deferLater(ANY_REACTOR, 0.01)
        raise AssertionError("a file is still open")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if clients were on another machine."""
    monkeypatch.setattr("bleepstore.wire.outlet.is_on_this_machine", lambda _: False)


@pytest.fixture(params=["elsewhere", "here"])
def place(request: pytest.FixtureRequest) -> str:
    """Where the clients are."""
    if request.param == "elsewhere":
        request.getfixturevalue("elsewhere")
    return str(request.param)


@pytest_twisted.async_yield_fixture
async def files(tmp_path: Path, threads: Threads) -> AsyncIterator[Files]:
    made = Files(tmp_path / "file", threads)
    yield made
    await made.site.stop()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the kernel has sent, call by call."""
    sizes: list[int] = []
    real = os.sendfile

    def counting(*arguments: Any) -> int:
        sizes.append(real(*arguments))
        return sizes[-1]

    monkeypatch.setattr("os.sendfile", counting)
    return sizes


def whole(count: int) -> Any:
    return lambda received: len(received) >= count


@pytest.mark.parametrize(
    "stretches",
    [[(0, len(DATA))], [(5, 1)], [(1, 3 * MIB)], [(7, MIB), (0, 3), (2 * MIB, 5 * MIB)]],
)
@pytest_twisted.ensureDeferred
async def test_what_was_asked_for_is_sent(
    files: Files, place: str, sent: list[int], stretches: list[tuple[int, int]]
) -> None:
    files.stretches = stretches
    expected = b"".join(DATA[offset : offset + length] for offset, length in stretches)
    client = await files.site.client()
    client.write(GET + GET)
    received = await client.until(whole(2 * len(expected) + 200))
    while len(answers := parse_answers(received)) < 2:
        await deferLater(ANY_REACTOR, 0.01)
    assert [answer.body for answer in answers] == [expected, expected]
    assert sum(sent) == (2 * len(expected) if place == "elsewhere" else 0)
    assert [each.bytes_sent for each in files.site.exchanges] == [len(expected)] * 2
    await files.all_closed()
    await client.close()


@pytest.mark.usefixtures("elsewhere")
@pytest_twisted.ensureDeferred
async def test_what_the_kernel_cannot_send_is_read(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on file systems that do not know the call; here from the second piece on."""
    real = os.sendfile
    calls = 0

    def failing(*arguments: Any) -> int:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(*arguments)

    monkeypatch.setattr("os.sendfile", failing)
    client = await files.site.client()
    client.write(GET)
    received = await client.until(
        lambda data: data.endswith(DATA[-1000:]) and len(data) > len(DATA)
    )
    assert parse_answers(received)[0].body == DATA
    assert calls == 2
    await client.close()


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_half_way_leaves_nothing_open(files: Files, place: str) -> None:
    client = await files.site.client()
    client.transport.pauseProducing()  # type: ignore[union-attr]
    client.write(GET)
    while not files.opened:
        await deferLater(ANY_REACTOR, 0.01)
    await deferLater(ANY_REACTOR, 0.05)
    client.transport.abortConnection()  # type: ignore[union-attr]
    await files.all_closed()
    while not files.site.exchanges:
        await deferLater(ANY_REACTOR, 0.01)
    (exchange,) = files.site.exchanges
    assert not exchange.is_complete
    assert 0 < exchange.bytes_sent < len(DATA)


@pytest_twisted.ensureDeferred
async def test_a_client_that_does_not_read_is_cut_off(
    tmp_path: Path, threads: Threads, place: str
) -> None:
    files = Files(tmp_path / "file", threads, response_stall_seconds=0.3)
    client = await files.site.client()
    client.transport.pauseProducing()  # type: ignore[union-attr]
    client.write(GET)
    while not files.site.exchanges:
        await deferLater(ANY_REACTOR, 0.01)
    assert not files.site.exchanges[0].is_complete
    await files.all_closed()
    client.transport.abortConnection()  # type: ignore[union-attr]
    await files.site.stop()


@pytest_twisted.ensureDeferred
async def test_a_file_that_became_short_costs_the_connection(
    files: Files, place: str, flush_logged_errors: Any
) -> None:
    client = await files.site.client()
    os.truncate(files.path, 3 * MIB)
    client.write(GET)
    received = await client.lost
    assert len(received) < len(DATA)
    assert flush_logged_errors(EOFError)
    assert not files.site.exchanges[0].is_complete
    await files.all_closed()


@pytest.mark.usefixtures("elsewhere")
@pytest_twisted.ensureDeferred
async def test_a_piece_that_is_not_in_memory_is_brought_there_by_a_thread(
    files: Files, sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bleepstore.streams.producers._is_in_memory", lambda *_: False)
    client = await files.site.client()
    client.write(GET)
    received = await client.until(
        lambda data: data.endswith(DATA[-1000:]) and len(data) > len(DATA)
    )
    assert parse_answers(received)[0].body == DATA
    assert sum(sent) == len(DATA)
    await client.close()


@pytest_twisted.ensureDeferred
async def test_what_is_not_in_memory_is_not_copied(
    files: Files, sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.preadv
    is_there = (3 * MIB, 5 * MIB)

    def some(descriptor: int, buffers: Any, position: int, flags: int = 0) -> int:
        """Only a stretch in the middle is in memory, and its neighbours on the disk."""
        left = is_there[1] - position
        if position < is_there[0] or left <= 0:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return real(descriptor, [memoryview(buffers[0])[:left]], position, flags)

    monkeypatch.setattr("os.preadv", some)
    monkeypatch.setattr("bleepstore.wire.sendfile.PIECE_BYTES", MIB)
    client = await files.site.client()
    client.write(GET)
    received = await client.until(
        lambda data: data.endswith(DATA[-1000:]) and len(data) > len(DATA)
    )
    assert parse_answers(received)[0].body == DATA
    assert sum(sent) == len(DATA) - (is_there[1] - is_there[0])
    await client.close()
