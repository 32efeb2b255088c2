"""Disks that are full, that fail, or that have damaged something: what still works goes on working."""

from __future__ import annotations

import http.client
import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.admin import assert_sound
from tests.e2e.clients import ask, ask_signed, signed_headers
from tests.e2e.daemon import BACKEND, Daemon
from tests.e2e.disks import MIB, fail_disk, fill, real_disk, small_disk
from tests.e2e.waiting import wait_for
from tests.metadata.damage import damage_page_with

pytestmark = pytest.mark.skipif(BACKEND != "local", reason="these choose their backends themselves")

_SMALL = b"small" * 100
_MIDDLING = os.urandom(300_000)  # in a pack
_LARGE = os.urandom(4 * MIB)
_FULL = (507, "InsufficientStorage")
_FAILED = (500, "InternalError")


def settings(folder: Path, backend: str) -> dict[str, Any]:
    """All data in a folder; what is deleted goes at once."""
    return {
        "metadata": {"sqlite": {"path": str(folder / "metadata.db")}},
        "storage": {
            "backend": backend,
            "local": {"root_dir": str(folder / "objects")},
            "garbage_grace_seconds": 0,
        },
    }


@contextmanager
def running(folder: Path, own_settings: dict[str, Any]) -> Iterator[Daemon]:
    daemon = Daemon(folder, own_settings)
    daemon.start()
    try:
        yield daemon
    finally:
        if daemon.is_running:
            daemon.kill()


@pytest.fixture(params=["local", "sqlite"])
def full_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Daemon, Path]]:
    """A store with two objects on a small disk of its own, and the disk."""
    with (
        small_disk(tmp_path / "disk") as disk,
        running(tmp_path / "daemon", settings(disk, request.param)) as daemon,
    ):
        put_first_objects(daemon)
        yield daemon, disk


def put_first_objects(daemon: Daemon) -> None:
    objects = {"/kept/small": _SMALL, "/kept/middling": _MIDDLING, "/kept/large": _LARGE}
    for target, body in {"/kept": b"", **objects}.items():
        assert answer(daemon, "PUT", target, body) == (200, "")


def answer(daemon: Daemon, method: str, target: str, body: bytes = b"") -> tuple[int, str]:
    """Status and error code."""
    answered = ask_signed(daemon, method, target, body=body)
    return answered.status, answered.error_code


def assert_readable(daemon: Daemon) -> None:
    assert ask_signed(daemon, "GET", "/kept/small").body == _SMALL
    assert ask_signed(daemon, "GET", "/kept/middling").body == _MIDDLING
    assert ask_signed(daemon, "GET", "/kept/large").body == _LARGE
    assert b"<Key>large</Key>" in ask_signed(daemon, "GET", "/kept?list-type=2").body


def fill_by_uploads(daemon: Daemon) -> list[str]:
    """Upload until there is no room; answers what was stored."""
    stored: list[str] = []
    while True:
        target = f"/kept/filling-{len(stored)}"
        answered = answer(daemon, "PUT", target, _LARGE)
        if answered != (200, ""):
            assert answered == _FULL
            return stored
        stored.append(target)


def test_a_store_that_is_full_is_read_and_can_be_emptied(full_store: tuple[Daemon, Path]) -> None:
    daemon, _ = full_store
    stored = fill_by_uploads(daemon)
    assert_readable(daemon)
    assert ask(daemon, "GET", "/readyz").status == 503
    assert "make room on this disk" in daemon.log
    for target in stored:
        assert answer(daemon, "DELETE", target) == (204, "")
    wait_for(lambda: answer(daemon, "PUT", "/kept/again", _LARGE) == (200, ""), "the upload")
    assert_sound(daemon)
    daemon.stop()
    assert "Traceback" not in daemon.log


def test_a_disk_that_somebody_else_fills_costs_no_more_than_what_is_written_meanwhile(
    full_store: tuple[Daemon, Path],
) -> None:
    daemon, disk = full_store
    filler = fill(disk)
    for target, body in (("/kept/small", b"new"), ("/kept/large", b"new" * MIB), ("/kept/0", b"")):
        assert answer(daemon, "PUT", target, body) == _FULL
    assert_readable(daemon)
    assert len(re.findall(r"request \w+: no room left to store bytes", daemon.log)) == 3
    filler.unlink()
    assert answer(daemon, "PUT", "/kept/new", _LARGE) == (200, "")
    assert_readable(daemon)
    assert_sound(daemon)
    daemon.stop()
    assert "Traceback" not in daemon.log


def test_an_upload_that_fills_the_disk_leaves_nothing(tmp_path: Path) -> None:
    """It fits when it begins."""
    with small_disk(tmp_path / "disk") as disk:
        own = settings(disk, "local")
        own["metadata"] = {"sqlite": {"path": str(tmp_path / "metadata.db")}}
        with running(tmp_path / "daemon", own) as daemon:
            assert answer(daemon, "PUT", "/kept") == (200, "")
            client = Upload(daemon, "/kept/large", 16 * MIB)
            client.send(4 * MIB)
            incoming = "objects/incoming/*/0*"
            wait_for(
                lambda: any(path.stat().st_size for path in disk.glob(incoming)),
                "the upload's begin",
            )
            filler = fill(disk)
            client.send(12 * MIB)
            assert client.status() == 507
            filler.unlink()
            assert answer(daemon, "GET", "/kept/large") == (404, "NoSuchKey")
            assert_sound(daemon)
            assert not [path for path in disk.rglob("*") if path.is_file() and path.name != "lock"]
            daemon.stop()


@pytest.mark.parametrize("backend", ["local", "sqlite"])
def test_a_disk_that_allows_no_writing_any_more_is_read(tmp_path: Path, backend: str) -> None:
    image, folder = tmp_path / "image", tmp_path / "disk"
    with (
        real_disk(image, folder) as disk,
        running(tmp_path / "daemon", settings(disk, backend)) as daemon,
    ):
        put_first_objects(daemon)
        fail_disk(disk)
        assert answer(daemon, "PUT", "/kept/new", _SMALL) == _FAILED
        assert answer(daemon, "PUT", "/kept/new", _LARGE) == _FAILED
        assert answer(daemon, "DELETE", "/kept/none") in {_FAILED, (204, "")}
        assert_readable(daemon)
        assert ask(daemon, "GET", "/readyz").status == 503
        if backend == "local":
            assert "Read-only file system; look into the kernel's log" in daemon.log
        assert "the metadata's database: disk I/O error; look into" in daemon.log
        daemon.stop()
        assert "Traceback" not in daemon.log
    with (
        real_disk(image, folder) as disk,
        running(tmp_path / "daemon", settings(disk, backend)) as daemon,
    ):
        assert_readable(daemon)
        assert answer(daemon, "PUT", "/kept/new", _LARGE) == (200, "")
        assert_sound(daemon)
        daemon.stop()


def test_a_damaged_page_of_the_database_costs_only_what_is_on_it(own_daemon: Daemon) -> None:
    own_daemon.start()
    put_first_objects(own_daemon)
    assert answer(own_daemon, "PUT", "/other") == (200, "")
    keys = [f"key-{number:03}" for number in range(120)]
    for key in keys:
        assert answer(own_daemon, "PUT", f"/other/{key}", _SMALL) == (200, "")
    own_daemon.stop()
    damage_page_with(own_daemon.database_path, b"key-060")
    own_daemon.start()
    answers = {key: answer(own_daemon, "GET", f"/other/{key}") for key in keys}
    lost = [key for key in keys if answers[key] == _FAILED]
    assert "key-060" in lost
    assert len(lost) < 30
    assert {answers[key] for key in keys if key not in lost} == {(200, "")}
    assert answer(own_daemon, "PUT", "/other/key-060", _SMALL) == _FAILED
    assert answer(own_daemon, "PUT", "/kept/new", _SMALL) == (200, "")
    assert_readable(own_daemon)
    own_daemon.stop()
    assert "the metadata's database is damaged" in own_daemon.log
    assert "Traceback" not in own_daemon.log


class Upload:
    """An upload whose body comes in pieces."""

    def __init__(self, daemon: Daemon, target: str, size: int) -> None:
        headers = {"content-length": str(size)}
        signed = signed_headers(daemon, "PUT", target, headers)
        self._connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=60)
        self._connection.putrequest("PUT", target, skip_host=True, skip_accept_encoding=True)
        for name, value in signed.items():
            self._connection.putheader(name, value)
        self._connection.endheaders()

    def send(self, size: int) -> None:
        self._connection.send(os.urandom(size))

    def status(self) -> int:
        with closing(self._connection):
            return self._connection.getresponse().status


@pytest.mark.parametrize("harm", ["missing", "truncated"])
def test_a_lost_file_costs_one_object(own_daemon: Daemon, harm: str) -> None:
    own_daemon.start()
    put_first_objects(own_daemon)
    (first,) = own_daemon.objects_path.glob("blobs/*/*/*")
    assert answer(own_daemon, "PUT", "/kept/hurt", _LARGE) == (200, "")
    (hurt,) = [path for path in own_daemon.objects_path.glob("blobs/*/*/*") if path != first]
    if harm == "missing":
        hurt.unlink()
    else:
        os.truncate(hurt, len(_LARGE) - 1)
    assert answer(own_daemon, "GET", "/kept/hurt") == _FAILED
    assert answer(own_daemon, "HEAD", "/kept/hurt")[0] == 200
    assert_readable(own_daemon)
    (line,) = [line for line in own_daemon.log.splitlines() if hurt.name in line]
    assert re.search(r"request \w+: the bytes of an object are missing", line)
    assert answer(own_daemon, "PUT", "/kept/hurt", _LARGE) == (200, "")
    assert ask_signed(own_daemon, "GET", "/kept/hurt").body == _LARGE
    own_daemon.stop()
    assert "Traceback" not in own_daemon.log
