"""``bleepstore-admin backup``, ``export`` and ``import`` while the daemon is written to."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.admin import admin, admin_json, admin_process, assert_sound, some_file
from tests.e2e.clients import boto3_client
from tests.e2e.daemon import BACKEND, REGION, Daemon, is_gateway, looks_at_files, looks_at_rows
from tests.metadata.damage import damage_page_with
from tests.storage.on_disk import blobs_on_disk

pytestmark = pytest.mark.skipif(
    BACKEND == "memory", reason="a store in memory is not reached from beside"
)
LARGE = 300_000
OBJECTS = 12


@pytest.fixture
def store(request: pytest.FixtureRequest, own_daemon: Daemon) -> Daemon:
    """A running daemon that deletes what is garbage at once, with some objects."""
    local = {"pack_max_bytes": getattr(request, "param", "1MiB")}
    own_daemon.settings = {"storage": {"garbage_grace_seconds": 0, "local": local}}
    own_daemon.start()
    s3: Any = boto3_client(own_daemon)
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": REGION})
    for number in range(OBJECTS):
        s3.put_object(Bucket="kept", Key=f"{number}", Body=body(number, 0))
    return own_daemon


in_files_and_in_packs = pytest.mark.parametrize("store", [0, "1MiB"], indirect=True)


def body(number: int, turn: int) -> bytes:
    """Large for even numbers; it says which it is from its beginning to its end."""
    text = f"{number} {turn} ".encode()
    return text * (LARGE // len(text) if number % 2 == 0 else 1)


@contextmanager
def overwriting(store: Daemon) -> Iterator[None]:
    """Overwrites all objects all the time."""
    is_over = threading.Event()

    def overwrite() -> None:
        s3: Any = boto3_client(store)
        for turn in count(1):
            for number in range(OBJECTS):
                if is_over.is_set():
                    return
                s3.put_object(Bucket="kept", Key=f"{number}", Body=body(number, turn))

    thread = threading.Thread(target=overwrite)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def restored(backup: Path, folder: Path, settings: Any) -> Daemon:
    """A daemon on what a backup has, copied to where it belongs."""
    other = Daemon(folder, settings)
    folder.mkdir()
    shutil.copy(backup / "metadata.db", other.database_path)
    if (backup / "objects").exists():
        shutil.copytree(backup / "objects", other.objects_path)
    other.start()
    return other


def assert_whole(store: Daemon) -> None:
    """All objects are there, each of one turn."""
    s3: Any = boto3_client(store)
    for number in range(OBJECTS):
        content = s3.get_object(Bucket="kept", Key=f"{number}")["Body"].read()
        turn = int(content.split()[1])
        assert content == body(number, turn)


@looks_at_rows
@pytest.mark.parametrize("options", [(), ("--copy",)])
def test_a_backup_made_amid_writes_is_of_one_instant(
    store: Daemon, tmp_path: Path, options: tuple[str, ...]
) -> None:
    backup = tmp_path / "backup"
    with overwriting(store):
        for _ in range(2):
            made = admin_json(store, "backup", str(backup), *options)
            assert made["missing"] == []
    assert not (backup / "INCOMPLETE").exists()
    assert json.loads((backup / "backup.json").read_text())["format"] == "bleepstore-backup"
    assert (backup / "metadata.db").stat().st_mode & 0o077 == 0
    other = restored(backup, tmp_path / "restored", store.settings)
    try:
        assert_whole(other)
        assert_sound(other)
        assert admin_json(other, "scrub")["damaged"] == []
    finally:
        other.kill()
    assert_whole(store)
    assert_sound(store)


@is_gateway
def test_a_backup_of_a_gateway_finds_upstream_what_came_since(
    store: Daemon, tmp_path: Path
) -> None:
    """It has the metadata; the bytes are where they were, and newer ones with them."""
    store.stop()
    quick = {"silence_timeout_seconds": 3, "copy_timeout_seconds": 3}
    store.settings = {"storage": {"garbage_grace_seconds": 0, "upstream": quick}}
    store.start()
    backup = tmp_path / "backup"
    with overwriting(store):
        admin_json(store, "backup", str(backup))
    store.stop()
    elsewhere = Daemon(tmp_path / "elsewhere", store.settings)
    elsewhere.folder.mkdir()
    shutil.copy(backup / "metadata.db", elsewhere.database_path)
    elsewhere.launch()
    assert elsewhere.wait() == 1
    assert ".bleepstore/store" in elsewhere.log
    shutil.copy(backup / "metadata.db", store.database_path)
    store.start()
    assert_whole(store)


@looks_at_files
@in_files_and_in_packs
def test_a_second_backup_brings_what_is_new_and_drops_what_is_old(
    store: Daemon, tmp_path: Path
) -> None:
    backup = str(tmp_path / "backup")
    first = admin_json(store, "backup", backup)
    new = [0, OBJECTS // 2]  # packs change, so that they are copied always
    if store.settings["storage"]["local"]["pack_max_bytes"] == 0:
        new.reverse()
    assert (first["blobs"], [first["linked"], first["copied"]]) == (OBJECTS // 2, new)
    s3: Any = boto3_client(store)
    s3.put_object(Bucket="kept", Key="0", Body=body(0, 1))
    s3.delete_object(Bucket="kept", Key="2")
    second = admin_json(store, "backup", backup, "--copy")
    assert (second["linked"], second["copied"], second["pruned"]) == (0, 1, 2)
    assert second["blobs"] == OBJECTS // 2 - 1
    assert "blobs: 5" in admin(store, "backup", backup).stdout


@looks_at_rows
def test_a_damaged_database_takes_nothing_from_the_backup_before(
    store: Daemon, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    admin_json(store, "backup", str(backup), "--copy")
    before = {path: path.read_bytes() for path in backup.rglob("*.*") if path.is_file()}
    store.stop()
    damage_page_with(store.database_path, b"", table="object")
    done = admin(store, "backup", str(backup), "--copy")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{store.database_path} is damaged" in done.stderr
    assert {path: path.read_bytes() for path in before} == before


def files_of(folder: Path) -> dict[Path, bytes]:
    """All that a backup has, but for what is there only while one is made."""
    files = {path for path in folder.rglob("*") if path.is_file()}
    return {path: path.read_bytes() for path in files if path.suffix != ".new"}


def assert_refused(store: Daemon, backup: Path, why: str) -> None:
    """No backup is made there, and the one of before stays as it is."""
    before = files_of(backup)
    done = admin(store, "backup", str(backup))
    assert (done.returncode, done.stdout) == (2, "")
    assert (why in done.stderr, done.stderr.count("\n")) == (True, 1), done.stderr
    assert files_of(backup) == before


def remove_database(store: Daemon) -> None:
    path = store.database_path
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@looks_at_rows
@pytest.mark.parametrize("are_files_lost", [False, True])
def test_a_store_that_was_made_anew_takes_nothing_from_the_backup(
    store: Daemon, tmp_path: Path, are_files_lost: bool
) -> None:
    backup = tmp_path / "backup"
    admin_json(store, "backup", str(backup))
    store.stop()
    remove_database(store)
    if are_files_lost:
        shutil.rmtree(store.objects_path, ignore_errors=True)
    store.start()
    for _ in range(2):
        assert_refused(store, backup, "made anew since")
    assert admin_json(store, "backup", str(tmp_path / "other"))["blobs"] == 0


@looks_at_rows
def test_a_store_that_was_set_back_takes_nothing_from_a_newer_backup(
    store: Daemon, tmp_path: Path
) -> None:
    older, newer = tmp_path / "older", tmp_path / "newer"
    admin_json(store, "backup", str(older), "--copy")
    s3: Any = boto3_client(store)
    s3.put_object(Bucket="kept", Key="0", Body=body(0, 1))
    admin_json(store, "backup", str(newer), "--copy")
    other = restored(older, tmp_path / "restored", store.settings)
    try:
        assert_refused(other, newer, "restored from an older one")
        assert admin_json(other, "backup", str(older))["missing"] == []
    finally:
        other.kill()


@looks_at_rows
def test_a_backup_goes_on_after_it_was_restored(store: Daemon, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    admin_json(store, "backup", str(backup), "--copy")
    other = restored(backup, tmp_path / "restored", store.settings)
    try:
        s3: Any = boto3_client(other)
        s3.delete_object(Bucket="kept", Key="0")
        assert admin_json(other, "backup", str(backup))["missing"] == []
    finally:
        other.kill()


@looks_at_files
@in_files_and_in_packs
def test_what_a_database_has_lost_stays_until_the_store_deletes_it(
    store: Daemon, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    admin_json(store, "backup", str(backup))
    store.stop()
    with closing(sqlite3.connect(store.database_path)) as database, database:
        database.execute("DELETE FROM object")
        database.execute("DELETE FROM blob")
    assert_refused(store, backup, f"{OBJECTS // 2} blobs whose files the store has too")
    assert admin_json(store, "fsck", "--repair", "--delete-unreferenced")["problems"] == 0
    assert admin_json(store, "backup", str(backup))["pruned"] == OBJECTS // 2


@looks_at_files
def test_a_backup_says_which_packs_the_store_lacks(store: Daemon, tmp_path: Path) -> None:
    lacking = set(blobs_on_disk(store.objects_path))
    for path in store.objects_path.glob("packs/*"):
        path.unlink()
    made = admin_json(store, "backup", str(tmp_path / "backup"), code=1)
    assert (set(made["missing"]), len(lacking)) == (lacking, OBJECTS // 2)


@looks_at_files
@pytest.mark.parametrize("store", [0], indirect=True)
def test_a_backup_says_what_the_store_lacks(store: Daemon, tmp_path: Path) -> None:
    gone = some_file(store)
    gone.unlink()
    made = admin_json(store, "backup", str(tmp_path / "backup"), code=1)
    assert made["missing"] == [f"f:{gone.name}"]


def test_a_folder_with_something_else_is_left_alone(store: Daemon, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    done = admin(store, "backup", str(tmp_path))
    assert (done.returncode, "no backup; give another folder" in done.stderr) == (2, True)
    assert {path.name for path in tmp_path.iterdir()} == {"letter.txt", "own"}


@looks_at_files
@in_files_and_in_packs
def test_a_backup_that_was_killed_is_incomplete_and_goes_on(store: Daemon, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    process = admin_process(store, "backup", str(backup), "--copy")
    while not (backup / "INCOMPLETE").exists():
        assert process.poll() is None, process.communicate()
    process.kill()
    process.wait()
    assert (backup / "INCOMPLETE").exists() or (backup / "backup.json").exists()
    made = admin_json(store, "backup", str(backup))
    assert made["blobs"] == OBJECTS // 2
    assert not (backup / "INCOMPLETE").exists()


def test_a_backup_that_is_interrupted_ends_in_order(store: Daemon, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    process = admin_process(store, "backup", str(backup))
    while not (backup / "INCOMPLETE").exists():
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) in (0, 130)
    assert "Traceback" not in process.communicate()[1]
    with closing(sqlite3.connect(store.database_path)) as database:
        assert database.execute("SELECT * FROM garbage_hold").fetchall() == []
    assert admin_json(store, "backup", str(backup))["missing"] == []


def test_an_export_made_amid_writes_is_of_one_instant(store: Daemon, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    with overwriting(store):
        admin_json(store, "export", "--output", str(path))
        printed = admin(store, "export")
    assert printed.returncode == 0
    assert json.loads(printed.stdout)["version"] == 1
    other = Daemon(tmp_path / "other", store.settings)
    other.write_configuration()
    admin_json(other, "import", str(path))
    again = tmp_path / "again.json"
    admin_json(other, "export", "--output", str(again))
    assert again.read_bytes() == path.read_bytes()
    rows = json.loads(path.read_bytes())["tables"]
    assert len(rows["object"]) == OBJECTS
    referenced = {each[0] for row in rows["object"] for each in row["segments"]}
    assert referenced == {row["locator"] for row in rows["blob"]}


@looks_at_rows
def test_what_is_imported_beside_a_daemon_is_there_at_once(store: Daemon, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    carol = admin_json(store, "user", "create", "Carol")
    admin_json(store, "export", "--include-secrets", "--output", str(path))
    s3: Any = boto3_client(store)
    s3.delete_object(Bucket="kept", Key="1")
    admin_json(store, "user", "remove", "Carol")
    assert admin_json(store, "import", str(path), "--dry-run")["added"]["object"] == 1
    assert "Contents" in s3.list_objects_v2(Bucket="kept")
    imported = admin_json(store, "import", str(path))
    assert (imported["added"]["object"], imported["added"]["credential"]) == (1, 1)
    content = s3.get_object(Bucket="kept", Key="1")["Body"].read()
    assert content == body(1, 0)
    keys = admin_json(store, "key", "list", "Carol")["keys"]
    assert [each["access_key"] for each in keys] == [carol["access_key"]]
    assert_sound(store)
    path.write_text(path.read_text()[:-20])
    done = admin(store, "import", str(path), "--replace")
    assert (done.returncode, done.stdout) == (2, "")
    assert "export or copy it again" in done.stderr
    assert_whole(store)
