"""What every test is held to: no unexpected error in the log, and a reactor left as it was found.

pytest-twisted, unlike trial, notices neither; a Deferred whose failure nobody handled would pass.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from attrs import define, field, frozen
from hypothesis import HealthCheck, settings
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

# Same examples on every run, so that a green run stays green. To hunt with fresh ones:
# HYPOTHESIS_PROFILE=explore ./bleep test
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "explore", settings.get_profile("ci"), derandomize=False, max_examples=2000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Turns of the reactor in which a closed connection or a cancelled call may still go away.
_SETTLING_TURNS = 50
_SETTLING_PAUSE_SECONDS = 0.02


@implementer(ILogObserver)
@define(eq=False)
class LoggedErrors:
    """The failures that were logged during a test."""

    _failures: list[Failure] = field(factory=list)

    def __call__(self, event: LogEvent) -> None:
        failure = event.get("log_failure")
        if failure is not None:
            self._failures.append(failure)

    def flush(self, *types: type[BaseException]) -> list[Failure]:
        """Take the failures of these exception types, or all: the test expected them."""
        taken = [each for each in self._failures if not types or each.check(*types)]
        self._failures = [each for each in self._failures if each not in taken]
        return taken


@frozen
class ReactorState:
    """What the reactor would still do: whom it calls later, and whom it reads and writes for."""

    calls: list[Any]
    selectables: list[Any]

    @classmethod
    def now(cls, reactor: Any) -> ReactorState:
        internal = reactor._internalReaders  # the waker and the like, as trial leaves them out
        readers = [each for each in reactor.getReaders() if each not in internal]
        return cls(
            [call.func for call in reactor.getDelayedCalls()],
            readers + list(reactor.getWriters()),
        )

    def beyond(self, earlier: ReactorState) -> list[str]:
        """What is there that was not there earlier.

        A call is the same when it calls the same thing, so that the ticking clock of a server in
        a module's fixture does not count.
        """
        calls = _without(self.calls, earlier.calls)
        selectables = _without(self.selectables, earlier.selectables)
        return [f"delayed call of {each!r}" for each in calls] + [
            f"open selectable {each!r}" for each in selectables
        ]


def _without(these: list[Any], those: list[Any]) -> list[Any]:
    rest = list(these)
    for each in those:
        if each in rest:
            rest.remove(each)
    return rest


@pytest.fixture(scope="session", autouse=True)
def _small_garbage_collections(twisted_greenlet: object) -> None:
    """What is there before the first test stays: it need not be looked through after each."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def flush_logged_errors(_nothing_left_behind: LoggedErrors) -> Any:
    """A function that takes expected failures out of the log: ``flush(*types)`` answers them."""
    return _nothing_left_behind.flush


@pytest.fixture(autouse=True)
def _nothing_left_behind(twisted_greenlet: object) -> Iterator[LoggedErrors]:
    from twisted.internet import reactor

    errors = LoggedErrors()
    before = ReactorState.now(reactor)
    globalLogPublisher.addObserver(errors)
    try:
        yield errors
        left = _settle(reactor, before)
        gc.collect()  # a Deferred says that its failure was not handled when it is collected
    finally:
        globalLogPublisher.removeObserver(errors)
    problems = [failure.getTraceback() for failure in errors.flush()] + left
    if problems:
        pytest.fail("the test left behind:\n" + "\n".join(problems), pytrace=False)


def _settle(reactor: Any, before: ReactorState) -> list[str]:
    """Give the reactor a moment to come back to ``before``; answers what is still too much."""
    for _ in range(_SETTLING_TURNS):
        left = ReactorState.now(reactor).beyond(before)
        if not left:
            return left
        pytest_twisted.blockon(deferLater(reactor, _SETTLING_PAUSE_SECONDS))
    return left
