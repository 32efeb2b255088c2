"""Exports and imports metadata: files made whole or not at all, and read to their end first."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from attrs import define, field, frozen

from ..clock import Clock
from ..errors import NotPossible, S3Error
from ..metadata.portable_file import Reader
from ..metadata.transfer import Export, Import, Imported, Transfer
from ..s3.bucket_names import is_valid_bucket_name
from ..s3.keys import checked_key
from ..streams.threads import Threads
from .progress import Progress

_UNFINISHED = ".new"


@frozen
class Exporter:
    """Writes all metadata down."""

    _transfer: Transfer
    _threads: Threads

    async def to_path(self, path: Path, progress: Progress, *, has_secrets: bool) -> None:
        """Make a file that nobody else can read; a file of that name before goes at the end.

        Raises:
            NotPossible: the disk does not allow it, or something is there that is no file.
        """
        try:
            target = await self._threads.run(_place_of, path)
            unfinished = target.with_name(target.name + _UNFINISHED)
            file = await self._threads.run(_create, unfinished)
        except OSError as error:
            raise _not_possible(path, error) from error
        try:
            await self.to_file(file, progress, has_secrets=has_secrets)
            await self._threads.run(_finish, file, unfinished, target)
        except BaseException as error:
            unfinished.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise _not_possible(path, error) from error
            raise
        finally:
            with suppress(OSError):  # of a full disk, which was told already
                file.close()

    async def to_file(self, file: BinaryIO, progress: Progress, *, has_secrets: bool) -> None:
        """Write to what is open already."""
        await self._transfer.export(Export(file, has_secrets, progress.expect, progress.advance))
        await self._threads.run(file.flush)


def _not_possible(path: Path, error: OSError) -> NotPossible:
    return NotPossible(f"{path}: {error.strerror}; give another file, or mend that")


def _place_of(path: Path) -> Path:
    """Where the file is, or will be, that a path leads to through all links.

    A new file takes the place of the old one, so this must not be a device: gone would be
    ``/dev/null``, for everybody.
    """
    place = Path(os.path.realpath(path))  # Path.resolve fails on a loop
    if place.exists() and not place.is_file():
        raise NotPossible(
            f"{path} is no file; give a file, or none for the standard output, which the shell can "
            "lead anywhere"
        )
    return place


def _create(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "wb", buffering=1024 * 1024)


def _finish(file: BinaryIO, unfinished: Path, path: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    unfinished.replace(path)


@define
class Importer:
    """Takes in what an exporter has written.

    Args:
        path: of the file; it is read three times, and must not change meanwhile.
    """

    _transfer: Transfer
    _threads: Threads
    _path: Path
    _progress: Progress
    _clock: Clock = field(factory=Clock)
    _position: int = field(default=0, init=False)

    async def run(self, *, is_to_replace: bool, is_rehearsal: bool) -> Imported:
        """Look at the whole file, and then import it, wholly or not at all.

        Raises:
            NotPossible: the file cannot be used.
        """
        try:
            file = self._path.open("rb")
        except OSError as error:
            raise _not_possible(self._path, error) from error
        with file:
            size_bytes = file.seek(0, os.SEEK_END)
            self._progress.expect(3 * size_bytes)
            reader = Reader(self._path, file)
            advance = partial(self._advance, reader)
            has_secrets = await self._threads.run(_check, reader, advance)
            command = Import(
                reader=reader,
                is_to_replace=is_to_replace,
                is_rehearsal=is_rehearsal,
                has_secrets=has_secrets,
                now_ms=self._clock.now_ms(),
                advance=advance,
            )
            return await self._transfer.take_in(command)

    def _advance(self, reader: Reader) -> None:
        moved = reader.position - self._position
        self._position = reader.position
        self._progress.advance(max(moved, 0))


def _check(reader: Reader, advance: Callable[[], None]) -> bool:
    """Read everything once; answers whether the file has secrets.

    Raises:
        NotPossible: something is wrong with a row, or it does not agree with another one.
    """
    has_secrets = reader.check_ends()
    known = _Known()
    for row in reader.rows():
        problem = known.problem(row.table.name, row.fields)
        if problem:
            reader.fail(f"{row.table.name}: {problem}")
        advance()
    return has_secrets


@define
class _Known:
    """What rows may refer to, and what must not come twice."""

    _accounts: set[str] = field(factory=set, init=False)
    _buckets: set[str] = field(factory=set, init=False)
    _names: set[str] = field(factory=set, init=False)
    _key: tuple[str, str] = field(default=("", ""), init=False)
    _version_ids: set[str] = field(factory=set, init=False)

    def problem(self, table: str, fields: Mapping[str, Any]) -> str:
        """What is wrong with a row behind all those before it; empty if nothing is."""
        if table == "account":
            self._accounts.add(fields["owner_id"])
        elif table == "bucket":
            return self._problem_of_bucket(fields)
        elif table == "credential" and fields["owner_id"] not in self._accounts:
            return "there is no account with that owner_id"
        elif table in ("object", "object_version"):
            return self._problem_of_version(fields)
        return ""

    def _problem_of_bucket(self, fields: Mapping[str, Any]) -> str:
        name = fields["name"]
        if not is_valid_bucket_name(name) or name in self._names:
            return f"{name!r} cannot be the name of a bucket, or of two"
        self._names.add(name)
        self._buckets.add(fields["bucket_id"])
        return ""

    def _problem_of_version(self, fields: Mapping[str, Any]) -> str:
        if fields["bucket_id"] not in self._buckets:
            return "there is no bucket with that bucket_id"
        try:
            key = (fields["bucket_id"], checked_key(fields["key"]))
        except S3Error:
            return "the key is too long"
        if key != self._key:
            self._key, self._version_ids = key, set()
        if fields["version_id"] in self._version_ids:
            return "the key has that version_id twice"
        self._version_ids.add(fields["version_id"])
        return ""
