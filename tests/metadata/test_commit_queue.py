"""The order of things in group commit, without a database."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from bleepstore.metadata.commit_queue import MAX_BATCH, Change, CommitQueue, Take
from bleepstore.metadata.counters import Counters
from tests.metadata.counting import Counts


class Committer:
    """Takes each batch at once, and holds it until the test ends it."""

    def __init__(self) -> None:
        self.batches: list[tuple[list[Any], Deferred[list[Any]]]] = []

    def __call__(self, take: Take) -> Deferred[list[Any]]:
        ended: Deferred[list[Any]] = Deferred()
        self.batches.append(([change.command for change in take()], ended))
        return ended

    def end_latest(self, outcomes: list[Any] | Failure) -> None:
        ended = self.batches[-1][1]
        ended.callback(outcomes)

    @property
    def commands(self) -> list[list[Any]]:
        return [commands for commands, _ in self.batches]


@pytest.fixture
def committer() -> Committer:
    return Committer()


@pytest.fixture
def queue(committer: Committer) -> CommitQueue:
    return CommitQueue(committer, Counters())


def submit(queue: CommitQueue, command: object) -> Deferred[Any]:
    return queue.submit(Change("test", lambda txn, command: command, command))


def result_of(deferred: Deferred[Any]) -> Any:
    found: list[Any] = []
    deferred.addBoth(found.append)
    (result,) = found
    return result


def test_what_waits_during_a_commit_goes_into_the_next_one_together(
    queue: CommitQueue, committer: Committer
) -> None:
    first = submit(queue, 1)
    second, third = submit(queue, 2), submit(queue, 3)
    assert committer.commands == [[1]]
    assert queue.length == 2
    committer.end_latest(["one"])
    assert committer.commands == [[1], [2, 3]]
    committer.end_latest(["two", "three"])
    assert [result_of(each) for each in (first, second, third)] == ["one", "two", "three"]


def test_a_batch_is_bounded(queue: CommitQueue, committer: Committer) -> None:
    for number in range(MAX_BATCH + 2):
        submit(queue, number)
    committer.end_latest([0])
    assert len(committer.commands[1]) == MAX_BATCH
    committer.end_latest([0] * MAX_BATCH)
    assert committer.commands[2] == [MAX_BATCH + 1]


def test_the_failure_of_a_commit_is_that_of_each_of_its_changes(
    queue: CommitQueue, committer: Committer
) -> None:
    submit(queue, 0)
    second, third = submit(queue, 2), submit(queue, 3)
    committer.end_latest([0])
    committer.end_latest(Failure(OSError("disk gone")))
    for change in (second, third):
        assert result_of(change).check(OSError)
    fourth = submit(queue, 4)
    committer.end_latest(["works again"])
    assert result_of(fourth) == "works again"


class Patient:
    """Waits for its turn: the test takes the batch."""

    def __init__(self) -> None:
        self.takes: list[Take] = []
        self.ended: Deferred[list[Any]] = Deferred()

    def __call__(self, take: Take) -> Deferred[list[Any]]:
        self.takes.append(take)
        self.ended = Deferred()
        return self.ended


def test_what_comes_while_another_process_writes_goes_into_the_same_commit() -> None:
    patient = Patient()
    queue = CommitQueue(patient, Counters())
    changes = [submit(queue, 1), submit(queue, 2), submit(queue, 3)]
    changes[1].cancel()
    assert [change.command for change in patient.takes[0]()] == [1, 3]
    late = submit(queue, 4)
    patient.ended.callback(["one", "three"])
    assert [result_of(changes[0]), result_of(changes[2])] == ["one", "three"]
    assert result_of(changes[1]).check(CancelledError)
    assert not late.called
    assert [change.command for change in patient.takes[1]()] == [4]


def test_a_commit_that_cannot_begin_fails_what_waits() -> None:
    patient = Patient()
    queue = CommitQueue(patient, Counters())
    changes = [submit(queue, 1), submit(queue, 2)]
    patient.ended.callback(Failure(OSError("no connection")))
    assert all(result_of(change).check(OSError) for change in changes)
    assert result_of(queue.idle()) is None


def test_a_batch_of_which_nothing_is_left_changes_nothing() -> None:
    patient = Patient()
    queue = CommitQueue(patient, Counters())
    cancelled = submit(queue, 1)
    cancelled.cancel()
    assert result_of(cancelled).check(CancelledError)
    assert patient.takes[0]() == []
    patient.ended.callback([])
    assert result_of(queue.idle()) is None


def test_a_change_cancelled_while_it_waits_is_never_run(
    queue: CommitQueue, committer: Committer
) -> None:
    submit(queue, 1)
    cancelled, kept = submit(queue, 2), submit(queue, 3)
    cancelled.cancel()
    assert result_of(cancelled).check(CancelledError)
    committer.end_latest([1])
    assert committer.commands == [[1], [3]]
    committer.end_latest([3])
    assert result_of(kept) == 3


def test_a_change_cancelled_while_it_runs_disturbs_nobody(
    queue: CommitQueue, committer: Committer
) -> None:
    cancelled = submit(queue, 1)
    cancelled.cancel()
    assert result_of(cancelled).check(CancelledError)
    kept = submit(queue, 2)
    committer.end_latest(["ignored"])
    committer.end_latest(["two"])
    assert result_of(kept) == "two"


def test_idle_waits_for_what_is_queued_too(queue: CommitQueue, committer: Committer) -> None:
    assert result_of(queue.idle()) is None
    submit(queue, 1)
    submit(queue, 2)
    idle = queue.idle()
    committer.end_latest([1])
    assert not idle.called
    committer.end_latest([2])
    assert idle.called


def test_batches_and_each_kind_of_change_are_told(committer: Committer) -> None:
    counts = Counts()
    queue = CommitQueue(committer, counts)
    for number in range(4):
        submit(queue, number)
    committer.end_latest([0])
    committer.end_latest([1, 2, 3])
    assert counts.batches == [1, 3]
    assert counts.transactions == {"test": 4}
