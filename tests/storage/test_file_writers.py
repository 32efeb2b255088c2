"""Files that are written past the page cache have the same bytes as all others."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from io import FileIO
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from bleepstore.storage.disk import create_file
from bleepstore.storage.file_writers import DIRECT_BYTES, CachedWriter, DirectWriter, open_writer

_CONTENT = os.urandom(4096) * (3 * 1024 * 1024 // 4096) + b"the rest"


def _is_direct(file: FileIO) -> bool:
    return bool(fcntl.fcntl(file, fcntl.F_GETFL) & os.O_DIRECT)


@pytest.fixture
def file(tmp_path: Path) -> Any:
    with create_file(tmp_path / "file") as opened:
        yield opened


@pytest.fixture
def direct(file: FileIO) -> DirectWriter:
    writer = open_writer(file, DIRECT_BYTES, is_durable=True)
    if not isinstance(writer, DirectWriter):
        pytest.skip("it needs a file system that can write past the page cache (O_DIRECT)")
    return writer


@pytest.mark.parametrize("piece", [1000, 65_536, 1024 * 1024, len(_CONTENT)])
def test_all_bytes_arrive_whatever_the_pieces(
    file: FileIO, direct: DirectWriter, tmp_path: Path, piece: int
) -> None:
    assert _is_direct(file)
    for start in range(0, len(_CONTENT), piece):
        direct.append(memoryview(_CONTENT)[start : start + piece])
    direct.finish()
    assert (tmp_path / "file").read_bytes() == _CONTENT


def test_a_file_that_ends_early_has_what_came(
    file: FileIO, direct: DirectWriter, tmp_path: Path
) -> None:
    direct.append(b"abc")
    direct.finish()
    assert (tmp_path / "file").read_bytes() == b"abc"


class _Disk:
    """Stands for a file; ``trouble`` answers what is wrong with a write."""

    def __init__(self, file: FileIO, trouble: Callable[[bool], int]) -> None:
        self._file = file
        self._trouble = trouble

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, data: memoryview) -> int:
        if error := self._trouble(_is_direct(self._file)):
            raise OSError(error, os.strerror(error))
        return self._file.write(data[: 256 * 1024])  # less than was asked for


def test_what_a_disk_does_not_take_goes_the_ordinary_way(
    file: FileIO, direct: DirectWriter, tmp_path: Path
) -> None:
    writes = count()

    def trouble(is_direct: bool) -> int:
        return errno.EINVAL if is_direct and next(writes) == 2 else 0

    direct._file = cast(FileIO, _Disk(file, trouble))
    direct.append(_CONTENT)
    direct.finish()
    assert next(writes) == 3
    assert (tmp_path / "file").read_bytes() == _CONTENT


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EINVAL])
def test_other_trouble_is_told(file: FileIO, direct: DirectWriter, error: int) -> None:
    direct._file = cast(FileIO, _Disk(file, lambda _: error))
    with pytest.raises(OSError, match=os.strerror(error)):
        direct.append(_CONTENT)


@pytest.mark.parametrize(
    ("size_bytes", "is_durable"), [(DIRECT_BYTES - 1, True), (None, True), (DIRECT_BYTES, False)]
)
def test_small_files_and_what_is_not_synced_stay_in_memory(
    file: FileIO, size_bytes: int | None, is_durable: bool
) -> None:
    assert isinstance(open_writer(file, size_bytes, is_durable=is_durable), CachedWriter)
    assert not _is_direct(file)


def test_a_file_system_that_cannot_is_written_as_ever(
    file: FileIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> int:
        if arguments[1] == fcntl.F_SETFL:
            raise OSError(errno.EINVAL, "not here")
        return 0

    monkeypatch.setattr("bleepstore.storage.file_writers.fcntl.fcntl", refuse)
    assert isinstance(open_writer(file, DIRECT_BYTES, is_durable=True), CachedWriter)
