"""Where the workers count for ``/metrics``, and what the parent counts itself."""

from __future__ import annotations

import os
import shutil
import tempfile
from itertools import count
from pathlib import Path

from attrs import define, field

from ..admin.shared_metrics import SharedCounter, SharedMetrics


@define
class Tally:
    """A private folder with a place for each worker.

    A place that a worker has left goes to the next one, which counts on from there. So the files
    are never more than there were workers at the same time, and no count is lost.

    Args:
        is_wanted: False if there are no metrics at all.
    """

    _is_wanted: bool
    _folder: Path | None = field(default=None, init=False)
    _restarts: SharedCounter | None = field(default=None, init=False)
    _taken: set[str] = field(factory=set, init=False)

    def start(self) -> None:
        """Make the folder, where systemd wants such things if it says so."""
        if self._is_wanted:
            parent = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or None
            self._folder = Path(tempfile.mkdtemp(prefix="bleepstore-metrics-", dir=parent))
            self._restarts = SharedCounter(
                self._folder,
                "bleepstore_workers_restarted",
                "Workers that ended by themselves and were replaced.",
            )

    def enter(self) -> SharedMetrics | None:
        """A place for one more worker; None if nobody counts."""
        if self._folder is None:
            return None
        name = next(name for name in map(str, count(1)) if name not in self._taken)
        self._taken.add(name)
        return SharedMetrics(self._folder, name)

    def leave(self, metrics: SharedMetrics | None) -> None:
        """A worker is gone."""
        if metrics is not None:
            metrics.leave()
            self._taken.discard(metrics.name)

    def worker_restarted(self) -> None:
        if self._restarts is not None:
            self._restarts.increment()

    def stop(self) -> None:
        """Remove the folder; no effect without one."""
        if self._folder is not None and self._restarts is not None:
            self._restarts.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = self._restarts = None
