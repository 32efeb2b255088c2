"""What ``./bleep bench`` accepts on its command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from .servers.bleepstore import BleepStore
from .servers.external import External
from .servers.nginx import Nginx
from .servers.program import find_program
from .servers.seaweedfs import SeaweedFS

_BUILD = Path(__file__).parents[1] / "build"
_NEEDED = {
    "requests": ("wrk",),
    "streams": ("curl",),
    "listings": ("wrk",),
    "sync": ("aws",),
    "alone": (),
}
"""The groups of contests, and the programs that are their clients."""

_INSTALLED_BY = {
    "wrk": "apt install wrk",
    "curl": "apt install curl",
    "aws": "it comes with ./bleep bench",
}
_LEAST_OBJECTS = 2000  # a page is 1,000 keys from the middle
_LEAST_LARGE_MIB = 40  # eight parts of 5 MiB, the least that S3 takes


def parse(description: str | None, arguments: list[str] | None = None) -> argparse.Namespace:
    """The options, all of which have values; ends the program if something is wrong with them."""
    parser = argparse.ArgumentParser(prog="./bleep bench", description=description)

    def add_number(name: str, text: str, least: int = 1) -> None:
        parser.add_argument(name, type=_at_least(least), metavar="N", help=text)

    parser.add_argument("--only", action="append", choices=_NEEDED, help="default: everything")
    parser.add_argument(
        "--peer",
        action="append",
        type=_peer,
        default=[],
        metavar="NAME=URL,ACCESS_KEY,SECRET_KEY[,REGION]",
        help="a store that runs already",
    )
    parser.add_argument("--quick", action="store_true", help="a few minutes, rough figures")
    add_number("--rounds", "turns of each store (default: 2)")
    add_number("--seconds", "of each load of requests (default: 3)")
    add_number("--objects", "in the full stores (default: 1000000)", _LEAST_OBJECTS)
    add_number("--files", "to sync (default: 5000)")
    add_number("--idle", "seconds to do nothing (default: 15)")
    add_number(
        "--large-mib",
        "size of the large object, a fifth of the copied one (default: 1024)",
        _LEAST_LARGE_MIB,
    )
    # Only defaults that are text are given to the type, which makes the folder.
    parser.add_argument(
        "--folder",
        type=_folder,
        default=str(_BUILD / "bench"),
        help="for data; default: build/bench",
    )
    parser.add_argument(
        "--output", type=_folder, default=str(_BUILD), help="for tables and picture; default: build"
    )
    options = _with_defaults(parser.parse_args(arguments))
    for problem in _problems(options):
        parser.error(problem)
    return options


def _problems(options: argparse.Namespace) -> list[str]:
    names = [each.name for each in (BleepStore, SeaweedFS, Nginx, *options.peer)]
    problems = [f"{name} is the name of two stores" for name in names if names.count(name) > 1]
    needed = sorted({program for group in options.only for program in _NEEDED[group]})
    missing = [program for program in needed if find_program(program) is None]
    if missing:
        hints = "; ".join(_INSTALLED_BY[program] for program in missing)
        problems.append(f"{' and '.join(missing)} missing ({hints})")
    problems += [problem for peer in options.peer if (problem := peer.problem())]
    return problems


def _peer(text: str) -> External:
    try:
        return External(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"expected a number of {least} or more, not {text!r}")
        return int(text)

    return number


def _folder(text: str) -> Path:
    path = Path(text).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path}: {error.strerror}") from error
    return path


def _with_defaults(options: argparse.Namespace) -> argparse.Namespace:
    quick = options.quick
    defaults = {
        "only": list(_NEEDED),
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
