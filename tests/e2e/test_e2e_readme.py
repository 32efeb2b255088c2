"""The README's session works when pasted."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.e2e.daemon import ROOT, Daemon


def _session() -> str:
    """The first block of shell code in the README."""
    lines = (ROOT / "README.rst").read_text().split(".. code-block:: sh\n")[1].splitlines()
    block = []
    for line in lines:
        if line and not line.startswith("    "):
            break
        block.append(line)
    return textwrap.dedent("\n".join(block)).strip()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_the_session_works_when_pasted(tmp_path: Path, home: Path) -> None:
    store = Daemon(tmp_path / "store", has_configuration=False)
    store.start()
    script = _session().replace("http://127.0.0.1:9000", store.endpoint)
    assert store.endpoint in script
    tools = str(Path(sys.executable).parent)
    try:
        done = subprocess.run(
            ["sh", "-e", "-c", script],
            cwd=home,
            env={"HOME": str(home), "PATH": f"{tools}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    finally:
        store.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "make_bucket: my-bucket" in done.stdout
    assert "13 greetings/hello.txt" in done.stdout
    assert "\nHello, world\n" in done.stdout
    assert "remove_bucket: my-bucket" in done.stdout
