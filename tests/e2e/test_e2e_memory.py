"""An object of any size costs the daemon the memory of a small one."""

from __future__ import annotations

import pytest

from tests.e2e.clients import ask_signed
from tests.e2e.daemon import BACKEND, Daemon
from tests.e2e.transfers import MIB, download, md5_of_download, upload

SIZE_BYTES = 1024 * MIB
ALLOWED_GROWTH_BYTES = 32 * MIB


# fake-gcs-server copies all that it has of an upload with each chunk: a GiB would take it hours.
@pytest.mark.skipif(BACKEND == "gcp", reason="its emulator is too slow for large objects")
@pytest.mark.timeout(300)
def test_a_gibibyte_up_and_down_needs_little_memory(own_daemon: Daemon) -> None:
    own_daemon.start()
    assert ask_signed(own_daemon, "PUT", "/memory").status == 200
    upload(own_daemon, "/memory/k", 8 * MIB)
    download(own_daemon, "/memory/k")
    before = own_daemon.peak_memory_bytes
    upload(own_daemon, "/memory/k", SIZE_BYTES)
    received = md5_of_download(own_daemon, "/memory/k")
    assert own_daemon.peak_memory_bytes - before < ALLOWED_GROWTH_BYTES
    etag = ask_signed(own_daemon, "HEAD", "/memory/k").headers["etag"]
    assert etag == f'"{received}"'
