"""What ``bleepstore-admin`` does where nobody, or a terminal, gets what it prints."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.admin import admin, admin_process
from tests.e2e.daemon import BACKEND, Daemon

pytestmark = pytest.mark.skipif(
    BACKEND == "memory", reason="a store in memory is not reached from beside"
)
_NASTY = "x\x1b[31m@y"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Daemon:
    """A daemon's store; the daemon has ended."""
    running = Daemon(tmp_path_factory.mktemp("output"))
    running.start()
    running.stop()
    return running


@pytest.mark.parametrize("command", ["user list", "export", "fsck --json", "user create Full"])
def test_a_full_disk_for_the_output_is_said_in_one_line(store: Daemon, command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        process = admin_process(store, *command.split(), stdout=full)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.startswith("bleepstore-admin: the standard output: No space left on device; ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("command", ["user list", "export", "fsck"])
def test_who_has_seen_enough_is_not_told_of_it(store: Daemon, command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        process = admin_process(store, *command.split(), stdout=nobody)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (2, "")


@pytest.mark.parametrize("command", ["user list", "export", "fsck", "user create Closed"])
def test_a_closed_output_is_said_in_one_line_and_nothing_is_done(
    store: Daemon, command: str
) -> None:
    process = admin_process(store, *command.split(), closing=1)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.startswith("bleepstore-admin: the standard output is closed; ")
    assert errors.count("\n") == 1
    assert "Closed" not in admin(store, "user", "list").stdout


def test_without_a_standard_error_nothing_is_done(store: Daemon) -> None:
    process = admin_process(store, "user", "create", "Silent", closing=2)
    process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Silent" not in admin(store, "user", "list").stdout


def test_nothing_that_a_user_is_called_moves_the_cursor(store: Daemon) -> None:
    made = admin(store, "user", "create", "Eve", "--email", _NASTY)
    assert (made.returncode, made.stdout) == (2, "")
    assert "printable characters" in made.stderr
    admin(store, "user", "create", "Mallory", "--email", "good@example.com")
    with closing(sqlite3.connect(store.database_path)) as database, database:
        database.execute("UPDATE account SET email = ? WHERE email <> ''", (_NASTY,))
    listed = admin(store, "user", "list").stdout
    assert "\x1b" not in listed
    assert r"x\x1b[31m@y" in listed
