"""A configuration that another process gets, of this version of the program or of another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bleepstore.config.loader import load
from bleepstore.config.model import Config
from bleepstore.config.passing import dump, restore
from bleepstore.errors import ConfigError

SECRET = "{hush: \"'\\\\ # é"
EVERYTHING = f"""
server:
  host: 10.0.0.1
  port: none
  workers: 3
  domain: [a.example, b.example]
  max_object_size: 5GiB
  tls: {{port: 443, certificate: /etc/tls.pem}}
auth:
  access_key: "0123"
  secret_key: {json.dumps(SECRET)}
  users:
    - {{access_key: "[", secret_key: "null", email: a@b.example}}
storage: {{backend: sqlite, local: {{inline_max_bytes: 0}}, upload_expiry_days: 0.5}}
observability: {{metrics: no, listen: 127.0.0.1:9100}}
"""


def test_everything_comes_across(tmp_path: Path) -> None:
    (tmp_path / "store.yaml").write_text(EVERYTHING)
    config = load(tmp_path / "store.yaml", {})
    assert config.users[0].secret_key == SECRET
    assert restore(dump(config)) == config
    assert restore(dump(Config())) == Config()


def test_what_only_another_version_knows_counts_for_nothing() -> None:
    dumped = json.loads(dump(Config()))
    dumped["server"]["colour"] = dumped["colours"] = {"red": [1]}
    assert restore(json.dumps(dumped).encode()) == Config()


def test_what_another_version_does_not_know_has_the_default() -> None:
    dumped = json.loads(dump(Config()))
    del dumped["server"]["region"], dumped["logging"]
    assert restore(json.dumps(dumped).encode()) == Config()


def test_a_value_that_cannot_be_used_is_said() -> None:
    dumped = json.loads(dump(Config()))
    dumped["logging"]["level"] = "deafening"
    with pytest.raises(ConfigError, match=r"the daemon: logging\.level: expected debug"):
        restore(json.dumps(dumped).encode())
