"""``./bleep bench``: measures BleepStore and its peers side by side on this machine.

Peers that are not there are left out: SeaweedFS (installed with the benchmark), nginx (apt install
nginx-light), and whatever ``--peer`` names. Needs wrk and curl (apt install wrk curl).
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from attrs import frozen

from . import report
from .figures import Figure, as_table
from .limits import machine_limits
from .machine import describe
from .options import parse
from .picture import draw
from .race.contest import Contest
from .race.listing import all_listings, fill
from .race.requests import all_requests
from .race.resting import Idle, Start
from .race.streams import MD5_OR_DISK, MIB, Copy, Download, Multipart, Source, Upload
from .race.syncing import Sync
from .race.turns import Outcome, noted, run, running
from .servers.bleepstore import BleepStore
from .servers.nginx import Nginx
from .servers.seaweedfs import SeaweedFS
from .servers.server import Server
from .tables import Report, as_markdown, as_rst
from .workloads import WORKLOADS, Scale

_ENDINGS = (signal.SIGINT, signal.SIGTERM)


@frozen
class Bench:
    """One run.

    Attributes:
        folder: for data, on the disk to be measured.
        options: of the command line.
    """

    folder: Path
    options: argparse.Namespace

    def servers(self, name: str) -> list[Server]:
        """Fresh stores in a folder of this name, ours first."""
        folder = self.folder / name
        servers: list[Server] = [BleepStore(folder / "bleepstore")]
        if SeaweedFS.is_there():
            servers.append(SeaweedFS(folder / "seaweedfs"))
        servers += self.options.peer
        if Nginx.is_there():
            servers.append(Nginx(folder / "nginx"))
        return servers

    def race(self, name: str, make: Callable[[], Sequence[Contest]]) -> list[Outcome]:
        """Run a group of contests between fresh stores, if the command line asks for it."""
        if name not in self.options.only:
            return []
        try:
            return run(make(), self.servers(name), self.options.rounds)
        finally:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def requests(self) -> Sequence[Contest]:
        return all_requests(self.options.clients, self.options.seconds)

    def streams(self) -> Sequence[Contest]:
        source = Source(self.folder)
        size_bytes = self.options.large_mib * MIB
        return [
            Download(source, size_bytes),
            Upload(source, size_bytes),
            Multipart(source, size_bytes),
            Copy(source, size_bytes),
        ]

    def sync(self) -> Sequence[Contest]:
        files = self.options.files
        return [Sync(self.folder, files, is_up=is_up) for is_up in (True, False)]

    def listings(self) -> list[Outcome]:
        """Listings, starts and rest of stores that have very many objects."""
        if "listings" not in self.options.only:
            return []
        keys, options = self.options.objects, self.options
        servers = [each for each in self.servers("listings") if each.has_buckets]
        contests = [*all_listings(keys, options.seconds), Start(keys), Idle(options.idle)]
        try:
            for server in servers:
                with running([server]):
                    fill(server, keys)
            return run(contests, servers, options.rounds)
        finally:
            shutil.rmtree(self.folder / "listings", ignore_errors=True)

    def alone(self, problems: list[str]) -> list[Figure]:
        """What is measured of BleepStore alone; what fails is among the problems then."""
        if "alone" not in self.options.only:
            return []
        figures: list[Figure] = []
        for name, measure in WORKLOADS.items():
            print(f"measuring: {name}", file=sys.stderr)
            with noted(name, problems):
                figures += measure(self.folder / name, Scale(objects=self.options.objects))
        return figures


def main() -> int:
    """Measure what the command line asks for; answers the exit code."""
    options = parse(__doc__)
    for each in _ENDINGS:
        signal.signal(each, _end)
    try:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            measured = _measure(Bench(Path(folder), options))
    except KeyboardInterrupt:
        print("stopped; nothing is left running", file=sys.stderr)
        return 130
    text = as_markdown(measured.report)
    print(text)
    (options.output / "benchmark.md").write_text(text)
    (options.output / "benchmark.rst").write_text(as_rst(measured.report))
    draw(measured.outcomes, measured.servers, options.output / "benchmark.png")
    print(f"also in {options.output}: benchmark.md, .rst and .png", file=sys.stderr)
    return 1 if measured.is_partial else 0


def _end(*_: object) -> None:
    """Once: whoever asks again has to wait until all is cleaned up."""
    for each in _ENDINGS:
        signal.signal(each, lambda *_: None)  # SIG_IGN would be inherited
    raise KeyboardInterrupt


@frozen
class Measured:
    """What came of a run."""

    report: Report
    outcomes: list[Outcome]
    servers: list[Server]
    is_partial: bool


def _measure(bench: Bench) -> Measured:
    servers = bench.servers("none")
    limits = machine_limits(bench.folder)
    limits[MD5_OR_DISK] = min(limits["MD5"], limits["disk write with fsync"])
    outcomes: list[Outcome] = []
    problems: list[str] = []
    groups: dict[str, Callable[[], list[Outcome]]] = {
        "requests": partial(bench.race, "requests", bench.requests),
        "streams": partial(bench.race, "streams", bench.streams),
        "listings": bench.listings,
        "sync": partial(bench.race, "sync", bench.sync),
    }
    for name, measure in groups.items():
        with noted(name, problems):
            outcomes += measure()
    figures = bench.alone(problems)
    problems += chain.from_iterable(each.problems for each in outcomes)
    result = (
        f"{describe(bench.folder)}\n{report.limits_list(limits)}",
        report.servers_list(servers),
        "\n".join(f"- not measured: {each}" for each in problems),
        *(report.outcomes_table(each, servers, limits) for each in report.by_kind(outcomes)),
        as_table(figures) if figures else "",
    )
    return Measured(result, outcomes, servers, bool(problems))


if __name__ == "__main__":
    sys.exit(main())
