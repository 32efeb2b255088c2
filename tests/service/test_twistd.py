"""The daemon as a process: exit codes, log files, signals. The house in it is a fake one."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bleepstore.service.daemon import Daemon
from bleepstore.service.tap import Options, makeService

ROOT = Path(__file__).parents[2]
FAKE = Path(__file__).with_name("fake_twistd.py")
FOREGROUND = ("--nodaemon", "--pidfile=")


def start(folder: Path, *arguments: str, house: str = "") -> subprocess.Popen[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("BLEEPSTORE_")
    }
    return subprocess.Popen(
        [sys.executable, str(FAKE), *arguments],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT), "FAKE_HOUSE": house},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, *arguments: str, house: str = "") -> tuple[int, str, str]:
    with start(folder, *arguments, house=house) as process:
        out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_a_wrong_configuration_is_one_line_and_code_1(tmp_path: Path) -> None:
    (tmp_path / "store.yaml").write_text("server: {port: x}")
    code, out, err = run(tmp_path, *FOREGROUND, "bleepstore", "--config", "store.yaml")
    assert (code, out) == (1, "")
    assert err == (
        "bleepstore: store.yaml: server.port: expected a port from 0 to 65535, or none, got 'x'\n"
    )


def test_a_port_in_use_is_one_line_and_code_1(tmp_path: Path, taken_port: int) -> None:
    code, out, err = run(tmp_path, *FOREGROUND, "bleepstore", "--port", str(taken_port))
    assert (code, err) == (1, "")
    (line,) = out.splitlines()
    assert line.endswith(
        f"CRIT  cannot listen on 127.0.0.1, port {taken_port}: Address already in use; "
        "stop the process that has it, or set another server.port"
    )


def test_a_folder_without_rights_says_what_to_do_and_code_1(tmp_path: Path) -> None:
    code, out, err = run(tmp_path, *FOREGROUND, "bleepstore", "--port", "0", house="denied")
    assert (code, err) == (1, "")
    (line,) = [line for line in out.splitlines() if "CRIT" in line]
    assert "cannot start: /var/lib/store: Permission denied; give the daemon's user" in line
    assert "Traceback" not in out
    assert "house stopped" in out
    assert "listening" not in out


def test_a_defect_at_start_is_logged_with_a_traceback_and_code_1(tmp_path: Path) -> None:
    arguments = (*FOREGROUND, "bleepstore", "--port", "0", "--log-format", "json")
    code, out, _ = run(tmp_path, *arguments, house="broken")
    assert code == 1
    records = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    (record,) = [each for each in records if each["level"] == "critical"]
    assert record["message"] == "cannot start"
    assert "ZeroDivisionError: by design" in record["traceback"]


def wait_for(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(pattern, line)
        if found:
            return found
    raise AssertionError(f"the daemon ended without saying {pattern}")


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(tmp_path: Path, signal_number: int) -> None:
    with start(tmp_path, *FOREGROUND, "bleepstore", "--port", "0") as process:
        port = int(wait_for(process, r"listening on http://127\.0\.0\.1:(\d+)$")[1])
        socket.create_connection(("127.0.0.1", port)).close()
        process.send_signal(signal_number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == -signal_number  # as twistd ends
    assert "house stopped" in out
    assert out.endswith("INFO  stopped\n")
    assert err == ""


def test_twistds_logfile_is_used_and_has_our_format(tmp_path: Path) -> None:
    arguments = ("--logfile", "my.log", *FOREGROUND, "bleepstore", "--port", "0")
    code, out, _ = run(tmp_path, *arguments, "--log-format", "json", house="denied")
    assert (code, out) == (1, "house stopped\n")
    records = [json.loads(line) for line in (tmp_path / "my.log").read_text().splitlines()]
    assert [each["level"] for each in records[-2:]] == ["critical", "info"]


def test_twistds_logger_wins(tmp_path: Path) -> None:
    arguments = ("--logger", "twisted.logger.LimitedHistoryLogObserver", *FOREGROUND)
    code, out, _ = run(tmp_path, *arguments, "bleepstore", "--port", "0", house="denied")
    assert (code, out) == (1, "house stopped\n")


def test_in_the_background_it_logs_to_twistds_file_and_removes_its_pid_file(
    tmp_path: Path, taken_port: int
) -> None:
    code, _, err = run(tmp_path, "bleepstore", "--port", str(taken_port))
    assert (code, err) == (0, "")  # twistd's parent process leaves before the reactor runs
    log_file, pid_file = tmp_path / "twistd.log", tmp_path / "twistd.pid"
    while pid_file.exists():
        time.sleep(0.01)
    assert "cannot listen on" in log_file.read_text()


def test_twistd_finds_the_plugin() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "--help"],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert re.search(r"bleepstore\s+An S3-compatible object store", done.stdout)


def test_make_service_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options: Any = Options()
    options.parseOptions([])
    service: Any = makeService(options)
    assert isinstance(service, Daemon)
    assert list(tmp_path.iterdir()) == []
