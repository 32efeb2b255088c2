"""Where settings come from, which one wins, and what is said of those that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from bleepstore.config.kinds import Kind
from bleepstore.config.layers import Given, Override
from bleepstore.config.loader import load
from bleepstore.config.model import Config
from bleepstore.errors import ConfigError

SECRET = "hush-hush-hush"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "store.yaml"
    path.write_text(text, "utf-8")
    return path


def problem(tmp_path: Path, text: str = "", **environment: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), environment)
    assert "\n" not in str(caught.value)
    return caught.value


def option(key: str, value: str) -> Override:
    return Override(tuple(key.split(".")), Given(value, f"option --{key}"))


def leaves(cls: type, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Kind]]:
    """Every single setting of the model."""
    for setting in fields(cls):
        here = (*path, setting.name)
        if "others" in setting.metadata:
            continue
        if "section" in setting.metadata:
            yield from leaves(setting.metadata["section"], here)
        elif "sections" in setting.metadata:
            yield from leaves(setting.metadata["sections"], (*here, "0"))
        else:
            yield here, setting.metadata["kind"]


def at(config: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        config = config[int(name)] if name.isdecimal() else getattr(config, name)
    return config


def test_nothing_configured_gives_the_defaults(tmp_path: Path) -> None:
    assert load(None, {}) == Config()
    assert load(write(tmp_path, ""), {}) == Config()
    assert load(write(tmp_path, "server:\nauth: {users: }\n"), {}) == Config()


def test_command_line_over_environment_over_file(tmp_path: Path) -> None:
    path = write(tmp_path, "server: {port: 1, region: file, shutdown_timeout: 3}")
    environment = {"BLEEPSTORE_SERVER__PORT": "2", "BLEEPSTORE_SERVER__REGION": "environment"}
    config = load(path, environment, [option("server.port", "4")])
    assert config.server.port == 4
    assert config.server.region == "environment"
    assert config.server.shutdown_timeout == 3


SETTINGS = [pytest.param(path, kind, id=".".join(path)) for path, kind in leaves(Config)]
BOB = [option("auth.users.0.access_key", "bob"), option("auth.users.0.secret_key", SECRET)]

# One value for each setting, other than its default.
OTHERS = {
    "host": "127.0.0.2",
    "port": "9001",
    "region": "eu-central-1",
    "domain": "s3.example.com, s3.internal",
    "public_hosts": "[store.example.com]",
    "endpoints": "tcp:9001:interface=10.0.0.1, unix:/run/store.sock",
    "workers": "3",
    "certificate": "/etc/store/tls.pem",
    "private_key": "/etc/store/tls.key",
    "max_object_size": "5GiB",
    "shutdown_timeout": "1.5",
    "header_timeout_seconds": "7",
    "idle_timeout_seconds": "7",
    "body_stall_seconds": "7",
    "min_body_rate_bytes_per_second": "0",
    "response_stall_seconds": "7",
    "access_key": "alice",
    "secret_key": "123456789",
    "owner_id": "0123",
    "display_name": "Alice",
    "email": "alice@example.com",
    "cache_seconds": "0",
    "default_object_ownership": "ObjectWriter",
    "engine": "sqlite",
    "path": "/var/lib/bleepstore/metadata.db",
    "backend": "local",
    "durability": "relaxed",
    "root_dir": "/var/lib/bleepstore/objects",
    "inline_max_bytes": "0",
    "pack_max_bytes": "0",
    "max_size_bytes": "2GiB",
    "persistence": "snapshot",
    "snapshot_path": "/var/lib/bleepstore/snapshot.db",
    "snapshot_interval_seconds": "0",
    "garbage_grace_seconds": "0",
    "upload_expiry_days": "0.5",
    "connections": "8",
    "connect_timeout_seconds": "3",
    "silence_timeout_seconds": "3",
    "copy_timeout_seconds": "3",
    "attempts": "2",
    "max_backoff_seconds": "0.5",
    "showing_timeout_seconds": "3",
    "bucket": "upstream",
    "container": "upstream",
    "prefix": "store/",
    "endpoint_url": "http://localhost:9001",
    "use_path_style": "true",
    "access_key_id": "AKIAUPSTREAM",
    "secret_access_key": "123456789",
    "project": "store",
    "credentials_file": "/etc/store/key.json",
    "account": "store",
    "connection_string": "UseDevelopmentStorage=true",
    "account_key": "MTIz",
    "sas_token": "sv=2021-12-02",
    "use_managed_identity": "true",
    "bucket_prefixes": "archive=",
    "level": "debug",
    "format": "json",
    "slow_request_seconds": "0",
    "metrics": "false",
    "health_check": "off",
    "api_docs": "off",
    "listen": "127.0.0.1:9100",
}


@pytest.mark.parametrize(("path", "kind"), SETTINGS)
def test_every_key_can_come_from_the_environment(path: tuple[str, ...], kind: Kind) -> None:
    value = OTHERS[path[-1]]
    environment = {
        "BLEEPSTORE_AUTH__ACCESS_KEY": "root",
        "BLEEPSTORE_AUTH__SECRET_KEY": SECRET,
        "BLEEPSTORE_" + "__".join(path).upper(): value,
    }
    if "tls" in path:
        environment.setdefault("BLEEPSTORE_SERVER__TLS__PORT", "9443")
        environment.setdefault("BLEEPSTORE_SERVER__TLS__CERTIFICATE", "tls.pem")
    if "users" in path:
        environment.setdefault("BLEEPSTORE_AUTH__USERS__0__ACCESS_KEY", "bob")
        environment.setdefault("BLEEPSTORE_AUTH__USERS__0__SECRET_KEY", SECRET)
    assert at(load(None, environment), path) == kind.read(value)


@pytest.mark.parametrize(("path", "kind"), SETTINGS)
def test_every_key_refuses_what_it_cannot_be(path: tuple[str, ...], kind: Kind) -> None:
    mapping = Given({"a": Given("mapping", "x")}, "x")
    overrides = [*(BOB if "users" in path else ()), Override(path, mapping)]
    with pytest.raises(ConfigError) as caught:
        load(None, {}, overrides)
    assert caught.value.source == "x"
    assert caught.value.key_path == ".".join(path).replace(".0", "[0]")
    assert f"expected {kind.expected}" in caught.value.expected


def test_types_of_the_environment() -> None:
    config = load(
        None,
        {
            "BLEEPSTORE_SERVER__DOMAIN": "a.example, b.example",
            "BLEEPSTORE_SERVER__PUBLIC_HOSTS": '["c.example", d.example]',
            "BLEEPSTORE_SERVER__MAX_OBJECT_SIZE": "10MB",
            "BLEEPSTORE_AUTH__USERS": f"[{{access_key: carol, secret_key: {SECRET}}}]",
            "BLEEPSTORE_OBSERVABILITY__METRICS": "No",
            "BLEEPSTORE_STORAGE__LOCAL": "{root_dir: /srv}",
        },
    )
    assert config.server.domain == ("a.example", "b.example")
    assert config.server.public_hosts == ("c.example", "d.example")
    assert config.server.max_object_size == 10_000_000
    assert [user.access_key for user in config.auth.users] == ["carol"]
    assert config.observability.metrics is False
    assert config.storage.local.root_dir == Path("/srv")


def test_a_secret_of_a_user_in_the_file_can_come_from_the_environment(tmp_path: Path) -> None:
    text = "auth: {users: [{access_key: a, secret_key: old}, {access_key: b}]}"
    environment = {"BLEEPSTORE_AUTH__USERS__1__SECRET_KEY": SECRET}
    users = load(write(tmp_path, text), environment).auth.users
    assert [(user.access_key, user.secret_key) for user in users] == [("a", "old"), ("b", SECRET)]


def test_variables_that_are_not_ours_are_left_alone() -> None:
    environment = {
        "BLEEPSTORE_PORT": "tcp://10.0.0.1:9000",  # what Kubernetes sets for a service
        "BLEEPSTORE_SERVICE_HOST": "10.0.0.1",
        "OTHER_SERVER__PORT": "1",
        "BLEEPSTORE_SERVER__REGION": "",
    }
    assert load(None, environment) == Config()


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("server: {prot: 1}", "server.prot", "unknown key; did you mean server.port?"),
        ("sever: {}", "sever", "unknown key; did you mean server?"),
        ("storage: {local: {rootdir: x}}", "storage.local.rootdir",
         "unknown key; did you mean storage.local.root_dir?"),
        ("xyz: 1", "xyz", ("unknown key; expected one of server, auth, metadata, storage, logging, "
         "observability")),
        ("server: 5", "server", "expected a mapping"),
        ("- server", "", "expected a mapping"),
        ("5", "", "expected a mapping"),
        ("server: {port: 65536}", "server.port", "expected a port from 0 to 65535, or none, got 65536"),
        ("server: {port: nine}", "server.port", "expected a port from 0 to 65535, or none, got 'nine'"),
        ("server: {port: true}", "server.port", "expected a port from 0 to 65535, or none, got True"),
        ("server: {workers: 0}", "server.workers",
         "expected a number of processes from 1 on, or auto, got 0"),
        ("{server: {workers: 2}, storage: {backend: memory}}", "server.workers",
         "expected 1 or auto with storage.backend: memory"),
        ("server: {tls: {port: 1}}", "server.tls.certificate",
         "expected a path, because server.tls.port is set"),
        ("server: {tls: {private_key: k}}", "server.tls.certificate",
         "expected a path, because server.tls.private_key is set"),
        ("server: {port: none}", "server.port",
         "expected a port, because neither server.tls.port nor server.endpoints is set"),
        ("server: {endpoints: ['unix:s']}", "server.endpoints",
         ("expected none, because no credentials are configured; set auth.access_key and "
          "auth.secret_key to listen there")),
        ("server: {max_object_size: 5XB}", "server.max_object_size",
         "expected a number of bytes, such as 65536, 64KiB or 5TiB, got '5XB'"),
        ("server: {shutdown_timeout: -1}", "server.shutdown_timeout",
         "expected a number of seconds, 0 or more, got -1"),
        ("server: {shutdown_timeout: .nan}", "server.shutdown_timeout",
         "expected a number of seconds, 0 or more, got nan"),
        ("server: {idle_timeout_seconds: 0}", "server.idle_timeout_seconds",
         "expected a number of seconds above 0, got 0"),
        ("storage: {upload_expiry_days: 0.0001}", "storage.upload_expiry_days",
         "expected a number of days from 0.001 on, got 0.0001"),
        ("server: {domain: [1]}", "server.domain", "expected text or a list of texts, got [1]"),
        ("storage: {durability: no}", "storage.durability",
         "expected strict or relaxed, got False"),
        ("logging: {level: loud}", "logging.level",
         "expected debug, info, warn or error, got 'loud'"),
        ("observability: {metrics: maybe}", "observability.metrics",
         "expected true or false, got 'maybe'"),
        ("auth: {users: {access_key: a}}", "auth.users", "expected a list of mappings"),
        ("auth: {users: alice}", "auth.users", "expected a list of mappings"),
        ("auth: {users: [alice]}", "auth.users[0]", "expected a mapping"),
        ("auth: {users: [{access_key: a, secret_key: b}, {access_key: c}]}",
         "auth.users[1].secret_key", "expected a secret key (quote it if it looks like a number)"),
        ("auth: {access_key: a}", "auth.secret_key",
         "expected a secret key, because auth.access_key is set"),
        ("auth: {secret_key: a}", "auth.access_key",
         "expected an access key, because auth.secret_key is set"),
        ("auth: {access_key: a, secret_key: x, users: [{access_key: a, secret_key: b}]}",
         "auth.users[0].access_key", "expected an access key that no other user has"),
        ("server: {host: 192.0.2.1}", "server.host",
         ("expected a loopback address, because no credentials are configured; set "
         "auth.access_key and auth.secret_key to listen elsewhere")),
    ],
)  # fmt: skip
def test_an_error_names_file_key_and_expectation(
    tmp_path: Path, text: str, key: str, expected: str
) -> None:
    error = problem(tmp_path, text)
    assert (error.source, error.key_path, error.expected) == (
        str(tmp_path / "store.yaml"),
        key,
        expected,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("server: [", "expected valid YAML at line 1, column 10"),
        ("server:\n  port: 1\n  port: 2\n", "line 3, column 3: the key 'port' is given twice"),
        ("a: &a [*a]", "expected valid YAML"),
        ("a: 2026-13-77", "expected valid YAML"),
        ("? [a]\n: b", "expected valid YAML"),
    ],
)
def test_a_file_that_is_no_yaml(tmp_path: Path, text: str, expected: str) -> None:
    error = problem(tmp_path, text)
    assert error.source == str(tmp_path / "store.yaml")
    assert expected in error.expected


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.yaml: expected a readable file: No such file"):
        load(tmp_path / "missing.yaml", {})
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"server: {region: \xe9}")
    with pytest.raises(ConfigError, match="expected text in UTF-8"):
        load(latin, {})


def test_an_error_names_the_environment_variable() -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {"BLEEPSTORE_SERVER__PORT": "x"})
    assert str(caught.value) == (
        "environment variable BLEEPSTORE_SERVER__PORT: server.port: "
        "expected a port from 0 to 65535, or none, got 'x'"
    )
    with pytest.raises(ConfigError, match=r"did you mean auth\.users"):
        load(None, {"BLEEPSTORE_AUTH__USER__0__ACCESS_KEY": "x"})


def test_an_error_between_settings_names_the_source_of_the_one_that_is_given() -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {"BLEEPSTORE_AUTH__ACCESS_KEY": "a"}, [option("server.host", "::1")])
    assert caught.value.source == "environment variable BLEEPSTORE_AUTH__ACCESS_KEY"
    with pytest.raises(ConfigError) as caught:
        load(None, {}, [option("server.host", "::")])
    assert caught.value.source == "option --server.host"


@pytest.mark.parametrize(
    "text",
    [
        "auth: {access_key: a, secret_key: [SECRET]}",
        "auth: {access_key: a, secret_key: {SECRET: 1}}",
        "auth: {users: [{access_key: a, secret_key: [SECRET]}]}",
        "auth: {access_key: a, secret_key: *SECRET}",
        "auth: {access_key: a, secret_key: !SECRET x}",
        "auth: {access_key: a, secret_key: 'SECRET}",
        'auth: {access_key: a, secret_key: "SECRET\\q"}',
        "auth: {access_key: a, secret_key: 'SECRET\\0'}\nserver: {port: x}",
        "auth: {access_key: a, secret_key: SECRET: SECRET}",
    ],
)
def test_a_secret_is_never_in_an_error(tmp_path: Path, text: str) -> None:
    error = problem(tmp_path, text.replace("SECRET", SECRET))
    assert SECRET not in str(error)
    assert SECRET not in repr(error)
    assert error.__cause__ is None


def test_a_secret_with_control_characters_is_refused_without_showing_it(tmp_path: Path) -> None:
    error = problem(tmp_path, f'auth: {{access_key: a, secret_key: "{SECRET}\\n"}}')
    assert error.key_path == "auth.secret_key"
    assert SECRET not in str(error)
