"""``./bleep bench``: measures BleepStore and its peers side by side on this machine.

Peers that are not there are left out: SeaweedFS (installed with the benchmark), nginx (apt install
nginx-light), and whatever ``--peer`` names. Needs wrk and curl (apt install wrk curl).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen

from . import report
from .figures import as_table
from .limits import machine_limits
from .machine import describe
from .picture import draw
from .race.contest import Contest
from .race.listing import all_listings, fill
from .race.requests import all_requests
from .race.resting import Idle, Start
from .race.streams import MIB, Copy, Download, Multipart, Source, Upload
from .race.syncing import Sync
from .race.turns import Outcome, run
from .servers.bleepstore import BleepStore
from .servers.external import External
from .servers.nginx import Nginx
from .servers.seaweedfs import SeaweedFS
from .servers.server import Server
from .workloads import WORKLOADS, Scale

_ROOT = Path(__file__).parents[1]
_GROUPS = ("requests", "streams", "listings", "sync", "alone")


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
        for server in servers:
            server.start()
            fill(server, keys)
            server.stop()
        contests = [*all_listings(keys, options.seconds), Start(keys), Idle(options.idle)]
        try:
            return run(contests, servers, options.rounds)
        finally:
            shutil.rmtree(self.folder / "listings", ignore_errors=True)

    def alone(self) -> str:
        """What is measured of BleepStore alone."""
        if "alone" not in self.options.only:
            return ""
        figures = []
        for name, measure in WORKLOADS.items():
            print(f"measuring: {name}", file=sys.stderr)
            figures += measure(self.folder / name, Scale(objects=self.options.objects))
        return f"\n\n{as_table(figures)}"


def main() -> None:
    """Measure what the command line asks for."""
    options = _parse()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        text, outcomes, servers = _measure(Bench(Path(folder), options))
    print(text)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "benchmark.md").write_text(text)
    draw(outcomes, servers, options.output / "benchmark.png")
    print(f"also in {options.output}: benchmark.md, benchmark.png", file=sys.stderr)


def _measure(bench: Bench) -> tuple[str, list[Outcome], list[Server]]:
    servers = bench.servers("none")
    limits = machine_limits(bench.folder)
    limits["the slower of MD5 and disk"] = min(limits["MD5"], limits["disk write with fsync"])
    outcomes = bench.race("requests", bench.requests)
    outcomes += bench.race("streams", bench.streams)
    outcomes += bench.listings()
    outcomes += bench.race("sync", bench.sync)
    table = report.outcomes_table(outcomes, servers, limits) if outcomes else ""
    parts = (
        f"{describe(bench.folder)}\n{report.limits_list(limits)}",
        report.servers_list(servers),
        table + bench.alone(),
    )
    return "\n\n".join(parts) + "\n", outcomes, servers


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./bleep bench", description=__doc__)

    def add_number(name: str, text: str) -> None:
        parser.add_argument(name, type=int, metavar="N", help=text)

    parser.add_argument("--only", action="append", choices=_GROUPS, help="default: everything")
    parser.add_argument(
        "--peer",
        action="append",
        type=External,
        default=[],
        metavar="NAME=URL,ACCESS_KEY,SECRET_KEY[,REGION]",
        help="a store that runs already",
    )
    parser.add_argument("--quick", action="store_true", help="a few minutes, rough figures")
    add_number("--rounds", "turns of each store (default: 2)")
    add_number("--seconds", "of each load of requests (default: 3)")
    add_number("--objects", "in the full stores (default: 1000000)")
    add_number("--files", "to sync (default: 5000)")
    add_number("--idle", "seconds to do nothing (default: 15)")
    add_number("--large-mib", "size of the large object, a fifth of the copied one (default: 1024)")
    parser.add_argument(
        "--folder", type=Path, default=_ROOT / "build" / "bench", help="default: build/bench"
    )
    parser.add_argument(
        "--output", type=Path, default=_ROOT / "build", help="for table and picture; default: build"
    )
    return _with_defaults(parser.parse_args())


def _with_defaults(options: argparse.Namespace) -> argparse.Namespace:
    quick = options.quick
    defaults = {
        "only": list(_GROUPS),
        "rounds": 1 if quick else 2,
        "seconds": 3,
        "objects": 20_000 if quick else 1_000_000,
        "files": 500 if quick else 5000,
        "idle": 5 if quick else 15,
        "large_mib": 256 if quick else 1024,
    }
    for name, value in defaults.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.clients = (32,) if quick else (1, 32, 256)
    return options


if __name__ == "__main__":
    main()
