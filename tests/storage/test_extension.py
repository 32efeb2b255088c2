"""A backend that another package brings along, installed as far as Python can tell."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import pytest_twisted

from bleepstore.config.loader import load
from bleepstore.errors import ConfigError
from bleepstore.storage.registry import open_backend
from bleepstore.streams.threads import Threads
from tests.storage.backing import means
from tests.storage.test_rows import get, put

GUIDE = Path(__file__).parents[2] / "docs" / "backends" / "writing.rst"


def blocks(text: str) -> list[str]:
    """The Python code of the guide."""
    found = re.findall(r"\.\. code-block:: python\n\n((?:    .*\n|\n)+)", text)
    return ["\n".join(line[4:] for line in block.splitlines()) for block in found]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The guide's example as an installed distribution."""
    site = tmp_path / "site"
    metadata = site / "bleepstore_scattered-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: bleepstore-scattered\n")
    (metadata / "entry_points.txt").write_text(
        "[bleepstore.backends]\nscattered = bleepstore_scattered:backend\n"
    )
    (example,) = blocks(GUIDE.read_text("utf-8"))
    (site / "bleepstore_scattered.py").write_text(example)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "bleepstore_scattered", raising=False)
    return tmp_path


def configure(folder: Path, text: str) -> Path:
    path = folder / "bleepstore.yaml"
    path.write_text(text)
    return path


@pytest_twisted.ensureDeferred
async def test_the_example_of_the_guide_works(installed: Path, threads: Threads) -> None:
    path = configure(
        installed,
        f"storage:\n  backend: scattered\n  scattered:\n    folder: {installed}/blobs\n",
    )
    environment = {"BLEEPSTORE_STORAGE__SCATTERED__PREFIX": "blob-"}
    section = load(path, environment).storage
    store = open_backend(section, means(threads, installed))
    await store.start()
    blob = await put(store, b"a" * 1000)
    assert await get(store, blob) == b"a" * 1000
    assert [each async for each in store.list_locators()] == [blob.locator]
    assert all(each.name.startswith("blob-") for each in (installed / "blobs").iterdir())
    await store.delete([blob.locator])
    assert not await store.exists(blob.locator)
    await store.stop()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{folder: /tmp, prefix: 7}", "storage.scattered.prefix: expected text"),
        ("{folder: /tmp, perfix: x}", "storage.scattered.perfix: unknown key; did you mean"),
        ("{}", "storage.scattered.folder: expected a path"),
    ],
)
def test_its_section_is_checked_as_ours_are(
    installed: Path, threads: Threads, given: str, expected: str
) -> None:
    path = configure(installed, f"storage: {{backend: scattered, scattered: {given}}}\n")
    section = load(path, {}).storage
    with pytest.raises(ConfigError, match=re.escape(expected)) as caught:
        open_backend(section, means(threads, installed))
    assert caught.value.source == str(path)


def test_what_is_not_installed_is_not_known(tmp_path: Path) -> None:
    for text in ("{backend: scattered}", "{scattered: {folder: /tmp}}"):
        with pytest.raises(ConfigError, match=r"storage\."):
            load(configure(tmp_path, f"storage: {text}\n"), {})
