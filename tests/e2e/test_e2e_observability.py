"""What an operator looks at: metrics, health, and both at an address of their own."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.e2e.clients import ask, ask_signed
from tests.e2e.daemon import BACKEND, ROOT, Daemon
from tests.e2e.waiting import PATIENCE_SECONDS, wait_for
from tests.metadata.damage import damage_page_with

_PAGES = ("/metrics", "/healthz", "/readyz", "/health", "/docs", "/openapi.json")
_LARGE = 100_000  # bytes: more than the metadata takes
_WORKERS = [1] if BACKEND == "memory" else [1, 2]


def with_workers(daemon: Daemon, workers: int, **observability: object) -> Daemon:
    daemon.settings = {
        "server": {"workers": workers},
        "storage": {"garbage_grace_seconds": 0},
        "observability": observability,
    }
    daemon.start()
    return daemon


def levels(page: str) -> dict[str, float]:
    """The metrics that tell how much there is, by name."""
    names = "objects_total|buckets_total|stored_bytes|garbage_blobs"
    found = re.findall(rf"^bleepstore_({names}) (\S+)$", page, re.M)
    return {name: float(value) for name, value in found}


def page(daemon: Daemon, path: str = "/metrics") -> str:
    return ask(daemon, "GET", path).body.decode()


@pytest.mark.parametrize("workers", _WORKERS)
def test_what_there_is_is_known_whoever_is_asked(own_daemon: Daemon, workers: int) -> None:
    daemon = with_workers(own_daemon, workers)
    for bucket in ("one", "two"):
        assert ask_signed(daemon, "PUT", f"/{bucket}").status == 200
    for number in range(20):
        assert ask_signed(daemon, "PUT", f"/one/{number}", body=bytes(10)).status == 200
    assert ask_signed(daemon, "PUT", "/one/0", body=bytes(_LARGE)).status == 200
    expected = {"objects_total": 20, "buckets_total": 2, "stored_bytes": _LARGE + 190}
    for _ in range(10):
        assert levels(page(daemon)) == expected | {"garbage_blobs": 0}
    for number in range(20):
        assert ask_signed(daemon, "DELETE", f"/one/{number}").status == 204
    expected = {"objects_total": 0, "buckets_total": 2, "stored_bytes": 0}
    assert expected.items() <= levels(page(daemon)).items()
    daemon.stop()
    daemon.start()
    assert expected.items() <= levels(page(daemon)).items()


def test_every_metric_of_the_dashboard_exists(own_daemon: Daemon) -> None:
    dashboard = json.loads((ROOT / "docs" / "grafana" / "bleepstore.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = {name for query in queries for name in re.findall(r"bleepstore_\w+", query)}
    daemon = with_workers(own_daemon, _WORKERS[-1])
    ask_signed(daemon, "PUT", "/bucket")
    ask_signed(daemon, "PUT", "/bucket/k", body=bytes(_LARGE))
    ask_signed(daemon, "GET", "/bucket/k")
    wait_for(
        lambda: named <= set(re.findall(r"^(bleepstore_\w+)", page(daemon), re.M)),
        "all metrics of the dashboard",
    )


def test_without_metrics_there_is_no_page(own_daemon: Daemon) -> None:
    daemon = with_workers(own_daemon, _WORKERS[-1], metrics=False, health_check=False)
    assert ask_signed(daemon, "GET", "/metrics").error_code == "NoSuchBucket"
    assert ask_signed(daemon, "GET", "/readyz").error_code == "NoSuchBucket"
    assert ask_signed(daemon, "PUT", "/metrics").status == 200


def ask_office(daemon: Daemon, path: str, method: str = "GET") -> tuple[int, str]:
    match = re.search(r"showing health and metrics on http://127\.0\.0\.1:(\d+)", daemon.log)
    assert match is not None
    connection = http.client.HTTPConnection("127.0.0.1", int(match[1]), timeout=PATIENCE_SECONDS)
    with closing(connection):
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize("workers", _WORKERS)
def test_an_address_of_their_own_leaves_all_bucket_names_free(
    own_daemon: Daemon, workers: int
) -> None:
    daemon = with_workers(own_daemon, workers, listen="127.0.0.1:0")
    for path in _PAGES:
        assert ask_office(daemon, path)[0] == 200
    assert ask_office(daemon, "/metrics", "PUT")[0] == 404
    assert ask_office(daemon, "/bucket")[0] == 404
    for name in ("metrics", "health", "docs"):
        assert ask_signed(daemon, "PUT", f"/{name}").status == 200
        assert ask_signed(daemon, "PUT", f"/{name}/key", body=b"bytes").status == 200
        assert ask_signed(daemon, "GET", f"/{name}/key").body == b"bytes"
        assert b"<ListBucketResult" in ask_signed(daemon, "GET", f"/{name}").body
    metrics = ask_office(daemon, "/metrics")[1]
    assert levels(metrics)["objects_total"] == 3
    counted = re.compile(r'^bleepstore_s3_operations_total{operation="PutObject",.*} 3\.0$', re.M)
    wait_for(lambda: counted.search(ask_office(daemon, "/metrics")[1]), "the count of all workers")


def test_an_address_that_cannot_be_had_is_said_in_one_line(own_daemon: Daemon) -> None:
    own_daemon.settings = {"observability": {"listen": "192.0.2.1:9100"}}
    own_daemon.launch()
    assert own_daemon.wait() == 1
    (line,) = [line for line in own_daemon.log.splitlines() if " CRIT " in line]
    assert "observability.listen: cannot listen on tcp:9100:interface=192.0.2.1" in line


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 MiB, where the right to mount one is given."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.skipif(BACKEND != "local", reason="it fills the disk of files and database")
def test_a_full_disk_is_not_ready_until_there_is_room(small_disk: Path) -> None:
    daemon = Daemon(small_disk / "own")
    with_workers(daemon, 1)
    try:
        assert ask(daemon, "GET", "/readyz").status == 200
        filling = small_disk / "filling"
        with suppress(OSError), filling.open("wb", buffering=0) as file:
            while file.write(bytes(4 * 1024 * 1024)):
                pass
        _expect_not_ready(daemon)
        assert ask(daemon, "GET", "/healthz").status == 200
        filling.unlink()
        _expect_ready(daemon)
        daemon.stop()
    finally:
        if daemon.is_running:
            daemon.kill()


@pytest.mark.skipif(BACKEND != "local", reason="it damages a database on a disk")
def test_a_store_that_takes_no_changes_is_not_ready_and_says_so_once(own_daemon: Daemon) -> None:
    """All uploads need the page with the totals; reads do without it."""
    daemon = with_workers(own_daemon, 1)
    assert ask_signed(daemon, "PUT", "/bucket").status == 200
    daemon.stop()
    damage_page_with(daemon.database_path, b"garbage", table="total")
    daemon.start()
    assert ask_signed(daemon, "GET", "/bucket").status == 200
    assert ask_signed(daemon, "PUT", "/bucket/key", body=b"x").status == 500
    assert ask(daemon, "GET", "/readyz").body == b"not ready: metadata_changes\n"
    for _ in range(3):
        assert "bleepstore_info" in page(daemon)
    daemon.stop()
    assert daemon.log.count("reading the totals of the store fails") == 1
    assert daemon.log.count("health check metadata_changes fails") == 1
    assert "Traceback" not in daemon.log


@pytest.mark.skipif(BACKEND == "memory", reason="a store in memory is not reached from beside")
def test_who_reads_is_not_sent_away_while_somebody_changes_much(own_daemon: Daemon) -> None:
    daemon = with_workers(own_daemon, 1)
    path = daemon.database_path
    with (path.with_name(path.name + "-writer")).open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        assert ask(daemon, "GET", "/readyz").status == 200


def _expect_ready(daemon: Daemon) -> None:
    wait_for(lambda: ask(daemon, "GET", "/readyz").status == 200, "readiness")


def _expect_not_ready(daemon: Daemon) -> None:
    wait_for(lambda: ask(daemon, "GET", "/readyz").status == 503, "the end of readiness")
    checks = json.loads(page(daemon, "/health"))["checks"]
    assert not checks["storage"]["ok"]
    assert not checks["metadata_disk"]["ok"]
