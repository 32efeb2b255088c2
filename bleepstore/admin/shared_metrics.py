# mypy: allow-untyped-calls
"""Metrics of several processes, added up: each counts in files of its own that all can read.

A counter outlives the process that counted: the files stay, and the next process of the same name
goes on where the last one ended, however that ended. The files and their sums are those of
prometheus_client's multiprocess mode; only the values are our own. Its own would write to the file
with each count, which costs ten times as much as counting; ours are written once in a while.
https://prometheus.github.io/client_python/multiprocess/
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from attrs import field, frozen
from prometheus_client import CollectorRegistry, values
from prometheus_client import generate_latest as render
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead


@frozen
class SharedMetrics:
    """The place of one process among those that count together.

    Args:
        folder: where the files are, the same for all.
        name: this process's own, of digits; no two running processes have the same one.
    """

    folder: Path
    name: str

    def join(self) -> Ledger:
        """Count there from now on: concerns every metric that this process makes afterwards."""
        ledger = Ledger(self)
        values.ValueClass = ledger.make_value
        return ledger

    def render(self) -> bytes:
        """The sums of what is in the files, in Prometheus's text format."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self.folder))
        return render(registry)

    def leave(self) -> None:
        """Forget the gauges of a process of this name that has ended; its counters stay."""
        mark_process_dead(self.name, str(self.folder))

    def discard(self) -> None:
        """Remove what all have counted, as nobody will ask for it any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


class _Value:
    """One number, as prometheus_client's metrics want it. For one thread only."""

    _multiprocess = True

    def __init__(self, file: MmapedDict, key: str) -> None:
        self._file = file
        self._key = key
        self._value: float
        self._value, _ = file.read_value(key)
        self._written = self._value

    def inc(self, amount: float) -> None:
        self._value += amount

    def set(self, value: float, timestamp: float | None = None) -> None:
        self._value = value

    def get(self) -> float:
        return self._value

    def write(self) -> None:
        """Let the others see it."""
        if self._value != self._written:
            self._file.write_value(self._key, self._value, 0.0)
            self._written = self._value


@frozen(eq=False)
class Ledger:
    """What one process has counted."""

    _place: SharedMetrics
    _files: dict[str, MmapedDict] = field(factory=dict, init=False)
    _values: list[_Value] = field(factory=list, init=False)

    def make_value(
        self,
        kind: str,
        metric: str,
        name: str,
        label_names: Any,
        label_values: Any,
        text: str,
        multiprocess_mode: str = "",
        **_: Any,
    ) -> _Value:
        """Called by prometheus_client for each number of each metric."""
        prefix = f"{kind}_{multiprocess_mode}" if kind == "gauge" else kind
        if prefix not in self._files:
            path = self._place.folder / f"{prefix}_{self._place.name}.db"
            self._files[prefix] = MmapedDict(str(path))
        key = mmap_key(metric, name, label_names, label_values, text)
        value = _Value(self._files[prefix], key)
        self._values.append(value)
        return value

    def publish(self) -> None:
        """Let the others see all that was counted."""
        for value in self._values:
            value.write()
