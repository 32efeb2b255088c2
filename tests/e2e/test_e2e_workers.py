"""Several workers behind one port: what they share, and what of one's end the clients notice."""

from __future__ import annotations

import http.client
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from attrs import define, field

from tests.e2e.clients import ask, ask_signed, boto3_client, presigned
from tests.e2e.daemon import ALICE, REGION, Daemon
from tests.e2e.transfers import begin_upload, is_cut
from tests.e2e.waiting import PATIENCE_SECONDS, wait_for
from tests.storage.on_disk import blobs_on_disk, unsettled_on_disk

_HERE = {"LocationConstraint": REGION}
CLIENTS = 6
_BODY = os.urandom(100_000)  # large enough for a pack


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A running daemon with two workers and an empty bucket, for tests that keep it running."""
    running = Daemon(tmp_path_factory.mktemp("crowd"), {"server": {"workers": 2}})
    try:
        _open(running)
        yield running
        running.stop()
        assert incoming(running) == []
        assert "Traceback" not in running.log
    finally:
        if running.is_running:
            running.kill()


@pytest.fixture
def own_crowd(own_daemon: Daemon) -> Daemon:
    """The same for one test alone, which may stop it."""
    own_daemon.settings = {"server": {"workers": 2}}
    _open(own_daemon)
    return own_daemon


def _open(daemon: Daemon) -> None:
    daemon.start()
    boto3_client(daemon).create_bucket(Bucket="bucket", CreateBucketConfiguration=_HERE)


@define
class News:
    """What a daemon logs from now on."""

    daemon: Daemon
    _start: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._start = len(self.daemon.log)

    def count(self, pattern: str) -> int:
        return len(re.findall(pattern, self.daemon.log[self._start :]))

    def wait_for(self, pattern: str) -> None:
        wait_for(lambda: self.count(pattern), pattern)


def children(daemon: Daemon) -> set[int]:
    """The process ids of the daemon's children: workers, and one who waits for a place."""
    return set(map(int, Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()))


def workers(daemon: Daemon) -> set[int]:
    """The process ids of those who serve."""
    return children(daemon) & set(map(int, re.findall(r"worker (\d+) serves", daemon.log)))


def connect(daemon: Daemon) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE_SECONDS)


def is_served(connection: http.client.HTTPConnection) -> bool:
    """Whether a request on the connection is answered."""
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b"ok\n"
    except (OSError, http.client.HTTPException):
        return False


def metric(daemon: Daemon, name: str) -> float:
    """The sum over all labels."""
    page = ask(daemon, "GET", "/metrics").body.decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", page, re.M))


@define
class Load:
    """Clients that put objects over connections that they keep, until told to stop.

    Attributes:
        stored: keys whose upload was acknowledged.
        failed: what went wrong instead of an answer.
    """

    daemon: Daemon
    stored: list[str] = field(factory=list)
    failed: list[Exception] = field(factory=list)
    _is_over: threading.Event = field(factory=threading.Event)
    _threads: list[threading.Thread] = field(factory=list)

    def __enter__(self) -> Load:
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        wait_for(lambda: len(self.stored) > 20, "the first answers")
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def go_on(self) -> None:
        """Wait until some more uploads are over."""
        count = len(self.stored)
        wait_for(lambda: len(self.stored) > count + 20, "more answers")

    def _run(self, number: int) -> None:
        with closing(connect(self.daemon)) as connection:
            for turn in iter(lambda: len(self.stored), None):
                if self._is_over.is_set():
                    return
                self._put(connection, f"{number}-{turn}")

    def _put(self, connection: http.client.HTTPConnection, key: str) -> None:
        """One upload; a client that is told to close the connection opens another one."""
        try:
            connection.request("PUT", presigned(self.daemon, "PUT", f"/bucket/{key}"), _BODY)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            self.stored.append(key)
        except (OSError, http.client.HTTPException, AssertionError) as error:
            self.failed.append(error)
            connection.close()


def assert_all_there(daemon: Daemon, keys: list[str]) -> None:
    assert keys
    for key in set(keys):
        assert ask(daemon, "GET", presigned(daemon, "GET", f"/bucket/{key}")).body == _BODY


def incoming(daemon: Daemon) -> list[str]:
    """The blobs that are not settled."""
    return unsettled_on_disk(daemon.objects_path)


def test_metrics_of_all_workers_are_added_up(crowd: Daemon) -> None:
    counted = "bleepstore_http_request_duration_seconds_count"
    news, before, restarted = News(crowd), metric(crowd, counted), _restarts(crowd)
    for _ in range(30):
        assert ask(crowd, "GET", "/healthz").status == 200
    wait_for(lambda: metric(crowd, counted) >= before + 30, "the count")  # told once a second
    os.kill(max(workers(crowd)), signal.SIGKILL)
    news.wait_for(r"worker \d+ serves")
    assert metric(crowd, counted) >= before + 30
    wait_for(lambda: _restarts(crowd) == restarted + 1, "the count of restarts")


def _restarts(daemon: Daemon) -> float:
    return metric(daemon, "bleepstore_workers_restarted_total")


def test_a_worker_that_dies_takes_down_its_own_connections_only(crowd: Daemon) -> None:
    news = News(crowd)
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(connect(crowd))) for _ in range(40)]
        assert all(is_served(each) for each in connections)
        os.kill(min(workers(crowd)), signal.SIGKILL)
        news.wait_for("was ended by SIGKILL")
        for connection in connections:
            connection.auto_open = 0
        assert {is_served(each) for each in connections} == {True, False}
        # Those who come before its successor is there are served by it nevertheless.
        assert all(ask(crowd, "GET", "/healthz").status == 200 for _ in range(20))
    news.wait_for(r"worker \d+ serves")


def test_one_who_waits_follows_a_worker_that_is_killed(crowd: Daemon) -> None:
    wait_for(lambda: len(children(crowd)) == 3, "the start of one who waits")
    (waiting,) = children(crowd) - workers(crowd)
    news = News(crowd)
    os.kill(min(workers(crowd)), signal.SIGKILL)
    news.wait_for(rf"worker {waiting} serves")
    wait_for(lambda: len(children(crowd)) == 3, "the start of another one who waits")


def test_a_worker_killed_under_load_loses_nothing_that_was_acknowledged(crowd: Daemon) -> None:
    with Load(crowd) as load:
        for _ in range(2):
            news = News(crowd)
            os.kill(min(workers(crowd)), signal.SIGKILL)
            news.wait_for(r"worker \d+ serves")
            load.go_on()
    # What the two had in hand; and who waits where a second loss leaves a place empty is sent away.
    assert len(load.failed) <= 3 * CLIENTS
    assert_all_there(crowd, load.stored)
    wait_for(lambda: incoming(crowd) == [], "the recovery")


def test_workers_are_replaced_without_a_failed_request(crowd: Daemon) -> None:
    news, before, restarted = News(crowd), workers(crowd), _restarts(crowd)
    with Load(crowd) as load:
        os.kill(crowd.pid, signal.SIGUSR2)
        news.wait_for("all workers are replaced")
        load.go_on()
        wait_for(lambda: not workers(crowd) & before, "the end of the former workers")
    assert load.failed == []
    assert len(workers(crowd)) == 2
    assert _restarts(crowd) == restarted
    assert_all_there(crowd, load.stored)


def test_a_worker_that_is_replaced_finishes_what_it_has_begun(crowd: Daemon) -> None:
    news, before = News(crowd), workers(crowd)
    with begin_upload(crowd, "/bucket/k") as upload:
        os.kill(crowd.pid, signal.SIGUSR2)
        news.wait_for("all workers are replaced")
        wait_for(lambda: len(workers(crowd) & before) == 1, "the end of the other worker")
        upload.sendall(bytes(50_000))
        assert upload.recv(1000).startswith(b"HTTP/1.1 200 ")
    wait_for(lambda: not workers(crowd) & before, "the end of the former workers")


def test_requests_in_flight_may_finish(own_crowd: Daemon) -> None:
    with begin_upload(own_crowd, "/bucket/k") as upload:
        stopping = threading.Thread(target=own_crowd.stop)
        stopping.start()
        wait_for(own_crowd.refuses_connections, "the refusal of connections")
        upload.sendall(bytes(50_000))
        answer = upload.recv(1000)
    stopping.join()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer.lower()
    assert incoming(own_crowd) == []


def test_what_a_worker_sends_is_not_deleted_by_the_parent(own_daemon: Daemon) -> None:
    """More than the sockets' buffers take is in a pack."""
    own_daemon.settings = {
        "server": {"workers": 2},
        "storage": {"garbage_grace_seconds": 0, "local": {"pack_max_bytes": "64MiB"}},
    }
    _open(own_daemon)
    body = os.urandom(40_000_000)
    assert ask_signed(own_daemon, "PUT", "/bucket/k", body=body).status == 200
    (blob,) = blobs_on_disk(own_daemon.objects_path)
    connection = http.client.HTTPConnection("127.0.0.1", own_daemon.port, timeout=60)
    with closing(connection):
        connection.request("GET", presigned(own_daemon, "GET", "/bucket/k"))
        answer = connection.getresponse()
        begun = answer.read(1000)
        assert ask_signed(own_daemon, "DELETE", "/bucket/k").status == 204
        gone = time.monotonic() + 12  # the parent has looked for garbage twice by then
        while time.monotonic() < gone:
            assert blobs_on_disk(own_daemon.objects_path) == [blob]
            time.sleep(0.5)
        assert begun + answer.read() == body
    wait_for(lambda: not blobs_on_disk(own_daemon.objects_path), "the deletion")
    own_daemon.stop()
    assert "Traceback" not in own_daemon.log


def test_requests_that_do_not_finish_are_cut(own_daemon: Daemon) -> None:
    own_daemon.settings = {"server": {"workers": 2, "shutdown_timeout": 0.5}}
    _open(own_daemon)
    with begin_upload(own_daemon, "/bucket/k") as upload:
        own_daemon.stop()
        assert is_cut(upload)
    assert incoming(own_daemon) == []


def test_workers_end_with_their_parent(own_crowd: Daemon) -> None:
    wait_for(lambda: len(children(own_crowd)) == 3, "the start of one who waits")
    orphans = children(own_crowd)
    (counts,) = {path.parent for pid in orphans for path in _open_files(pid, "counter_*.db")}
    assert counts.exists()
    with begin_upload(own_crowd, "/bucket/k"):
        own_crowd.kill()
        wait_for(lambda: not any(map(_is_running, orphans)), "the end of the workers")
    assert not counts.exists()
    own_crowd.start()
    assert ask_signed(own_crowd, "GET", "/bucket?list-type=2").status == 200
    assert incoming(own_crowd) == []


def test_no_secret_is_in_a_workers_arguments_or_environment(crowd: Daemon) -> None:
    for pid in children(crowd):
        process = Path(f"/proc/{pid}")
        shown = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        assert b"bleepstore.service.worker" in shown
        assert ALICE.secret_key.encode() not in shown


def test_a_second_daemon_does_not_join_in_at_the_port(crowd: Daemon, tmp_path: Path) -> None:
    second = Daemon(tmp_path / "second", {"server": {"workers": 2}})
    second.port = crowd.port
    second.launch()
    assert second.wait() == 1
    assert f"cannot listen on 127.0.0.1, port {crowd.port}: Address already in use" in second.log


def _open_files(pid: int, pattern: str) -> set[Path]:
    """Those that match; what is closed meanwhile is left out."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(descriptor.readlink())
    return {file for file in found if file.match(pattern)}


def _is_running(pid: int) -> bool:
    """Zombies, whose new parent has not looked yet, do not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False
