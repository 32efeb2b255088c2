"""Metadata that goes from store to store in a file, and files that nobody should have written."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from attrs import define
from twisted.internet import reactor

from bleepstore.errors import NotPossible
from bleepstore.keeping.transfer import Exporter, Importer
from bleepstore.metadata.access_keys import CreateKey, NewKey
from bleepstore.metadata.buckets import CreateBucket, SetVersioning
from bleepstore.metadata.portable import TABLES
from bleepstore.metadata.showing import Claim, Name, OnShow, Settled, Task
from bleepstore.metadata.store import Store, open_store
from bleepstore.metadata.transfer import Imported
from bleepstore.metadata.uploads import CreateUpload
from bleepstore.metadata.users import CreateUser
from bleepstore.streams.threads import Threads
from bleepstore.values import (
    Appearance,
    Blob,
    Bucket,
    Checksum,
    ChecksumAlgorithm,
    Credential,
    Owner,
    Versioning,
)
from tests.keeping.unwatched import Unwatched
from tests.metadata.samples import (
    ANN,
    BOB,
    bucket,
    complete,
    delete,
    inline_blob,
    memory_connection,
    part_of,
    put,
    put_part,
    stored_blob,
    upload,
)
from tests.streams.pool import threads

__all__ = ["threads"]

_LEFT_OUT = {
    "adoption",
    "backup",
    "blob_row",
    "garbage",
    "garbage_hold",
    "gateway",
    "schema_version",
    "total",
    "unsettled_blob",
}
_COUNTED = {"blob": {"refs"}, "credential": {"source"}}


@define
class Rig:
    """A store that exports and imports."""

    store: Store
    threads: Threads
    folder: Path

    async def export(self, *, has_secrets: bool = True, name: str = "export.json") -> Path:
        path = self.folder / name
        exporter = Exporter(self.store.transfer, self.threads)
        await exporter.to_path(path, Unwatched(), has_secrets=has_secrets)
        return path

    async def take_in(
        self, path: Path, *, is_to_replace: bool = False, is_rehearsal: bool = False
    ) -> Imported:
        importer = Importer(self.store.transfer, self.threads, path, Unwatched())
        return await importer.run(is_to_replace=is_to_replace, is_rehearsal=is_rehearsal)

    async def content(self) -> dict[str, list[Any]]:
        """All that is carried, as JSON programs see it."""
        path = await self.export(name="content.json")
        tables: dict[str, list[Any]] = json.loads(path.read_bytes())["tables"]
        return tables

    async def assert_sound(self) -> None:
        assert [each async for each in self.store.checks.miscounts()] == []
        assert await self.store.checks.strays() == {}


async def _rig(folder: Path, threads: Threads) -> Rig:
    store = open_store(folder / "metadata.db", reactor, "relaxed")
    await store.database.start()
    return Rig(store, threads, folder)


@pytest_twisted.async_yield_fixture
async def full(tmp_path: Path, threads: Threads) -> AsyncIterator[Rig]:
    """A store with rows in every table that is carried."""
    rig = await _rig(tmp_path / "full", threads)
    await fill(rig.store)
    yield rig
    await rig.store.database.stop()


@pytest_twisted.async_yield_fixture
async def empty(tmp_path: Path, threads: Threads) -> AsyncIterator[Rig]:
    rig = await _rig(tmp_path / "empty", threads)
    yield rig
    await rig.store.database.stop()


async def fill_names(store: Store) -> None:
    """A name that is shown, and one that is not yet."""
    for key in ("named", "to be named"):
        await store.with_natural_names().objects.put(put(key, stored_blob(), version_id=key))
    task = await store.names.claim(Claim(Name("photos", "named"), "holder", 1, 2))
    assert isinstance(task, Task)
    on_show = OnShow(Blob("n:" + "x" * 1100, 100_000), Appearance({"content-type": "text/css"}))
    assert await store.names.record(Settled(task, on_show, 2))
    await store.garbage.forget(await store.garbage.list(10**15, 10))


async def fill(store: Store) -> None:
    await store.accounts.seed([Credential("AKCONFIG", "in the file", ANN)], 1)
    await store.users.create(CreateUser(BOB, "bob@example.com"))
    await store.access_keys.create(CreateKey(BOB.id, NewKey("AKBOB", "bobs secret", 5)))
    await store.buckets.create(CreateBucket(bucket()))
    await store.objects.put(put("plain é\n", inline_blob(), version_id="null"))
    await store.buckets.set_versioning(SetVersioning("photos", Versioning.ENABLED))
    await store.objects.put(put("a", stored_blob(), version_id="v1"))
    await store.objects.put(put("a", stored_blob(), inline_blob(b""), version_id="v2"))
    await fill_names(store)
    await store.objects.put(put("gone", stored_blob(), version_id="v3"))
    await store.objects.delete(delete("gone", marker_id="m1"))
    await store.uploads.create(CreateUpload("photos", upload("u1")))
    first = stored_blob()
    checksum = Checksum(ChecksumAlgorithm.CRC32, "AAAAAA==")
    part = part_of(1, first, checksums=[checksum])
    await store.uploads.put_part(put_part(part, first))
    await store.uploads.complete(complete(part))
    await store.uploads.create(CreateUpload("photos", upload("u2")))
    second = stored_blob()
    await store.uploads.put_part(put_part(part_of(1, second), second, upload_id="u2"))


def test_every_column_is_carried_or_named_here() -> None:
    """Whoever adds a table or a column decides what becomes of it."""
    carried = {table.name: set(table.columns) for table in TABLES}
    with memory_connection() as connection:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        tables = {name for (name,) in connection.execute(names).fetchall()}
        assert tables == carried.keys() | _LEFT_OUT
        for name, columns in carried.items():
            rows = connection.execute(f"PRAGMA table_info({name})").fetchall()
            assert {row[1] for row in rows} == columns | _COUNTED.get(name, set())


@pytest_twisted.ensureDeferred
async def test_an_export_takes_no_devices_place_and_follows_links(full: Rig) -> None:
    pipe, link, target = (full.folder / name for name in ("pipe", "link", "target"))
    os.mkfifo(pipe)
    (full.folder / "to pipe").symlink_to(pipe)
    for name in ("pipe", "to pipe", "."):
        with pytest.raises(NotPossible, match="is no file; give a file"):
            await full.export(name=name)
    assert pipe.is_fifo()
    link.symlink_to(target)
    for _ in range(2):
        await full.export(name="link")
        assert link.is_symlink()
        assert json.loads(target.read_bytes())["version"] == 1
        assert target.stat().st_mode & 0o077 == 0
        target.write_text("something else")


@pytest_twisted.ensureDeferred
async def test_a_store_comes_back_as_the_same_bytes(full: Rig, empty: Rig) -> None:
    path = await full.export()
    document = json.loads(path.read_bytes())
    assert all(document["tables"].values())
    assert list(document) == sorted(document)
    assert all(list(row) == sorted(row) for rows in document["tables"].values() for row in rows)
    imported = await empty.take_in(path)
    assert set(imported.kept.values()) == {0}
    await empty.assert_sound()
    assert (await empty.export()).read_bytes() == path.read_bytes()
    await empty.take_in(path, is_to_replace=True)
    await empty.assert_sound()
    assert (await empty.export()).read_bytes() == path.read_bytes()
    _, version = await empty.store.objects.get("photos", "plain é\n", None, with_content=True)
    assert version.content == b"content"
    assert path.stat().st_mode & 0o077 == 0


@pytest_twisted.ensureDeferred
async def test_without_secrets_there_are_none_and_keys_are_said_to_be_skipped(
    full: Rig, empty: Rig
) -> None:
    path = await full.export(has_secrets=False)
    assert b"bobs secret" not in path.read_bytes()
    imported = await empty.take_in(path)
    assert (imported.without_secret, imported.added["credential"]) == (1, 0)
    assert await empty.store.accounts.find("AKBOB") is None
    await full.take_in(path, is_to_replace=True)
    found = await full.store.accounts.find("AKBOB")
    assert found is not None
    assert found.secret_key == "bobs secret"


@pytest_twisted.ensureDeferred
async def test_secrets_of_the_configuration_are_never_in_it(full: Rig) -> None:
    assert b"in the file" not in (await full.export()).read_bytes()


@pytest_twisted.ensureDeferred
async def test_merging_twice_changes_nothing(full: Rig) -> None:
    before = await full.export()
    imported = await full.take_in(before)
    assert set(imported.added.values()) == {0}
    await full.assert_sound()
    assert (await full.export(name="after.json")).read_bytes() == before.read_bytes()


@pytest_twisted.ensureDeferred
async def test_merging_adds_whole_keys_and_leaves_those_that_are_there(
    full: Rig, empty: Rig
) -> None:
    await empty.store.users.create(CreateUser(Owner("other")))
    own = Bucket("another-id", "photos", Owner("other"), "here", 7, Versioning.ENABLED)
    await empty.store.buckets.create(CreateBucket(own))
    mine = inline_blob(b"mine")
    await empty.store.objects.put(put("a", mine, version_id="mine"))
    imported = await empty.take_in(await full.export())
    await empty.assert_sound()
    content = await empty.content()
    assert [each["owner_id"] for each in content["bucket"]] == ["other"]
    versions = content["object"] + content["object_version"]
    assert {each["bucket_id"] for each in versions} == {"another-id"}
    assert {each["version_id"] for each in versions if each["key"] == "a"} == {"mine"}
    assert {each["version_id"] for each in versions if each["key"] == "gone"} == {"v3", "m1"}
    assert imported.kept["bucket"] == 1
    assert imported.kept["object"] + imported.kept["object_version"] > 0


@pytest_twisted.ensureDeferred
async def test_replacing_makes_garbage_of_bytes_that_nobody_needs(full: Rig) -> None:
    path = await full.export()
    late, kept = stored_blob(), await full.content()
    await full.store.objects.put(put("late", late))
    await full.take_in(path, is_to_replace=True)
    await full.assert_sound()
    assert await full.store.garbage.list(10**15, 10) == (late.locator,)
    assert await full.content() == kept


@pytest_twisted.ensureDeferred
async def test_a_rehearsal_changes_nothing(full: Rig, empty: Rig) -> None:
    imported = await empty.take_in(await full.export(), is_rehearsal=True)
    assert imported.added["object"] == 4
    assert not any((await empty.content()).values())


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda text: "", "no export"),
        (lambda text: "{}", "within a line"),
        (lambda text: "[1]\n", "no export"),
        (lambda text: text[: len(text) // 2], "the end is missing"),
        (lambda text: text[:-1], "within a line|the end"),
        (lambda text: text + "{\n", "the end is missing"),
        (lambda text: changed(text, '"version": 1\n', '"version": 2\n'), "that knows it"),
        (lambda text: changed(text, "bleepstore-metadata", "other"), "no export"),
        (lambda text: changed(text, '"enabled": true', '"enabled": 1'), "true or false"),
        (lambda text: changed(text, '"email"', '"e-mail"'), "exactly"),
        (lambda text: changed(text, '"enabled"', '"email": "", "enabled"'), "one row"),
        (lambda text: changed(text, '"number": 1', '"number": NaN'), "one row"),
        (lambda text: changed(text, '"number": 1', '"number": ' + "1" * 30), "number"),
        (lambda text: changed(text, '"number": 1', '"number": ' + "[" * 9000), "one row"),
        (lambda text: changed(text, '"name": "photos"', '"name": "../etc"'), "name of a bucket"),
        (lambda text: changed(text, '"key": "a"', '"key": "\\ud800"'), "key: expected text"),
        (lambda text: changed(text, '"key": "a"', '"key": "\\u0000"'), "key: expected text"),
        (lambda text: changed(text, '"key": "a"', f'"key": "{"a" * 1025}"'), "1,024"),
        (lambda text: changed(text, '"object": [\n', '"object": [\n\n'), "one row"),
        (lambda text: changed(text, '"object": [', '"objects": ['), "expected"),
        (lambda text: changed(text, '"Y29udGVudA=="', '"Y29u"'), "size_bytes"),
        (lambda text: changed(text, '"Y29udGVudA=="', '"?"'), "base64"),
        (lambda text: changed(text, '"versioning": "Enabled"', '"versioning": "Maybe"'), "one of"),
        (lambda text: changed(text, '"crc32"', '"crc33"'), "list of parts"),
        (lambda text: twice(text), "each once|version_id"),
        (lambda text: without(text, '{"content": null'), "which it refers to"),
        (lambda text: without(text, '{"acl": null, "bucket_id": "id-of-photos", "ch'), "without a current version"),
    ],
)  # fmt: skip
@pytest_twisted.ensureDeferred
async def test_a_file_that_is_not_sound_changes_nothing(
    full: Rig, empty: Rig, damage: Callable[[str], str], problem: str
) -> None:
    path = await full.export()
    path.write_text(damage(path.read_text()))
    for is_to_replace in (False, True):
        with pytest.raises(NotPossible, match=problem):
            await empty.take_in(path, is_to_replace=is_to_replace)
    assert not any((await empty.content()).values())


def twice(text: str) -> str:
    """A row stands there two times."""
    line = next(line for line in text.splitlines() if '"key": "a"' in line and "version_id" in line)
    return changed(text, line + "\n", line.rstrip(",") + ",\n" + line + "\n")


def without(text: str, start: str) -> str:
    """A row is missing that others refer to."""
    lines = text.splitlines()
    index = next(i for i, line in enumerate(lines) if line.startswith(start))
    if not lines[index].endswith(",") and lines[index - 1].endswith("},"):
        lines[index - 1] = lines[index - 1][:-1]
    return "\n".join(lines[:index] + lines[index + 1 :]) + "\n"


@pytest_twisted.ensureDeferred
async def test_a_line_without_end_is_not_read_to_its_end(
    full: Rig, empty: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bleepstore.metadata.portable_file._MAX_LINE_BYTES", 10_000)
    path = await full.export()
    path.write_text(changed(path.read_text(), '"email": ""', f'"email": "{"x" * 20_000}"'))
    with pytest.raises(NotPossible, match="too long"):
        await empty.take_in(path)


@pytest_twisted.ensureDeferred
async def test_a_file_that_is_not_there_is_said_so(empty: Rig) -> None:
    with pytest.raises(NotPossible, match="No such file"):
        await empty.take_in(empty.folder / "nowhere.json")
    with pytest.raises(NotPossible, match="No such file"):
        await empty.export(name="nowhere/export.json")
