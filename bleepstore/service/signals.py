"""Signals beside those that Twisted handles itself (SIGINT, SIGTERM, SIGCHLD)."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field


@define
class Signals:
    """Calls functions for signals, in the reactor's own turn.

    Args:
        actions: what to call, by signal number.
    """

    _reactor: Any
    _actions: Mapping[int, Callable[[], object]]
    _former: dict[int, Any] = field(factory=dict, init=False)

    def install(self) -> None:
        """Begin. Only from the main thread."""
        for number in self._actions:
            self._former[number] = signal.signal(number, self._received)

    def uninstall(self) -> None:
        """Leave the signals to whoever had them before."""
        while self._former:
            signal.signal(*self._former.popitem())

    def _received(self, number: int, _: object) -> None:
        # A handler runs between any two instructions of the program, and does not end a wait
        # for events; this does.
        self._reactor.callFromThread(self._actions[number])
