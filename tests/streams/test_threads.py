from __future__ import annotations

import threading

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred

from bleepstore.streams.threads import Threads
from tests.streams.pool import new_threads


@pytest_twisted.ensureDeferred
async def test_a_job_runs_in_a_thread_of_that_name(threads: Threads) -> None:
    here = threading.current_thread()
    there = await threads.run(threading.current_thread)
    assert there is not here
    assert there.name.startswith("test-")
    assert there.daemon


@pytest_twisted.ensureDeferred
async def test_arguments_and_results_pass_through(threads: Threads) -> None:
    assert await threads.run(divmod, 7, 2) == (3, 1)


@pytest_twisted.ensureDeferred
async def test_exceptions_pass_through(threads: Threads) -> None:
    with pytest.raises(ZeroDivisionError):
        await threads.run(divmod, 7, 0)


@pytest_twisted.ensureDeferred
async def test_cancelling_waits_for_a_job_that_has_begun(threads: Threads) -> None:
    begun, may_end, has_ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait()
        has_ended.set()

    job = threads.run(work)
    begun.wait()
    job.cancel()
    job.cancel()
    assert not job.called or isinstance(job.result, Deferred)
    may_end.set()
    with pytest.raises(CancelledError):
        await job
    assert has_ended.is_set()


@pytest_twisted.ensureDeferred
async def test_cancelling_drops_a_job_that_has_not_begun() -> None:
    threads = new_threads("one", 1)
    threads.start()
    may_end, never = threading.Event(), threading.Event()
    first, second = threads.run(may_end.wait), threads.run(never.set)
    second.cancel()
    may_end.set()
    await first
    with pytest.raises(CancelledError):
        await second
    await threads.stop()
    assert not never.is_set()


@pytest_twisted.ensureDeferred
async def test_stop_waits_for_what_was_accepted_and_accepts_no_more() -> None:
    threads = new_threads("stopping", 1)
    threads.start()
    may_end = threading.Event()
    job = threads.run(may_end.wait)
    stopping = Deferred.fromCoroutine(threads.stop())
    with pytest.raises(RuntimeError):
        await threads.run(int)
    assert not stopping.called
    may_end.set()
    assert await job is True
    await stopping
    assert not [thread for thread in threading.enumerate() if "stopping" in thread.name]


@pytest_twisted.ensureDeferred
async def test_stopping_what_was_never_started_is_no_error() -> None:
    await new_threads("idle", 1).stop()
