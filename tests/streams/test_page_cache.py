from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from bleepstore.streams.page_cache import read_from_memory


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        try:
            os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT)
        except OSError:
            pytest.skip("this file system does not tell what is in memory")
    return path


def test_what_was_just_written_is_in_memory(path: Path) -> None:
    buffer = bytearray(4)
    with path.open("rb") as file:
        assert read_from_memory(file.fileno(), buffer, 3) == 4
        assert buffer == b"3456"
        assert read_from_memory(file.fileno(), memoryview(buffer), 8) == 2
        assert buffer == b"8956"
        assert read_from_memory(file.fileno(), buffer, 10) == 0


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EOPNOTSUPP, errno.EBADF])
def test_what_is_not_there_or_not_told_of_is_nothing(
    path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, buffers: Sequence[bytearray], offset: int, flags: int) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.preadv", refuse)
    with path.open("rb") as file:
        assert read_from_memory(file.fileno(), bytearray(4), 0) == 0
