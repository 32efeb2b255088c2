"""Random sequences of changes, compared with a model of S3 after each one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, TypeVar

import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bleepstore.errors import S3Error, SourceChanged
from bleepstore.metadata.bucket_settings import set_versioning
from bleepstore.metadata.buckets import CreateBucket, SetVersioning, _create
from bleepstore.metadata.check import _STRAYS, find_miscounts
from bleepstore.metadata.completion import complete_upload
from bleepstore.metadata.copying import CopyObject, copy_object
from bleepstore.metadata.deletion import DeleteObjects, delete_many, delete_object
from bleepstore.metadata.listing import ListObjects, list_objects
from bleepstore.metadata.object_settings import SetTags, set_tags
from bleepstore.metadata.objects_read import get_object
from bleepstore.metadata.objects_write import put_object
from bleepstore.metadata.stacks import DeleteOne
from bleepstore.metadata.uploads import AbortUpload, CreateUpload
from bleepstore.metadata.uploads_expiry import ExpireUploads, expire_uploads
from bleepstore.metadata.uploads_read import ListUploads, list_parts, list_uploads
from bleepstore.metadata.uploads_write import abort_upload, create_upload, put_part
from bleepstore.metadata.version_listing import ListVersions, list_versions
from bleepstore.values import NULL_VERSION_ID, Blob, Versioning
from tests.metadata.model import Known, KnownUpload, Model
from tests.metadata.samples import (
    ANN,
    bucket,
    complete,
    delete,
    memory_connection,
    part_of,
    put,
    transaction,
    upload,
)
from tests.metadata.samples import put_part as put_part_command

T = TypeVar("T")

KEYS = st.sampled_from(["a", "a/\n", "\U0001f600"])
STATES = st.sampled_from([Versioning.ENABLED, Versioning.SUSPENDED])
CLOCK = st.integers(min_value=1, max_value=20)  # jumps back as often as forward
INLINE = st.lists(st.booleans(), max_size=3)  # for each blob, whether it is a small one
NUMBERS = st.integers(min_value=1, max_value=3)


def pick(data: st.DataObject, choices: Sequence[T]) -> T:
    """One of the choices, drawn by its place: what it is may differ when hypothesis retries."""
    return choices[data.draw(st.integers(0, len(choices) - 1))]


class ObjectModel(RuleBasedStateMachine):
    """One bucket, in a database and in a model."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = memory_connection()
        self.txn: Any = transaction(self.connection)
        _create(self.txn, CreateBucket(bucket()))
        self.model = Model()
        self.serial = count()
        self.stored: set[str] = set()

    def teardown(self) -> None:
        self.connection.close()

    def new_blobs(self, inline: list[bool]) -> list[Blob]:
        blobs = [
            Blob(f"blob {next(self.serial)}", 2, b"xy" if is_inline else None)
            for is_inline in inline
        ]
        self.stored |= {blob.locator for blob in blobs if blob.content is None}
        return blobs

    # --- objects

    @rule(state=STATES)
    def set_versioning(self, state: Versioning) -> None:
        set_versioning(self.txn, SetVersioning("photos", state))
        self.model.state = state

    @rule(key=KEYS, inline=INLINE, at_ms=CLOCK)
    def put(self, key: str, inline: list[bool], at_ms: int) -> None:
        number = next(self.serial)
        blobs = self.new_blobs(inline)
        command = put(key, *blobs, etag=f"e{number}", version_id=f"v{number}", at_ms=at_ms)
        result = put_object(self.txn, command)
        version = command.version
        known = Known(version.version_id, False, version.etag, version.segments)
        assert result.version_id == self.model.push(key, known)

    @rule(key=KEYS, at_ms=CLOCK, by_id=st.booleans(), twice=st.booleans(), data=st.data())
    def copy(self, key: str, at_ms: int, by_id: bool, twice: bool, data: st.DataObject) -> None:
        """A copy of what was seen; ``twice`` makes its segments repeat one, as parts may."""
        sources = [
            (source_key, known)
            for source_key, known in self.model.all_versions()
            if not known.is_marker and (by_id or known is self.model.current(source_key))
        ]
        if not sources:
            return
        source_key, source = pick(data, sources)
        number = next(self.serial)
        segments = source.segments + (source.segments[:1] if twice else ())
        known = Known(f"v{number}", False, f"e{number}", segments, source.tags)
        target = put(key, etag=known.etag, version_id=known.version_id, at_ms=at_ms).version
        source_id = source.version_id if by_id else None
        _, seen = get_object(self.txn, "photos", source_key, source_id, False)
        target = evolve(target, segments=segments, tags=seen.tags)
        command = CopyObject("photos", source_id, seen, "photos", target)
        try:
            copy_object(self.txn, evolve(command, source=evolve(seen, etag="another")))
        except SourceChanged:
            pass
        else:
            raise AssertionError("a source that was never seen so was copied")
        result = copy_object(self.txn, command)
        assert result.version_id == self.model.push(key, known)

    @rule(key=KEYS, data=st.data(), text=st.text(max_size=2))
    def set_tags(self, key: str, data: st.DataObject, text: str) -> None:
        ids = [each.version_id for each in self.model.versions.get(key, [])]
        version_id = pick(data, [*ids, "unknown", None])
        wanted = self.model.current(key) if version_id is None else self.model.find(key, version_id)
        try:
            set_tags(self.txn, SetTags("photos", key, version_id, (("k", text),)))
        except S3Error as error:
            if version_id is None:
                assert (error.code, wanted) == ("NoSuchKey", None)
            elif wanted is None:
                assert error.code == "NoSuchVersion"
            else:
                assert (error.code, wanted.is_marker) == ("MethodNotAllowed", True)
        else:
            assert wanted is not None
            wanted.tags = (("k", text),)

    # --- deletions

    @rule(key=KEYS, at_ms=CLOCK)
    def delete(self, key: str, at_ms: int) -> None:
        marker_id = f"m{next(self.serial)}"
        result = delete_object(self.txn, delete(key, marker_id=marker_id, at_ms=at_ms))
        expected = self.model.delete(key, marker_id)
        assert (result.version_id, result.is_delete_marker) == expected

    @rule(at_ms=CLOCK, data=st.data(), size=st.integers(min_value=1, max_value=8))
    def delete_many(self, at_ms: int, data: st.DataObject, size: int) -> None:
        """Keys, versions and conditions, repeated at will."""
        commands = [self.draw_deletion(data) for _ in range(size)]
        outcomes = delete_many(self.txn, DeleteObjects("photos", tuple(commands), at_ms, ANN))
        for each, outcome in zip(commands, outcomes, strict=True):
            refusal = self.model.refusal(each.key, each.if_match)
            if refusal is not None:
                assert isinstance(outcome, S3Error)
                assert outcome.code == refusal
                continue
            expected = (
                self.model.delete(each.key, each.new_version_id)
                if each.version_id is None
                else self.model.delete_version(each.key, each.version_id)
            )
            assert not isinstance(outcome, S3Error)
            assert (outcome.version_id, outcome.is_delete_marker) == expected

    def draw_deletion(self, data: st.DataObject) -> DeleteOne:
        key = data.draw(KEYS)
        versions = self.model.versions.get(key, [])
        ids = [each.version_id for each in versions]
        version_id = pick(data, [*ids, None, None, NULL_VERSION_ID, "unknown"])
        etags = [each.etag for each in versions[:2] if not each.is_marker]
        if_match = pick(data, [None, None, None, *etags, "another"])
        return DeleteOne(key, version_id, f"m{next(self.serial)}", if_match)

    # --- uploads

    @rule(key=KEYS, at_ms=CLOCK)
    def create_upload(self, key: str, at_ms: int) -> None:
        upload_id = f"u{next(self.serial):06}"
        begun = evolve(upload(upload_id, key), initiated_ms=at_ms)
        create_upload(self.txn, CreateUpload("photos", begun))
        self.model.uploads[upload_id] = KnownUpload(key)

    @precondition(lambda self: self.model.uploads)
    @rule(number=NUMBERS, inline=INLINE, copied=st.booleans(), data=st.data())
    def put_part(self, number: int, inline: list[bool], copied: bool, data: st.DataObject) -> None:
        """A part with new bytes, or one copied from some object."""
        upload_id = pick(data, sorted(self.model.uploads))
        known = self.model.uploads[upload_id]
        sources = [each for _, each in self.model.all_versions() if each.segments]
        before = set(self.stored)
        blobs = [] if copied and sources else self.new_blobs(inline)
        part = part_of(number, *blobs, etag=f"{next(self.serial):032x}")
        if copied and sources:
            part = evolve(part, segments=pick(data, sources).segments)
        command = evolve(put_part_command(part, *blobs, upload_id=upload_id), key=known.key)
        try:
            put_part(self.txn, command)
        except S3Error as error:
            assert error.code == "NoSuchUpload"
            assert known.completed
            self.stored = before  # the caller still has them
        else:
            assert not known.completed
            known.parts[number] = part

    @precondition(lambda self: self.model.uploads)
    @rule(chosen=st.sets(NUMBERS, min_size=1), at_ms=CLOCK, data=st.data())
    def complete_upload(self, chosen: set[int], at_ms: int, data: st.DataObject) -> None:
        upload_id = pick(data, sorted(self.model.uploads))
        known = self.model.uploads[upload_id]
        there = known.made_of or known.parts
        parts = [there.get(number, part_of(number)) for number in sorted(chosen)]
        command = complete(*parts, upload_id=upload_id, at_ms=at_ms)
        version_id = f"v{next(self.serial)}"
        try:
            result = complete_upload(
                self.txn, evolve(command, key=known.key, version_id=version_id)
            )
        except S3Error as error:
            if known.completed:
                assert error.code == "NoSuchUpload"
                assert chosen != known.made_of.keys()
            else:
                assert error.code == "InvalidPart"
                assert chosen - known.parts.keys()
            return
        if not known.completed:
            assert chosen <= known.parts.keys()
            segments = tuple(each for part in parts for each in part.segments)
            version = Known(version_id, False, result.etag, segments)
            known.completed.append(self.model.push(known.key, version))
            known.made_of = {part.number: part for part in parts}
            known.parts.clear()
        assert chosen == known.made_of.keys()
        assert result.version_id == known.completed[0]

    @precondition(lambda self: self.model.uploads)
    @rule(data=st.data(), at_ms=CLOCK)
    def abort_upload(self, data: st.DataObject, at_ms: int) -> None:
        upload_id = pick(data, sorted(self.model.uploads))
        known = self.model.uploads[upload_id]
        try:
            abort_upload(self.txn, AbortUpload("photos", known.key, upload_id, at_ms))
        except S3Error as error:
            assert error.code == "NoSuchUpload"
            assert known.completed
        else:
            assert not known.completed
            del self.model.uploads[upload_id]

    @rule(before_ms=CLOCK)
    def expire_uploads(self, before_ms: int) -> None:
        expire_uploads(self.txn, ExpireUploads(before_ms, 1000))
        self.txn.execute(
            "SELECT upload_id FROM upload UNION SELECT upload_id FROM completed_upload"
        )
        left = {upload_id for (upload_id,) in self.txn.fetch_all()}
        self.txn.execute("SELECT count(*) FROM upload WHERE initiated_ms < ?", (before_ms,))
        assert self.txn.fetch_one() == (0,)
        for upload_id in self.model.uploads.keys() - left:
            del self.model.uploads[upload_id]

    # --- comparisons

    @invariant()
    def every_version_is_found(self) -> None:
        for key, versions in self.model.versions.items():
            times = []
            for index, known in enumerate(versions):
                _, found = get_object(self.txn, "photos", key, known.version_id, False)
                assert found.etag == known.etag
                assert found.segments == known.segments
                assert found.tags == known.tags
                assert found.is_delete_marker == known.is_marker
                assert found.is_latest == (index == 0)
                times.append(found.last_modified_ms)
            assert times == sorted(set(times), reverse=True)

    @invariant()
    def the_newest_version_answers_for_its_key(self) -> None:
        for key in self.model.versions:
            newest = self.model.newest(key)
            try:
                _, found = get_object(self.txn, "photos", key, None, False)
            except S3Error as error:
                assert error.code == "NoSuchKey"
                assert newest is None
            else:
                assert newest is not None
                assert (found.version_id, found.etag) == (newest.version_id, newest.etag)

    @invariant()
    def listings_show_what_there_is(self) -> None:
        expected = self.model.all_versions()
        _, page = list_objects(self.txn, "photos", ListObjects())
        assert [(each.key, each.etag) for each in page.objects] == [
            (key, known.etag) for key, known in expected if known is self.model.current(key)
        ]
        _, listing = list_versions(self.txn, "photos", ListVersions())
        assert [
            (each.key, each.version_id, each.etag, each.is_delete_marker, each.is_latest)
            for each in listing.versions
        ] == [
            (key, known.version_id, known.etag, known.is_marker, known is self.model.newest(key))
            for key, known in expected
        ]

    @invariant()
    def uploads_under_way_are_listed_with_their_parts(self) -> None:
        listing = list_uploads(self.txn, "photos", ListUploads())
        assert sorted(each.upload_id for each in listing.uploads) == self.model.under_way()
        for each in listing.uploads:
            _, parts, _ = list_parts(self.txn, "photos", each.key, each.upload_id, 0, 10)
            known = self.model.uploads[each.upload_id]
            assert {part.number: part.etag for part in parts} == {
                number: part.etag for number, part in known.parts.items()
            }

    @invariant()
    def references_and_garbage_add_up(self) -> None:
        refs = self.model.refs()
        self.txn.execute("SELECT locator, refs FROM blob")
        assert dict(self.txn.fetch_all()) == refs
        self.txn.execute("SELECT locator FROM garbage")
        garbage = {locator for (locator,) in self.txn.fetch_all()}
        assert garbage == self.stored - refs.keys()

    @invariant()
    def the_check_finds_nothing(self) -> None:
        assert find_miscounts(self.txn, 0, 1) == ()
        for sql in _STRAYS.values():
            self.txn.execute(sql)
            assert self.txn.fetch_one() == (0,)


TestObjectModel = ObjectModel.TestCase
TestObjectModel.pytestmark = [pytest.mark.timeout(400)]  # type: ignore[attr-defined]
TestObjectModel.settings = settings(max_examples=50, stateful_step_count=50, deadline=None)
