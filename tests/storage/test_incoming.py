from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bleepstore.errors import ConfigError
from bleepstore.ids import new_blob_id
from bleepstore.storage.incoming import Incoming, check_hard_links

OWNER = """
import sys
from pathlib import Path
from bleepstore.storage.incoming import Incoming, check_hard_links
own = Incoming.create(Path(sys.argv[1]))
print(own.path, flush=True)
sys.stdin.read()
"""


def test_a_folder_is_abandoned_when_its_process_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        path = Path(owner.stdout.readline().strip())
        blob_id = new_blob_id()
        (path / blob_id).touch()
        assert Incoming.claim_abandoned(tmp_path) == []
        owner.kill()
    (claimed,) = Incoming.claim_abandoned(tmp_path)
    assert claimed.path == path
    assert claimed.blob_ids() == [blob_id]
    claimed.remove()
    assert not path.exists()


def test_a_survey_tells_live_owners_from_dead_ones(tmp_path: Path) -> None:
    live, dead = Incoming.create(tmp_path), Incoming.create(tmp_path)
    ids = [new_blob_id(), new_blob_id()]
    for folder, blob_id in zip((live, dead), ids, strict=True):
        (folder.path / blob_id).touch()
    dead._lock.close()
    for _ in range(2):  # looking changes nothing
        assert Incoming.survey(tmp_path) == {live.path / ids[0]: True, dead.path / ids[1]: False}
    (claimed,) = Incoming.claim_abandoned(tmp_path)
    assert claimed.path == dead.path
    claimed.remove()
    live.remove()


def test_a_folder_is_claimed_once(tmp_path: Path) -> None:
    own = Incoming.create(tmp_path)
    own._lock.close()
    (claimed,) = Incoming.claim_abandoned(tmp_path)
    assert Incoming.claim_abandoned(tmp_path) == []
    claimed.remove()


def test_a_folder_that_never_got_its_lock_is_abandoned(tmp_path: Path) -> None:
    (tmp_path / new_blob_id()).mkdir()
    (claimed,) = Incoming.claim_abandoned(tmp_path)
    claimed.remove()
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_folder_in_use_stays_locked_when_its_store_stops(tmp_path: Path) -> None:
    own = Incoming.create(tmp_path)
    in_flight = own.path / new_blob_id()
    in_flight.touch()
    assert not own.retire()
    assert Incoming.claim_abandoned(tmp_path) == []
    in_flight.unlink()
    assert own.retire()
    assert not own.path.exists()


def test_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    own = Incoming.create(tmp_path)
    assert stat.S_IMODE(own.path.stat().st_mode) == 0o700
    own.remove()


def test_a_file_system_without_hard_links_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(ConfigError, match="hard links"):
        check_hard_links(Incoming.create(tmp_path))
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []
