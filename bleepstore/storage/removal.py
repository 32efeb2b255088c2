"""Removes names that are of no use any more, without making anybody wait.

The names are those that recovery would remove as well, so nothing is lost if the process ends
first. While one batch is removed in a thread, the next one gathers: there is never more than one
job, and no timer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import txaio
from twisted.internet.defer import Deferred, succeed

from ..streams.threads import Threads
from .disk import remove_file

log = txaio.make_logger()


class Removal:
    """Takes names and removes them in the background."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._paths: list[Path] = []
        self._is_running = False
        self._finished: Deferred[None] | None = None

    def add(self, path: Path) -> None:
        """Remove ``path`` soon."""
        self._paths.append(path)
        if not self._is_running:
            self._is_running = True
            Deferred.fromCoroutine(self._run()).addErrback(
                lambda failure: log.failure("removing incoming names failed", failure=failure)
            )

    def finish(self) -> Deferred[None]:
        """Fires when everything that was added is gone."""
        if not self._is_running:
            return succeed(None)
        self._finished = Deferred()
        return self._finished

    async def _run(self) -> None:
        try:
            while self._paths:
                batch, self._paths = self._paths, []
                await self._threads.run(_remove_all, batch)
        finally:
            self._is_running = False
            finished, self._finished = self._finished, None
            if finished is not None:
                finished.callback(None)


def _remove_all(paths: Sequence[Path]) -> None:
    for path in paths:
        remove_file(path)
