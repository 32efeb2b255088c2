"""Threads for tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads

from bleepstore.streams.threads import Threads


def new_threads(name: str, size: int) -> Threads:
    """Not yet started."""
    return Threads(cast(IReactorFromThreads, reactor), name, size)


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = new_threads("test", 4)
    threads.start()
    yield threads
    pytest_twisted.blockon(Deferred.fromCoroutine(threads.stop()))
