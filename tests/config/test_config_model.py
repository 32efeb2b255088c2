"""What follows from a configuration: credentials, and where to listen."""

from __future__ import annotations

import os
import re

import pytest

from bleepstore.config.auth import AuthSection, UserSection, derive_owner_id
from bleepstore.config.model import Config, is_loopback
from bleepstore.config.server import ServerSection
from bleepstore.config.storage import StorageSection
from bleepstore.values import Owner

SECRET = "hush-hush-hush"
CONFIGURED = AuthSection(
    access_key="root",
    secret_key=SECRET,
    users=(UserSection("bob", SECRET, "bobs-id", "Bob", "bob@example.com"),),
)


def test_without_credentials_the_default_ones_work_on_loopback() -> None:
    config = Config()
    assert config.uses_default_credentials
    assert config.listen_host == "127.0.0.1"
    (credential,) = config.credentials
    assert (credential.access_key, credential.secret_key) == ("bleepstore", "bleepstore-secret")


def test_with_credentials_those_and_no_others_work_on_all_addresses() -> None:
    config = Config(auth=CONFIGURED)
    assert not config.uses_default_credentials
    assert config.listen_host == "0.0.0.0"
    root, bob = config.credentials
    assert (root.access_key, root.secret_key, root.email) == ("root", SECRET, "")
    assert root.owner == Owner(derive_owner_id("bleepstore"), "root")
    assert bob.owner == Owner("bobs-id", "Bob")
    assert bob.email == "bob@example.com"


def test_a_host_that_is_set_is_used() -> None:
    config = Config(server=ServerSection(host="192.0.2.1"), auth=CONFIGURED)
    assert config.listen_host == "192.0.2.1"


def test_derived_owner_ids_look_like_canonical_user_ids_and_never_change() -> None:
    assert re.fullmatch("[0-9a-f]{64}", derive_owner_id("alice"))
    assert derive_owner_id("alice") != derive_owner_id("bob")
    assert derive_owner_id("bleepstore") == (
        "4ddcb2a144c4895d5243761d60209f88c4556411e86a32e67e7bbe48958042c6"
    )


def test_secrets_are_in_no_repr() -> None:
    config = Config(auth=CONFIGURED)
    assert SECRET not in repr(config)
    assert SECRET not in repr(config.users)
    assert SECRET not in repr(config.credentials)


def test_a_model_made_by_hand_is_checked_too() -> None:
    with pytest.raises(ValueError, match="port: expected a port from 0 to 65535"):
        ServerSection(port=70000)
    with pytest.raises(ValueError, match="port"):
        ServerSection(port="9000")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("192.168.0.1", False), ("localhost.example", False),
    ],
)  # fmt: skip
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_ports_and_workers_may_be_words() -> None:
    assert ServerSection(port=None).port is None
    assert Config(server=ServerSection(workers=3)).worker_count == 3
    auto = ServerSection(workers="auto")
    assert Config(server=auto).worker_count == len(os.sched_getaffinity(0))
    assert Config(server=auto, storage=StorageSection(backend="memory")).worker_count == 1
