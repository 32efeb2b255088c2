"""Random sequences of changes, compared with a model of S3 that is too simple to be wrong."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

from attrs import define, evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bleepstore.errors import S3Error
from bleepstore.metadata.bucket_settings import set_versioning
from bleepstore.metadata.buckets import CreateBucket, SetVersioning, _create
from bleepstore.metadata.deletion import delete_object
from bleepstore.metadata.listing import ListObjects, list_objects
from bleepstore.metadata.objects import PutObject
from bleepstore.metadata.objects_read import get_object
from bleepstore.metadata.objects_write import put_object
from bleepstore.values import NULL_VERSION_ID, Blob, Segment, Versioning
from tests.metadata.samples import bucket, delete, memory_connection, put, transaction

KEYS = st.sampled_from(["a", "a/b", "a/\n", "ü", "\U0001f600"])
STATES = st.sampled_from([Versioning.ENABLED, Versioning.SUSPENDED])
CLOCK = st.integers(min_value=1, max_value=20)  # jumps back as often as forward


@define
class Known:
    """What the model keeps of a version."""

    version_id: str
    is_marker: bool
    etag: str
    segments: tuple[Segment, ...]


class ObjectModel(RuleBasedStateMachine):
    """For each key a list of versions, the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = memory_connection()
        self.txn: Any = transaction(self.connection)
        _create(self.txn, CreateBucket(bucket()))
        self.state = Versioning.OFF
        self.versions: dict[str, list[Known]] = {}
        self.serial = count()
        self.stored: set[str] = set()
        self.inline: set[str] = set()

    def teardown(self) -> None:
        self.connection.close()

    # --- the model

    def newest(self, key: str) -> Known | None:
        versions = self.versions.get(key, [])
        return versions[0] if versions else None

    def current(self, key: str) -> Known | None:
        newest = self.newest(key)
        return None if newest is None or newest.is_marker else newest

    def push(self, key: str, known: Known) -> None:
        versions = self.versions.setdefault(key, [])
        if self.state is not Versioning.ENABLED:
            known.version_id = NULL_VERSION_ID
            versions[:] = [each for each in versions if each.version_id != NULL_VERSION_ID]
        versions.insert(0, known)

    def all_versions(self) -> list[Known]:
        return [each for versions in self.versions.values() for each in versions]

    # --- changes

    @rule(state=STATES)
    def set_versioning(self, state: Versioning) -> None:
        set_versioning(self.txn, SetVersioning("photos", state))
        self.state = state

    @rule(key=KEYS, inline=st.lists(st.booleans(), max_size=3), at_ms=CLOCK)
    def put(self, key: str, inline: list[bool], at_ms: int) -> None:
        number = next(self.serial)
        blobs = [
            Blob(f"blob {number}.{index}", 2, b"xy" if is_inline else None)
            for index, is_inline in enumerate(inline)
        ]
        for blob in blobs:
            (self.inline if blob.content else self.stored).add(blob.locator)
        command = put(key, *blobs, etag=f"e{number}", version_id=f"v{number}", at_ms=at_ms)
        self.put_and_compare(command)

    @rule(key=KEYS, at_ms=CLOCK, data=st.data())
    def copy(self, key: str, at_ms: int, data: st.DataObject) -> None:
        sources = [each for each in self.all_versions() if each.segments]
        if not sources:
            return
        source = data.draw(st.sampled_from(sources))
        number = next(self.serial)
        command = put(key, etag=f"e{number}", version_id=f"v{number}", at_ms=at_ms)
        twice = source.segments + source.segments[:1]
        version = evolve(command.version, segments=twice)
        self.put_and_compare(evolve(command, version=version))

    def put_and_compare(self, command: PutObject) -> None:
        version = command.version
        result = put_object(self.txn, command)
        known = Known(version.version_id, False, version.etag, version.segments)
        self.push(version.key, known)
        shown = None if self.state is Versioning.OFF else known.version_id
        assert result.version_id == shown

    @rule(key=KEYS, at_ms=CLOCK)
    def delete(self, key: str, at_ms: int) -> None:
        marker_id = f"m{next(self.serial)}"
        result = delete_object(self.txn, delete(key, marker_id=marker_id, at_ms=at_ms))
        if self.state is Versioning.OFF:
            self.versions.pop(key, None)
            assert (result.version_id, result.is_delete_marker) == (None, False)
        else:
            marker = Known(marker_id, True, "", ())
            self.push(key, marker)
            assert (result.version_id, result.is_delete_marker) == (marker.version_id, True)

    @rule(key=KEYS, data=st.data())
    def delete_version(self, key: str, data: st.DataObject) -> None:
        versions = self.versions.get(key, [])
        ids = [*(each.version_id for each in versions), NULL_VERSION_ID, "unknown"]
        version_id = data.draw(st.sampled_from(ids))
        result = delete_object(self.txn, delete(key, version_id))
        gone = [each for each in versions if each.version_id == version_id]
        assert result.version_id == version_id
        assert result.is_delete_marker == any(each.is_marker for each in gone)
        self.versions[key] = [each for each in versions if each not in gone]

    # --- comparisons

    @invariant()
    def every_version_is_found(self) -> None:
        for key, versions in self.versions.items():
            times = []
            for index, known in enumerate(versions):
                _, found = get_object(self.txn, "photos", key, known.version_id, False)
                assert found.etag == known.etag
                assert found.segments == known.segments
                assert found.is_delete_marker == known.is_marker
                assert found.is_latest == (index == 0)
                times.append(found.last_modified_ms)
            assert times == sorted(set(times), reverse=True)

    @invariant()
    def the_newest_version_answers_for_its_key(self) -> None:
        for key in self.versions:
            newest = self.newest(key)
            try:
                _, found = get_object(self.txn, "photos", key, None, False)
            except S3Error as error:
                assert error.code == "NoSuchKey"
                assert newest is None
            else:
                assert newest is not None
                assert (found.version_id, found.etag) == (newest.version_id, newest.etag)

    @invariant()
    def a_listing_shows_current_versions_only(self) -> None:
        _, page = list_objects(self.txn, "photos", ListObjects())
        expected = [
            (key, known.etag)
            for key in sorted(self.versions, key=lambda key: key.encode())
            if (known := self.current(key)) is not None
        ]
        assert [(each.key, each.etag) for each in page.objects] == expected

    @invariant()
    def references_and_garbage_add_up(self) -> None:
        refs = Counter(part.locator for each in self.all_versions() for part in each.segments)
        self.txn.execute("SELECT locator, refs FROM blob")
        assert dict(self.txn.fetch_all()) == dict(refs)
        self.txn.execute("SELECT locator FROM garbage")
        garbage = {locator for (locator,) in self.txn.fetch_all()}
        assert garbage == self.stored - refs.keys()


TestObjectModel = ObjectModel.TestCase
TestObjectModel.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
