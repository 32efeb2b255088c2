"""One worker more than serve: it has loaded the program, and waits for a place to serve at.

Loading takes most of a worker's start, a second or more of a processor, in which clients would
wait. One who waits instead makes up for any worker that is lost, at the price of its memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import txaio
from attrs import define, field

from .backoff import Backoff
from .workers import Worker

log = txaio.make_logger()


@define(eq=False)
class Understudy:
    """Keeps a worker ready.

    Args:
        start: starts a worker.
    """

    _reactor: Any
    _start: Callable[[], Worker]
    _backoff: Backoff = field(factory=Backoff, init=False)
    _worker: Worker | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _call: Any = field(default=None, init=False)

    def prepare(self) -> None:
        """Have one; no effect if there is one."""
        if self._worker is None:
            self._worker = self._start()
            self._started_at = self._reactor.seconds()

    def take(self) -> Worker:
        """The one who waits, who then is the caller's; or else one who has yet to start."""
        worker, self._worker = self._worker, None
        return worker or self._start()

    def missed(self, worker: Worker, how: str) -> bool:
        """A worker has ended: answer whether it was the one who waited here."""
        if worker is not self._worker:
            return False
        self._worker = None
        seconds = self._backoff.next(self._reactor.seconds() - self._started_at)
        log.error("worker {pid}, which served nobody yet, {how}", pid=worker.pid, how=how)
        self._call = self._reactor.callLater(seconds, self.prepare)
        return True

    def dismiss(self) -> None:
        """Have none."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop(0)
