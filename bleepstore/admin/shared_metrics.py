# mypy: allow-untyped-calls
"""Metrics of several processes, added up: each counts in files of its own that all can read.

A counter outlives the process that counted: the files stay, and the next process of the same name
goes on where the last one ended, however that ended. It is the multiprocess mode of
prometheus_client, set up per process instead of by the environment of the daemon.
https://prometheus.github.io/client_python/multiprocess/
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from attrs import frozen
from prometheus_client import CollectorRegistry, values
from prometheus_client import generate_latest as render
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@frozen
class SharedMetrics:
    """The place of one process among those that count together.

    Args:
        folder: where the files are, the same for all.
        name: this process's own, of digits; no two running processes have the same one.
    """

    folder: Path
    name: str

    def join(self) -> None:
        """Count there from now on: concerns every metric that this process makes afterwards."""
        os.environ[_FOLDER_VARIABLE] = str(self.folder)
        values.ValueClass = values.MultiProcessValue(lambda: self.name)

    def render(self) -> bytes:
        """The sums, in Prometheus's text format."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self.folder))
        return render(registry)

    def leave(self) -> None:
        """Forget the gauges of a process of this name that has ended; its counters stay."""
        mark_process_dead(self.name, str(self.folder))

    def discard(self) -> None:
        """Remove what all have counted, as nobody will ask for it any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


class SharedCounter:
    """A counter of a process that makes no other metrics, beside those of the processes that do.

    Args:
        folder: where the others count.
        name: the metric's, without ``_total``.
        text: what it counts.
    """

    def __init__(self, folder: Path, name: str, text: str) -> None:
        self._file = MmapedDict(str(folder / "counter_parent.db"))
        self._key = mmap_key(name, f"{name}_total", [], [], text)
        self._file.read_value(self._key)  # shown as 0 from the beginning

    def increment(self) -> None:
        count, _ = self._file.read_value(self._key)
        self._file.write_value(self._key, count + 1, 0.0)

    def close(self) -> None:
        self._file.close()
