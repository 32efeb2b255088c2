"""The command line of ``twistd bleepstore``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.python import usage

from bleepstore import __version__
from bleepstore.service.tap import Options, makeService


def parse(*arguments: str) -> Options:
    options: Any = Options()
    options.parseOptions(list(arguments))
    return cast(Options, options)


def test_all_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.yaml"
    path.write_text("server: {port: 1, region: here}")
    monkeypatch.setenv("BLEEPSTORE_SERVER__PORT", "2")
    config = parse(
        "--config", str(path), "--host", "::1", "--port", "3", "--log-level", "debug",
        "--log-format", "json", "--shutdown-timeout", "1.5",
    ).settings  # fmt: skip
    server, logging = config.server, config.logging
    assert (server.host, server.port, server.shutdown_timeout) == ("::1", 3, 1.5)
    assert (logging.level, logging.format) == ("debug", "json")
    assert server.region == "here"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLEEPSTORE_SERVER__PORT", "2")
    assert parse().settings.server.port == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("--port", "x"),
            "option --port: server.port: expected a port from 0 to 65535, or none, got 'x'",
        ),
        (
            ("--port", ""),
            "option --port: server.port: expected a port from 0 to 65535, or none, got ''",
        ),
        (
            ("--log-level", "loud"),
            "option --log-level: logging.level: expected debug, info, warn or error, got 'loud'",
        ),
        (("-c", "/none.yaml"), "/none.yaml: expected a readable file: No such file or directory"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: tuple[str, ...], line: str) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(*arguments)
    assert caught.value.code == f"bleepstore: {line}"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse("--version")
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"BleepStore {__version__}\n"


def test_an_unknown_option() -> None:
    with pytest.raises(usage.UsageError, match="nope"):
        parse("--nope")


@pytest.mark.parametrize(
    ("storage", "key"),
    [
        ("{backend: aws}", "storage.aws.bucket"),
        ("{backend: gcp}", "storage.gcp.bucket"),
        (
            "{backend: azure, azure: {container: c, account: a, account_key: no base64}}",
            "storage.azure.account_key",
        ),
        (
            "{backend: azure, azure: {container: c, account: a, account_key: AA==, sas_token: x}}",
            "storage.azure.sas_token",
        ),
    ],
)
def test_wrong_settings_of_a_gateway_are_said_in_one_line_too(
    tmp_path: Path, storage: str, key: str
) -> None:
    path = tmp_path / "store.yaml"
    database = f"metadata: {{sqlite: {{path: {tmp_path}/m.db}}}}"
    path.write_text(f"server: {{workers: 1}}\n{database}\nstorage: {storage}\n")
    with pytest.raises(SystemExit) as caught:
        makeService(parse("--config", str(path)))
    assert re.fullmatch(rf"bleepstore: \S+: {re.escape(key)}: .+", str(caught.value.code))
