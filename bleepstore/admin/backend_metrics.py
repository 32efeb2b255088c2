"""How long a backend takes for each call, and how often it fails.

The backend is wrapped in one that measures; it can do all that the other can.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from time import perf_counter
from typing import Any, TypeVar, cast

from attrs import frozen
from prometheus_client import CollectorRegistry, Counter, Histogram
from twisted.internet.defer import CancelledError
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ..interfaces import IBlobStore, ISink, IWritesInThread
from ..values import Blob, BlobName

T = TypeVar("T")

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@frozen
class _Call:
    """One method of a backend."""

    _seconds: Histogram
    _errors: Counter

    async def measure(self, work: Awaitable[T]) -> T:
        began = perf_counter()
        try:
            return await work
        except CancelledError:
            raise  # the client has left
        except Exception:
            self._errors.inc()
            raise
        finally:
            self._seconds.observe(perf_counter() - began)

    def observe(self, seconds: Iterable[float]) -> None:
        """Count what was measured in threads, where metrics must not be touched."""
        for each in seconds:
            self._seconds.observe(each)


class BackendMetrics:
    """Measures backends."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("backend", "call")
        self._seconds = Histogram(
            "bleepstore_backend_call_seconds",
            "Calls of the storage backend; a read is over when its bytes can flow.",
            labels,
            buckets=_SECONDS,
            registry=registry,
        )
        self._errors = Counter(
            "bleepstore_backend_errors",
            "Calls of the storage backend that failed.",
            labels,
            registry=registry,
        )

    def measured(self, backend: IBlobStore) -> IBlobStore:
        """The backend, measured."""
        return MeasuredStore(backend, lambda call: self._call(backend.name, call))

    def _call(self, backend: str, call: str) -> _Call:
        return _Call(self._seconds.labels(backend, call), self._errors.labels(backend, call))


@implementer(IBlobStore)
class MeasuredStore:
    """Measures the calls of another backend that requests wait for.

    Args:
        inner: the other backend.
        call: gives what measures the calls of a name.
    """

    def __init__(self, inner: IBlobStore, call: Callable[[str], _Call]) -> None:
        self.name = inner.name
        self._inner = inner
        self._open, self._read, self._delete = call("open"), call("read"), call("delete")
        self._write, self._commit = call("write"), call("commit")

    def __conform__(self, interface: Any) -> Any:
        """What the other backend can do beside being one, it does itself."""
        return None if interface is IBlobStore else interface(self._inner, None)

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def recover(self, is_referenced: Callable[[Sequence[str]], Awaitable[Any]]) -> int:
        return await self._inner.recover(is_referenced)

    async def open_sink(self, name: BlobName, size_bytes: int | None) -> ISink:
        sink = await self._open.measure(self._inner.open_sink(name, size_bytes))
        return MeasuredSink(sink, self._write, self._commit)

    async def read(self, locator: str, offset: int, length: int) -> IBodyProducer:
        return await self._read.measure(self._inner.read(locator, offset, length))

    async def delete(self, locators: Sequence[str]) -> Sequence[str]:
        return await self._delete.measure(self._inner.delete(locators))

    async def exists(self, locator: str) -> bool:
        return await self._inner.exists(locator)

    def list_locators(self) -> AsyncIterator[str]:
        return self._inner.list_locators()


@implementer(ISink)
class MeasuredSink:
    """Measures the calls of another sink."""

    def __init__(self, inner: ISink, write: _Call, commit: _Call) -> None:
        self._inner = inner
        self._write = write
        self._commit = commit
        self._seconds_in_threads: list[float] = []

    def __conform__(self, interface: Any) -> Any:
        """It writes in threads if the other sink does."""
        return self if interface is IWritesInThread and interface(self._inner, None) else None

    def write_pieces(self, pieces: Sequence[bytes | memoryview]) -> None:
        began = perf_counter()
        cast(IWritesInThread, self._inner).write_pieces(pieces)
        self._seconds_in_threads.append(perf_counter() - began)

    async def write(self, block: bytes) -> None:
        await self._write.measure(self._inner.write(block))

    async def commit(self) -> Blob:
        self._write.observe(self._seconds_in_threads)
        return await self._commit.measure(self._inner.commit())

    async def settle(self) -> None:
        await self._inner.settle()

    async def abort(self) -> None:
        await self._inner.abort()
