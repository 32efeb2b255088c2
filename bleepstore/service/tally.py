"""Where the workers count for ``/metrics``, and their parent with them."""

from __future__ import annotations

import os
import shutil
import tempfile
from itertools import count
from pathlib import Path

from attrs import define, field

from ..admin.metrics import Metrics
from ..admin.shared_metrics import SharedMetrics

_OWN_NAME = "0"


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
    _taken: set[str] = field(factory=set, init=False)

    def start(self) -> Metrics | None:
        """Make the folder, where systemd wants such things if it says so.

        Returns:
            what this process counts itself; None if nobody counts.
        """
        if not self._is_wanted:
            return None
        parent = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or None
        self._folder = Path(tempfile.mkdtemp(prefix="bleepstore-metrics-", dir=parent))
        return Metrics(SharedMetrics(self._folder, _OWN_NAME))

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

    def stop(self) -> None:
        """Remove the folder; no effect without one."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
