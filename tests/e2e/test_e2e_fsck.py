"""``bleepstore-admin fsck`` on stores that are sound and on stores that are not."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest

from bleepstore.ids import new_blob_id
from bleepstore.storage.locators import place_in_pack
from bleepstore.storage.pack_format import BLOCK_BYTES
from tests.e2e.admin import admin, assert_sound, fsck, some_file
from tests.e2e.daemon import Daemon, looks_at_files
from tests.e2e.stocked import LARGE, stock
from tests.metadata.damage import damage_page_with
from tests.storage.on_disk import blobs_on_disk

pytestmark = looks_at_files
REMOVAL = ("--repair", "--delete-unreferenced")


@pytest.fixture
def store(own_daemon: Daemon) -> Daemon:
    """A running daemon with large and small objects, versions, a copy and an upload."""
    own_daemon.settings = {"storage": {"local": {"pack_max_bytes": 0}}}
    own_daemon.start()
    stock(own_daemon, "checked")
    return own_daemon


@pytest.fixture
def packed(own_daemon: Daemon) -> Daemon:
    """The same, with the large objects in packs."""
    own_daemon.start()
    stock(own_daemon, "checked")
    return own_daemon


def execute(daemon: Daemon, sql: str) -> None:
    with closing(sqlite3.connect(daemon.database_path)) as database, database:
        assert database.execute(sql).rowcount > 0


def test_a_sound_store_is_sound_while_it_runs_and_afterwards(store: Daemon) -> None:
    findings = fsck(store)
    assert findings["problems"] == 0
    totals = findings["totals"]
    assert (totals["current_versions"], totals["other_versions"], totals["parts"]) == (3, 3, 1)
    assert (totals["stored_blobs"], totals["inline_blobs"]) == (3, 1)
    store.stop()
    assert fsck(store) == findings


def test_packs_are_sound_while_they_are_written_to_and_afterwards(packed: Daemon) -> None:
    findings = fsck(packed)
    assert (findings["problems"], findings["totals"]["stored_blobs"]) == (0, 3)
    assert len(blobs_on_disk(packed.objects_path)) == 3
    packed.stop()
    assert fsck(packed) == findings


def test_what_nothing_refers_to_is_found_in_the_pack_of_a_daemon(packed: Daemon) -> None:
    """What is settled there is not hidden by what is on its way."""
    execute(packed, "DELETE FROM blob WHERE locator IN (SELECT max(locator) FROM blob)")
    (unknown,) = fsck(packed)["unknown"]
    assert unknown.startswith("p:")
    packed.stop()
    assert fsck(packed, *REMOVAL)["unknown"] == []
    assert unknown not in blobs_on_disk(packed.objects_path)


def test_a_killed_daemon_and_a_database_without_keys_cost_no_blob_in_packs(
    packed: Daemon,
) -> None:
    blobs = set(blobs_on_disk(packed.objects_path))
    packed.kill()
    database = packed.database_path.rename(packed.folder / "complete.db")
    for suffix in ("-wal", "-shm"):
        path = packed.database_path.with_name(packed.database_path.name + suffix)
        if path.exists():
            path.rename(packed.folder / f"complete.db{suffix}")
    packed.start()
    packed.stop()
    assert set(fsck(packed, "--repair")["unknown"]) == blobs
    for suffix in ("", "-wal", "-shm"):
        path = database.with_name(database.name + suffix)
        to = packed.database_path.with_name(packed.database_path.name + suffix)
        to.unlink(missing_ok=True)
        if path.exists():
            path.rename(to)
    assert_sound(packed)


def test_a_damaged_stretch_of_a_pack_is_missing(packed: Daemon) -> None:
    packed.stop()
    hurt = blobs_on_disk(packed.objects_path)[0]
    place = place_in_pack(hurt)
    assert place is not None
    with (packed.objects_path / "packs" / place.pack_id).open("r+b") as file:
        file.seek(place.block * BLOCK_BYTES)
        file.write(b"no header")
    findings = fsck(packed, "--repair")
    assert (findings["missing"], findings["problems"]) == ([hurt], 1)


def test_the_text_names_what_was_looked_at(store: Daemon) -> None:
    done = admin(store, "fsck")
    assert done.returncode == 0
    assert "buckets: 1, current versions: 3" in done.stdout
    assert done.stdout.endswith("problems: 0\n")


def test_bytes_that_are_gone_or_cut_off_are_missing(store: Daemon) -> None:
    store.stop()
    gone = some_file(store)
    gone.unlink()
    cut = some_file(store)
    os.truncate(cut, LARGE - 1)
    findings = fsck(store, "--repair")
    assert sorted(findings["missing"]) == sorted([f"f:{gone.name}", f"f:{cut.name}"])
    assert findings["problems"] == 2


def test_what_lacks_bytes_is_named(store: Daemon) -> None:
    """A copy shares its bytes with one of the versions of what it was made of."""
    store.stop()
    for path in (store.objects_path / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    findings = fsck(store)
    names = [(each["bucket"], each["key"], each["number"]) for each in findings["damaged"]]
    assert names == [
        ("checked", "copy", 0),
        ("checked", "large", 0),
        ("checked", "large", 0),
        ("checked", "parts", 1),
    ]
    assert findings["problems"] == 3
    told = admin(store, "fsck").stdout
    assert "damaged: checked/'copy', version " in told
    assert "damaged: checked/'parts', part 1 of upload " in told


def test_a_file_that_nothing_refers_to_is_removed_when_that_is_asked_for(store: Daemon) -> None:
    store.stop()
    kept = some_file(store)
    stray = kept.with_name(new_blob_id()[:-4] + kept.name[-4:])  # these tell the folder
    stray.write_bytes(b"stray")
    assert fsck(store)["unknown"] == [f"f:{stray.name}"]
    assert fsck(store, "--repair")["unknown"] == [f"f:{stray.name}"]
    assert stray.exists()
    assert "stay until fsck --repair --delete-unreferenced" in admin(store, "fsck").stdout
    assert fsck(store, *REMOVAL)["problems"] == 0
    assert not stray.exists()
    assert kept.exists()


def test_removal_has_to_be_asked_for_with_the_repair(store: Daemon) -> None:
    done = admin(store, "fsck", "--delete-unreferenced")
    assert done.returncode == 2
    assert "--delete-unreferenced goes with --repair" in done.stderr


def test_a_repair_with_a_database_that_has_lost_its_keys_removes_nothing(store: Daemon) -> None:
    store.stop()
    database = store.database_path.rename(store.folder / "complete.db")
    store.start()
    store.stop()
    assert len(fsck(store, "--repair")["unknown"]) == 3
    database.rename(store.database_path)
    assert_sound(store)


def test_a_repair_after_lost_rows_keeps_their_bytes(store: Daemon) -> None:
    store.stop()
    for table in ("object", "object_version", "part"):
        execute(store, f"DELETE FROM {table}")
    findings = fsck(store, "--repair")
    assert {(each["recorded"] > 0, each["found"]) for each in findings["miscounts"]} == {(True, 0)}
    assert findings["totals"]["garbage"] == 0
    assert admin(store, "fsck").stdout.count("\nbytes that nothing refers to: ") == 4
    assert (findings["totals"]["stored_blobs"], findings["totals"]["inline_blobs"]) == (3, 1)


def test_wrong_totals_are_found_and_set_right(store: Daemon) -> None:
    store.stop()
    execute(store, "UPDATE total SET size_bytes = size_bytes - 7 WHERE kind = 'blob'")
    execute(store, "DELETE FROM total WHERE kind = 'bucket'")
    bucket, blob = fsck(store)["wrong_totals"]
    assert (bucket["recorded"], bucket["found"]) == (0, 1)
    assert blob["found_bytes"] == blob["recorded_bytes"] + 7
    assert "total of bucket: 1, recorded 0\n" in admin(store, "fsck").stdout
    assert fsck(store, "--repair")["problems"] == 0


def test_wrong_counts_are_found_and_set_right(store: Daemon) -> None:
    store.stop()
    execute(store, "UPDATE blob SET refs = refs + 1 WHERE content IS NOT NULL")
    assert {(each["recorded"], each["found"]) for each in fsck(store)["miscounts"]} == {(2, 1)}
    assert fsck(store, "--repair")["problems"] == 0
    assert fsck(store)["problems"] == 0


def test_bytes_of_rows_that_are_lost_become_garbage_when_that_is_asked_for(store: Daemon) -> None:
    store.stop()
    execute(store, "DELETE FROM part")
    (miscount,) = fsck(store)["miscounts"]
    assert (miscount["recorded"], miscount["found"]) == (1, 0)
    findings = fsck(store, *REMOVAL)
    assert (findings["problems"], findings["totals"]["garbage"]) == (0, 1)


def test_what_a_dead_process_left_is_found_and_recovered(store: Daemon) -> None:
    store.stop()
    folder = store.objects_path / "incoming" / new_blob_id()
    folder.mkdir()
    blob_id = new_blob_id()
    (folder / blob_id).write_bytes(b"half an obj")
    assert fsck(store)["abandoned"] == [f"f:{blob_id}"]
    assert fsck(store, "--repair")["problems"] == 0
    assert not folder.exists()


def test_nothing_is_repaired_beside_a_daemon(store: Daemon) -> None:
    done = admin(store, "fsck", "--repair")
    assert done.returncode == 2
    assert "in use by another process" in done.stderr
    assert store.is_running
    assert_sound(store)


def test_a_store_that_is_not_there_is_not_made(own_daemon: Daemon) -> None:
    own_daemon.write_configuration()
    done = admin(own_daemon, "fsck")
    assert done.returncode == 2
    assert "there is no store" in done.stderr
    assert not own_daemon.database_path.exists()


@pytest.mark.parametrize("table", ["object", "object_version", "blob"])
def test_a_damaged_database_is_told_as_far_as_it_can_be_read_and_not_repaired(
    store: Daemon, table: str
) -> None:
    store.stop()
    damage_page_with(store.database_path, b"", table=table)
    files = {path for path in store.objects_path.rglob("*") if path.is_file()}
    findings = fsck(store)
    assert all("database is damaged" in each for each in findings["unanswered"])
    assert findings["problems"] >= len(findings["unanswered"]) > 0
    kinds = [each["kind"] for each in findings["gaps"]]
    assert kinds == ([] if table == "blob" else [table])
    told = admin(store, "fsck")
    assert (told.returncode, "not known for certain: " in told.stdout) == (1, True)
    for options in (("--repair",), REMOVAL):
        done = admin(store, "fsck", *options)
        assert (done.returncode, done.stdout) == (2, "")
        assert "nothing is repaired" in done.stderr
    assert {path for path in store.objects_path.rglob("*") if path.is_file()} == files


def test_missing_bytes_are_named_behind_a_damaged_page(store: Daemon) -> None:
    store.stop()
    damage_page_with(store.database_path, b"", table="object")
    for path in (store.objects_path / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    findings = fsck(store)
    assert len(findings["missing"]) == 3
    assert [each["key"] for each in findings["damaged"]] == ["large", "parts"]
    assert [each["kind"] for each in findings["gaps"]] == ["object"]
