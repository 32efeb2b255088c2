"""``./bleep bench``: measures BleepStore on this machine and prints a Markdown table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .figures import Figure, as_table
from .machine import describe
from .workloads import WORKLOADS, Scale

_ROOT = Path(__file__).parents[1]


def main() -> None:
    """Measure what the command line asks for."""
    options = _parse()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    scale = Scale(seconds=options.seconds, objects=options.objects, idle_seconds=options.idle)
    figures: list[Figure] = []
    for name in options.only or WORKLOADS:
        print(f"measuring: {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=folder, prefix=name) as own:
            figures += WORKLOADS[name](Path(own), scale)
    report = f"{describe(folder)}\n\n{as_table(figures)}\n"
    print(report)
    if options.output:
        options.output.write_text(report)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./bleep bench", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=list(WORKLOADS),
        help="measure this; may be given several times (default: everything)",
    )
    parser.add_argument(
        "--seconds", type=int, default=10, help="of each load of small requests (default: 10)"
    )
    parser.add_argument(
        "--objects", type=int, default=1_000_000, help="in the full store (default: 1000000)"
    )
    parser.add_argument("--idle", type=int, default=30, help="seconds to do nothing (default: 30)")
    parser.add_argument(
        "--folder",
        type=Path,
        default=_ROOT / "build" / "bench",
        help="for data, on the disk to be measured; not a tmpfs (default: build/bench)",
    )
    parser.add_argument("--output", type=Path, help="also write the report to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
