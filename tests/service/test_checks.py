"""What the checks of health say of a disk."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bleepstore.errors import StorageBroken, StorageFull
from bleepstore.service.checks import _check_disk


@pytest.fixture(params=["ro", "size=1m"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system that is read-only, or has next to no room, where one may be mounted."""
    mount = ["mount", "-t", "tmpfs", "-o", str(request.param), "tmpfs", str(tmp_path)]
    if os.getuid() != 0 or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_disk_without_room_or_rights_fails(disk: Path) -> None:
    with pytest.raises((StorageBroken, StorageFull)):
        _check_disk(disk)


def test_a_good_disk_passes(tmp_path: Path) -> None:
    _check_disk(tmp_path)
