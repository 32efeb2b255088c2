from __future__ import annotations

import threading

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError, Deferred

from bleepstore.streams.threads import Lane, Threads
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
async def test_jobs_of_a_lane_follow_each_other_without_the_reactor(threads: Threads) -> None:
    done: list[int] = []
    lane, all_done = Lane(), threading.Event()
    jobs = [threads.run_in(lane, done.append, number) for number in range(100)]
    threads.run_in(lane, all_done.set)
    assert all_done.wait(10)  # the reactor stands still meanwhile
    assert done == list(range(100))
    for job in jobs:
        await job


@pytest_twisted.ensureDeferred
async def test_lanes_do_not_wait_for_each_other(threads: Threads) -> None:
    may_end, held, free = threading.Event(), Lane(), Lane()
    waiting = threads.run_in(held, may_end.wait)
    behind = threads.run_in(held, may_end.is_set)
    await threads.run_in(free, may_end.set)  # would never come about otherwise
    assert await waiting
    assert await behind


@pytest_twisted.ensureDeferred
async def test_a_lane_goes_on_behind_a_job_that_fails_or_is_dropped(threads: Threads) -> None:
    lane, may_end, never = Lane(), threading.Event(), threading.Event()
    first = threads.run_in(lane, may_end.wait)
    dropped = threads.run_in(lane, never.set)
    failing = threads.run_in(lane, divmod, 7, 0)
    last = threads.run_in(lane, divmod, 7, 2)
    dropped.cancel()
    may_end.set()
    assert await first
    with pytest.raises(CancelledError):
        await dropped
    with pytest.raises(ZeroDivisionError):
        await failing
    assert await last == (3, 1)
    assert not never.is_set()
    assert await threads.run_in(lane, divmod, 9, 2) == (4, 1)


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
