"""What the Debian package says fits the program; ``.ci/debian`` builds the package and tries it."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bleepstore import __version__
from bleepstore.config.loader import load

DEBIAN = Path(__file__).parents[2] / "debian"
DATA = Path("/var/lib/bleepstore")


def test_the_packaged_configuration_keeps_all_data_in_one_place() -> None:
    config = load(DEBIAN / "bleepstore.yaml", {})
    assert config.metadata.sqlite.path.parent == DATA
    assert config.storage.local.root_dir.parent == DATA
    assert config.storage.memory.snapshot_path.parent == DATA


def test_credentials_of_the_installation_open_no_door_to_other_machines() -> None:
    script = (DEBIAN / "bleepstore.postinst").read_text()
    environment = dict(re.findall(r"^(BLEEPSTORE_\w+)=(.+)$", script, re.M))
    config = load(DEBIAN / "bleepstore.yaml", environment)
    assert not config.uses_default_credentials
    assert config.listen_host == "127.0.0.1"


def test_the_package_has_the_version_of_the_program() -> None:
    newest = (DEBIAN / "changelog").read_text().splitlines()[0]
    assert newest.startswith(f"bleepstore ({__version__}) ")


def test_the_unit_stops_later_than_the_daemon_does() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEBIAN / "bleepstore.service")
    shutdown_seconds = load(DEBIAN / "bleepstore.yaml", {}).server.shutdown_timeout
    assert int(unit["Service"]["TimeoutStopSec"]) > shutdown_seconds + 30


@pytest.mark.parametrize("page", ["bleepstore.yaml.5", "bleepstore-admin.8"])
def test_manual_pages_can_be_made(page: str, tmp_path: Path) -> None:
    folder = tmp_path / "debian" / "man"
    folder.mkdir(parents=True)
    source = folder / f"{page}.rst"
    source.write_text((DEBIAN / "man" / source.name).read_text())
    (tmp_path / "etc").symlink_to(DEBIAN.parent / "etc")
    (folder / "bleepstore-admin.help").write_text("usage: bleepstore-admin\n")
    made = subprocess.run(
        [sys.executable, "-m", "docutils", "--writer=manpage", "--exit-status=1", str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert f'.TH "{page.rpartition(".")[0].upper()}' in made.stdout.upper()
