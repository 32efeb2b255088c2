from __future__ import annotations

import os
import time
from contextlib import suppress

import pytest

from bench.race.contest import PROCESSORS, Sample, mean
from bench.race.turns import run, running
from bench.report import by_kind, outcomes_table, ratio
from bench.servers.server import Usage
from bench.watch import Watch
from tests.bench.fake_store import FakeContest, FakeStore, FakeStream


def test_what_fails_in_one_store_leaves_what_others_have() -> None:
    ours, theirs = FakeStore("ours", 6.0), FakeStore("theirs", RuntimeError("requests\nfailed"))
    first, second = run([FakeContest(), FakeContest("again")], [ours, theirs], rounds=2)
    assert [first.samples.keys(), second.samples.keys()] == [{"ours"}, {"ours"}]
    assert first.samples["ours"].value == 6.0
    assert first.problems == ["guess, theirs: requests failed"]
    assert second.problems == ["again, theirs: requests failed"]
    assert not any(each.is_running for each in (ours, theirs))


@pytest.mark.parametrize("trouble", [RuntimeError("no port"), KeyboardInterrupt()])
def test_a_start_that_fails_leaves_nothing_running(trouble: BaseException) -> None:
    servers = [FakeStore("ours"), FakeStore("theirs", trouble=trouble)]
    with pytest.raises(type(trouble)):
        run([FakeContest()], servers, rounds=1)
    assert not any(each.is_running for each in servers)


def test_filling_that_fails_leaves_nothing_running() -> None:
    server = FakeStore("ours")
    with suppress(ZeroDivisionError), running([server]):
        assert server.is_running
        raise ZeroDivisionError
    assert not server.is_running


def test_the_table_has_a_column_only_for_what_was_measured() -> None:
    contest = FakeContest()
    contest.asked_for, contest.limit = 1.5, PROCESSORS
    stores = [FakeStore("ours", 1000.0), FakeStore("theirs", 400.0)]
    outcomes = run([contest], stores, rounds=1)
    assert ratio(outcomes[0], "ours", "theirs") == 2.5
    share = f"{1000 * 1000 / 1e6 / (os.cpu_count() or 1):.0%} of the processors"
    assert outcomes_table(outcomes, stores, {}) == [
        ["measured", "ours", "p50, p99 ms", "CPU", "theirs", "p50, p99 ms", "CPU",
         "times theirs", "asked for", "of the limit"],
        ["guess", "1,000 /s", "1.5, 20.2", "1,000 µs", "400 /s", "1.5, 20.2", "1,000 µs",
         "2.50", "1.50", share],
    ]  # fmt: skip


def test_a_time_is_better_the_less_it_is() -> None:
    contest = FakeContest()
    contest.is_more_better = False
    (outcome,) = run([contest], [FakeStore("ours", 2.0), FakeStore("theirs", 6.0)], rounds=1)
    assert ratio(outcome, "ours", "theirs") == 3.0
    assert ratio(outcome, "ours", "nobody") is None


def test_requests_have_a_table_of_their_own() -> None:
    stores = [FakeStore("ours")]
    requests, stream = run([FakeContest("GET"), FakeStream("upload")], stores, rounds=1)
    assert by_kind([stream, requests]) == [[requests], [stream]]
    assert by_kind([stream]) == [[stream]]
    assert by_kind([]) == []


def test_rounds_count_by_their_mean_and_memory_by_the_most() -> None:
    samples = [Sample(1.0, 4.0, 6.0, memory_bytes=7), Sample(2.0, 5.0, 9.0, memory_bytes=3)]
    assert mean(samples) == Sample(1.5, 4.5, 7.5, memory_bytes=7)


def test_the_most_memory_is_told_of_and_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([Usage(1, 10.0, 5), Usage(1, 11.0, 900), Usage(1, 12.5, 7)])
    server = FakeStore("ours")
    monkeypatch.setattr(server, "usage", lambda: next(seen))
    monkeypatch.setattr("bench.watch._EVERY_SECONDS", 0.01)
    with Watch(server) as watch:
        deadline = time.monotonic() + 10
        while watch._most_bytes < 900 and time.monotonic() < deadline:
            time.sleep(0.001)
        watch._is_over.set()
    complete = watch.complete(Sample(1.0))
    assert (complete.memory_bytes, complete.cpu_seconds) == (900, 2.5)
    assert watch.complete(Sample(1.0, cpu_us=3.0)).cpu_seconds is None
