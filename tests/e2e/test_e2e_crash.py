"""Whatever instant the daemon dies at: what it acknowledged is there, and nothing half done is.

Writers put and delete objects while the daemon is killed with SIGKILL and started again, over and
over. After each start every key is read back and every file is accounted for.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field, frozen

from tests.e2e.admin import assert_sound
from tests.e2e.clients import boto3_client, signed_headers
from tests.e2e.daemon import BACKEND, REGION, Daemon
from tests.e2e.waiting import wait_for
from tests.storage.on_disk import blobs_on_disk

KILLS = 12
WRITERS = 6
KEYS_OF_EACH_WRITER = 12
LONGEST_ROUND_SECONDS = 0.6
# The folders of processes: incoming blobs are in those of the local backend.
_LOCKS = f"**/{32 * '?'}/*"
# Around the sizes at which bytes move from the database to files, and from one block to several.
SIZES = (0, 1, 1000, 20_000, 64 * 1024, 64 * 1024 + 1, 300_000, 2_500_000)


@frozen
class Content:
    """What an object may hold: bytes that follow from a number. None stands for no object."""

    seed: int
    size: int

    def bytes(self) -> bytes:
        return random.Random(self.seed).randbytes(self.size)


@define
class Writer:
    """Puts and deletes objects under keys of its own until the daemon is gone.

    Attributes:
        settled: for each key what the daemon has acknowledged last.
        open: the key and the content of the one request that was never answered.
        failure: what ended it otherwise.
    """

    daemon: Daemon
    number: int
    settled: dict[str, Content | None] = field(factory=dict)
    open: tuple[str, Content | None] | None = None
    failure: Exception | None = None
    acknowledged: int = 0
    _random: random.Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._random = random.Random(self.number)

    def run(self) -> None:
        """Write until the connection breaks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=30)
        with closing(connection):
            try:
                while True:
                    self._change(connection)
            except (http.client.HTTPException, OSError):
                return  # killed: the last request stays open
            except Exception as error:
                self.failure = error

    def _change(self, connection: http.client.HTTPConnection) -> None:
        key = f"{self.number}/{self._random.randrange(KEYS_OF_EACH_WRITER)}"
        content = None
        if self._random.random() < 0.8:
            content = Content(self._random.getrandbits(32), self._random.choice(SIZES))
        self.open = (key, content)
        status = self._request(connection, key, content)
        assert status == (200 if content else 204), f"status {status} for {key}"
        self.settled[key] = content
        self.open = None
        self.acknowledged += 1

    def _request(
        self, connection: http.client.HTTPConnection, key: str, content: Content | None
    ) -> int:
        method, target = ("PUT" if content else "DELETE"), f"/crashing/{key}"
        headers = signed_headers(self.daemon, method, target)
        connection.request(method, target, content.bytes() if content else None, headers)
        response = connection.getresponse()
        response.read()
        return response.status

    def possible(self, key: str) -> list[Content | None]:
        """What may be there under a key: what was acknowledged last, or what was left open."""
        states = [self.settled.get(key)]
        if self.open is not None and self.open[0] == key:
            states.append(self.open[1])
        return states

    def compare(self, s3: Any) -> None:
        """Read every key back and hold it against what may be there; it counts from now on."""
        assert self.failure is None
        for number in range(KEYS_OF_EACH_WRITER):
            key = f"{self.number}/{number}"
            found = _read(s3, key)
            matching = [each for each in self.possible(key) if _matches(found, each)]
            assert matching, f"{key} holds neither what was acknowledged nor what was sent"
            self.settled[key] = matching[0]
        self.open = None


def _read(s3: Any, key: str) -> Any:
    try:
        return s3.get_object(Bucket="crashing", Key=key)
    except s3.exceptions.NoSuchKey:
        return None


def _matches(found: Any, content: Content | None) -> bool:
    if found is None or content is None:
        return found is content
    if found["ContentLength"] != content.size:
        return False
    expected = content.bytes()
    if found["ETag"] != f'"{hashlib.md5(expected).hexdigest()}"':
        return False
    return bool(found["Body"].read() == expected)


@pytest.fixture(params=["local", "sqlite"])
def crashing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Daemon]:
    storage = {"backend": request.param, "garbage_grace_seconds": 0}
    daemon = Daemon(tmp_path, {"storage": storage})
    daemon.start()
    yield daemon
    if daemon.is_running:
        daemon.kill()


@pytest.mark.skipif(BACKEND != "local", reason="it chooses its backends itself")
@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_and_nothing_else_is_left(crashing: Daemon) -> None:
    s3 = boto3_client(crashing)
    s3.create_bucket(Bucket="crashing", CreateBucketConfiguration={"LocationConstraint": REGION})
    writers = [Writer(crashing, number) for number in range(WRITERS)]
    instants = random.Random(1)
    for kill in range(KILLS):
        _write_until_killed(crashing, writers, instants)
        if kill % 4 == 0:
            _kill_while_starting(crashing, instants)
        crashing.start()
        _assert_nothing_in_flight(crashing)
        for writer in writers:
            writer.compare(s3)
        _assert_listing_agrees(s3, writers)
        _assert_files_are_known(crashing)
    assert sum(writer.acknowledged for writer in writers) > KILLS * WRITERS
    wait_for(
        lambda: not _query(crashing, "SELECT locator FROM garbage"), "the collection of garbage"
    )
    _assert_every_byte_is_accounted_for(crashing)
    crashing.stop()
    assert not list(crashing.folder.glob(_LOCKS))
    assert not _unsettled(crashing)
    assert_sound(crashing)


def _write_until_killed(daemon: Daemon, writers: list[Writer], instants: random.Random) -> None:
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    time.sleep(instants.uniform(0, LONGEST_ROUND_SECONDS))
    daemon.kill()
    for thread in threads:
        thread.join()


def _kill_while_starting(daemon: Daemon, instants: random.Random) -> None:
    """Recovery, too, may be interrupted at any instant."""
    daemon.launch()
    time.sleep(instants.uniform(0.3, 1.0))
    daemon.kill()


# --- what is on the disk -------------------------------------------------------------------------


def _query(daemon: Daemon, sql: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{daemon.database_path}?mode=ro", uri=True)) as database:
        return database.execute(sql).fetchall()


def _locators_of_files(daemon: Daemon) -> set[str]:
    """The blobs that the backend has, in files, packs or rows."""
    on_disk = set(blobs_on_disk(daemon.objects_path))
    return on_disk | {row[0] for row in _query(daemon, "SELECT locator FROM blob_row")}


def _locators_of_file_blobs(daemon: Daemon) -> set[str]:
    return {row[0] for row in _query(daemon, "SELECT locator FROM blob WHERE content IS NULL")}


def _assert_nothing_in_flight(daemon: Daemon) -> None:
    assert {path.name for path in daemon.folder.glob(_LOCKS)} == {"lock"}
    assert not _unsettled(daemon)


def _unsettled(daemon: Daemon) -> list[Any]:
    """Blobs in rows on their way in."""
    return _query(daemon, "SELECT locator FROM unsettled_blob")


def _assert_files_are_known(daemon: Daemon) -> None:
    """No file that the metadata does not know, no blob whose file is not there.

    The collector is at work meanwhile: it takes garbage away, and there is none new. So what was
    garbage first may be a file later, and nothing else.
    """
    garbage = {row[0] for row in _query(daemon, "SELECT locator FROM garbage")}
    files, blobs = _locators_of_files(daemon), _locators_of_file_blobs(daemon)
    assert blobs <= files <= blobs | garbage


def _assert_listing_agrees(s3: Any, writers: list[Writer]) -> None:
    listed = {
        each["Key"]: each["Size"]
        for each in s3.list_objects_v2(Bucket="crashing").get("Contents", [])
    }
    expected = {
        key: content.size
        for writer in writers
        for key, content in writer.settled.items()
        if content is not None
    }
    assert listed == expected


def _assert_every_byte_is_accounted_for(daemon: Daemon) -> None:
    """Files are those of the blobs, and each blob is referred to as often as it is counted."""
    assert _locators_of_files(daemon) == _locators_of_file_blobs(daemon)
    references: dict[str, int] = {}
    rows = _query(
        daemon, "SELECT segments FROM object UNION ALL SELECT segments FROM object_version"
    )
    for (segments,) in rows:
        for segment in json.loads(segments or "[]"):
            references[segment[0]] = references.get(segment[0], 0) + 1
    assert references == dict(_query(daemon, "SELECT locator, refs FROM blob"))
