"""Services that are started once in a test run and end with it."""

from __future__ import annotations

import atexit
from typing import Protocol, TypeVar


class Service(Protocol):
    """Something that can be started and stopped."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


S = TypeVar("S", bound=Service)


def lasting(service: S) -> S:
    """Start it; it is stopped when the test run ends."""
    atexit.register(service.stop)
    service.start()
    return service
