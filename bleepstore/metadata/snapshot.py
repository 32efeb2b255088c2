"""Snapshots of a database in memory: SQLite files, each of them whole or not there.

A snapshot is an ordinary database file of BleepStore; every SQLite tool reads it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import txaio

from ..errors import NotPossible, SnapshotUnusable
from ..folders import sync_folder
from .sqlite import create_file

log = txaio.make_logger()

# 1 MiB: requests wait for a step under way, half a millisecond.
_STEP_PAGES = 256
_PAUSE_SECONDS = 0.0005
# SQLite begins anew whenever a database in memory has changed since the last step.
_MOST_RESTARTS = 20
_ALL_PAGES = -1
# 16 MiB: nobody waits for a step of a file.
_LIVE_STEP_PAGES = 4096
_ENDING = ".new"


def load(memory: sqlite3.Connection, path: Path) -> None:
    """Fill an empty database from a snapshot; without the file it stays empty.

    Raises:
        SnapshotUnusable: the file is no snapshot, or a broken one.
        OSError: the file cannot be read.
    """
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError:
        return
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            file.backup(memory)
    except sqlite3.DatabaseError as error:
        raise SnapshotUnusable(path, str(error)) from error
    problem = problem_of(memory)
    if problem:
        raise SnapshotUnusable(path, problem)
    log.info("loaded the snapshot {path}", path=str(path))


def problem_of(copy: sqlite3.Connection) -> str:
    """What is wrong with a copy of a database, in one line; empty if nothing is. Reads all of it."""
    try:
        (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            return " ".join(verdict.split())
        names = "SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'"
        return "" if copy.execute(names).fetchone() == (1,) else "not written by BleepStore"
    except sqlite3.DatabaseError as error:
        return str(error)


def save(memory: sqlite3.Connection, path: Path) -> None:
    """Write everything that a database in memory has at one instant to a file, durably.

    Blocks, and is made for a thread other than the one that uses the connection, which can go on
    between two steps. The file takes its name when it is complete: whatever happens before, what
    had the name keeps it.

    Raises:
        OSError, sqlite3.Error: there is no new snapshot.
    """
    unfinished = path.with_name(path.name + _ENDING)
    try:
        try:
            _copy(memory, unfinished, _STEP_PAGES, _Restarts())
        except _TooManyRestartsError:
            _copy(memory, unfinished, _ALL_PAGES, None)
        _sync(unfinished)
        unfinished.replace(path)
        sync_folder(path.parent)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    log.info("saved the snapshot {path}", path=str(path), size_bytes=path.stat().st_size)


def copy_live(source: Path, target: Path, advance: Callable[[int, int], None]) -> None:
    """Copy a database file that others write to, as it is at one instant, durably.

    Blocks. Others read and write on: the copy reads what was there when it began.

    Args:
        advance: is told how many pages are done, and how many there are. What it raises ends the
            copy.

    Raises:
        NotPossible: SQLite cannot read the one, or write the other.
        OSError: there is no whole copy.
    """

    def step(status: int, remaining: int, total: int) -> None:
        advance(total - remaining, total)

    try:
        with closing(sqlite3.connect(source, isolation_level=None)) as database:
            database.execute("PRAGMA query_only = ON")
            # A transaction that is open keeps what it sees from changing between two steps.
            database.execute("BEGIN")
            database.execute("SELECT count(*) FROM sqlite_master").fetchall()
            _copy(database, target, _LIVE_STEP_PAGES, step)
    except sqlite3.Error as error:
        raise NotPossible(f"{source} cannot be copied to {target}: {error}; mend that") from error
    _sync(target)


Progress = Callable[[int, int, int], None]


def _copy(source: sqlite3.Connection, path: Path, pages: int, progress: Progress | None) -> None:
    path.unlink(missing_ok=True)
    create_file(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        # If this fails, the file is removed: there is nothing to roll back.
        file.execute("PRAGMA journal_mode = OFF").fetchall()
        file.execute("PRAGMA synchronous = OFF")
        # While a change is being made SQLite lets nobody copy, and is asked again soon.
        source.backup(file, pages=pages, progress=progress, sleep=_PAUSE_SECONDS)


class _TooManyRestartsError(Exception):
    """Changes come faster than the copy proceeds."""


class _Restarts:
    """Watches a copy, lets others go first between its steps, and ends it if it gets nowhere."""

    def __init__(self) -> None:
        self._least_remaining: int | None = None
        self._restarts = 0

    def __call__(self, status: int, remaining: int, total: int) -> None:
        if self._least_remaining is not None and remaining > self._least_remaining:
            self._restarts += 1
            if self._restarts > _MOST_RESTARTS:
                raise _TooManyRestartsError
        self._least_remaining = remaining
        time.sleep(_PAUSE_SECONDS)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
