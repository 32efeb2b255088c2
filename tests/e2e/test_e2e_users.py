"""``bleepstore-admin user`` and ``key`` beside a running daemon: what they change is true at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from bleepstore.config.auth import derive_owner_id
from tests.e2e.admin import admin, admin_json
from tests.e2e.clients import boto3_client, refused
from tests.e2e.daemon import BACKEND, REGION, Daemon, User

pytestmark = pytest.mark.skipif(
    BACKEND == "memory", reason="a store in memory is not reached from beside"
)
_numbers = count(1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A running daemon that asks for each credential each time."""
    settings = {"auth": {"cache_seconds": 0}}
    running = Daemon(tmp_path_factory.mktemp("users"), settings)
    running.start()
    yield running
    running.kill()


@pytest.fixture
def name() -> str:
    """Somebody whom only one test knows."""
    return f"user-{next(_numbers)}"


def create(store: Daemon, name: str, *options: str) -> User:
    made = admin_json(store, "user", "create", name, *options)
    return User(made["access_key"], made["secret_key"], made["user"]["owner_id"])


def buckets(store: Daemon, user: User) -> list[str]:
    return [each["Name"] for each in boto3_client(store, user).list_buckets()["Buckets"]]


def test_a_new_user_can_be_used_at_once_and_owns_what_it_makes(store: Daemon, name: str) -> None:
    bucket = f"of-{name}"
    carol = create(store, name, "--email", f"{name}@example.com")
    assert carol.access_key.startswith("AKIA")
    assert (len(carol.access_key), len(carol.secret_key)) == (20, 40)
    s3 = boto3_client(store, carol)
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    assert s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"] == carol.owner_id
    listed = admin_json(store, "bucket", "list")["buckets"]
    assert [(each["name"], each["owner"]["display_name"]) for each in listed] == [(bucket, name)]


def test_secrets_are_shown_once_and_logged_nowhere(store: Daemon, name: str) -> None:
    carol = create(store, name)
    assert buckets(store, carol) == []
    shown = [admin(store, *words).stdout for words in (("user", "list"), ("key", "list"))]
    shown += [
        admin(store, *words, "--json").stdout for words in (("user", "list"), ("key", "list"))
    ]
    assert carol.secret_key not in "".join(shown) + store.log


def test_a_disabled_user_is_refused_until_enabled_again(store: Daemon, name: str) -> None:
    carol = create(store, name)
    assert buckets(store, carol) == []
    assert admin_json(store, "user", "disable", name)["user"]["is_enabled"] is False
    with refused("InvalidAccessKeyId"):
        buckets(store, carol)
    admin_json(store, "user", "enable", carol.owner_id)
    assert buckets(store, carol) == []


def test_a_user_with_buckets_is_not_removed(store: Daemon, name: str) -> None:
    bucket = f"of-{name}"
    carol = create(store, name)
    s3 = boto3_client(store, carol)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    done = admin(store, "user", "remove", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert "owns 1 buckets; delete them first" in done.stderr
    s3.delete_bucket(Bucket=bucket)
    assert admin_json(store, "user", "remove", name)["removed"]["owner_id"] == carol.owner_id
    with refused("InvalidAccessKeyId"):
        buckets(store, carol)


def test_keys_come_and_go(store: Daemon, name: str) -> None:
    carol = create(store, name, "--id", derive_owner_id(name))
    second = admin_json(store, "key", "create", name)
    other = User(second["access_key"], second["secret_key"], carol.owner_id)
    assert buckets(store, other) == buckets(store, carol) == []
    admin_json(store, "key", "disable", carol.access_key)
    with refused("InvalidAccessKeyId"):
        buckets(store, carol)
    assert buckets(store, other) == []
    admin_json(store, "key", "enable", carol.access_key)
    admin_json(store, "key", "remove", other.access_key)
    assert buckets(store, carol) == []
    with refused("InvalidAccessKeyId"):
        buckets(store, other)


def test_a_rotated_key_has_a_new_secret_or_a_successor_and_some_time(
    store: Daemon, name: str
) -> None:
    carol = create(store, name)
    fresh = admin_json(store, "key", "rotate", carol.access_key)
    assert fresh["access_key"] == carol.access_key
    with refused("SignatureDoesNotMatch"):
        buckets(store, carol)
    carol = User(carol.access_key, fresh["secret_key"], carol.owner_id)
    after = admin_json(store, "key", "rotate", carol.access_key, "--grace", "1h")
    successor = User(after["access_key"], after["secret_key"], carol.owner_id)
    assert buckets(store, carol) == buckets(store, successor) == []
    last = admin_json(store, "key", "rotate", successor.access_key, "--grace", "0")
    with refused("InvalidAccessKeyId"):
        buckets(store, successor)
    states = {each["access_key"]: each["state"] for each in keys_of(store, name)}
    assert states[successor.access_key] == "ended"
    assert states[last["access_key"]] == states[carol.access_key] == "enabled"


def keys_of(store: Daemon, who: str) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = admin_json(store, "key", "list", who)["keys"]
    return keys


@pytest.mark.parametrize(
    "words",
    [
        ("user", "disable", "AKIAALICE"),
        ("user", "remove", "AKIAALICE"),
        ("key", "disable", "AKIAALICE"),
        ("key", "rotate", "AKIAALICE"),
        ("key", "remove", "AKIAALICE"),
    ],
)
def test_the_configuration_is_not_changed_from_here(store: Daemon, words: tuple[str, ...]) -> None:
    done = admin(store, *words)
    assert done.returncode == 2
    assert "of the configuration; change it there (auth) and restart the daemon" in done.stderr


def test_names_and_ids_are_unique_and_what_is_unknown_is_said_so(store: Daemon, name: str) -> None:
    create(store, name)
    assert f"there is a user {name} already" in admin(store, "user", "create", name).stderr
    assert "there is no user Dave; see" in admin(store, "key", "create", "Dave").stderr
    assert "there is no key AKIA0; see" in admin(store, "key", "remove", "AKIA0").stderr
    assert admin(store, "user", "create", "new\nline").returncode == 2
    assert admin(store, "key", "rotate", "AKIA0", "--grace", "soon").returncode == 2


def test_users_are_kept_over_a_restart_and_changed_on_a_stopped_store(own_daemon: Daemon) -> None:
    store = own_daemon
    store.start()
    carol = create(store, "Carol")
    store.stop()
    admin_json(store, "user", "disable", "Carol")
    dave = create(store, "Dave")
    store.start()
    assert buckets(store, dave) == []
    with refused("InvalidAccessKeyId"):
        buckets(store, carol)
    listed = json.loads(admin(store, "user", "list", "--json").stdout)["users"]
    assert [(each["name"], each["is_configured"]) for each in listed] == [
        ("AKIAALICE", True),
        ("AKIABOB", True),
        ("Carol", False),
        ("Dave", False),
    ]
