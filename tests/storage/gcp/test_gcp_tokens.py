"""Who a gateway is to Google, against a small token server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_twisted
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from google.auth import jwt
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.task import deferLater

from bleepstore.config.gateways import GcpSection, UpstreamSection
from bleepstore.errors import BlobMissing, ConfigError, UpstreamRefused
from bleepstore.storage.gcp.upstream import GcpUpstream
from bleepstore.streams.threads import Threads
from tests.storage.backing import means
from tests.storage.remote.misbehaving import Act, Misbehaving, resets, says, stalls

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
SECTION = UpstreamSection(attempts=2, max_backoff_seconds=0.01, silence_timeout_seconds=5)
EMAIL = "gateway@project.iam.gserviceaccount.com"
NOT_FOUND = says(404, b"No such object: b/a")


@pytest_twisted.async_yield_fixture
async def google() -> AsyncIterator[Misbehaving]:
    """Both the storage and the token server."""
    async with Misbehaving() as started:
        yield started


def token(value: str, seconds: int = 3600) -> Act:
    answer = {"access_token": value, "expires_in": seconds, "token_type": "Bearer"}
    return says(200, json.dumps(answer).encode(), "Metadata-Flavor: Google")


def written(folder: Path, **content: Any) -> Path:
    path = folder / "key.json"
    path.write_text(json.dumps(content))
    return path


def service_account(google: Misbehaving, folder: Path, **changes: Any) -> Path:
    content = {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key_id": "key-1",
        "private_key": PEM,
        "token_uri": google.url + "/token",
    }
    return written(folder, **{**content, **changes})


def opened(
    google: Misbehaving,
    threads: Threads,
    key_file: Path | None,
    environment: dict[str, str] | None = None,
    endpoint: str | None = None,
) -> GcpUpstream:
    url = google.url if endpoint is None else endpoint
    section = GcpSection(bucket="b", credentials_file=key_file, endpoint_url=url)
    return GcpUpstream(section, SECTION, means(threads, Path()), environment or {})


def bearers(google: Misbehaving) -> list[str]:
    """The tokens of all requests that have one."""
    lines = [line for request in google.requests for line in request.split(b"\r\n")]
    found = [line for line in lines if line.lower().startswith(b"authorization: bearer ")]
    return [line.split(b" ")[2].decode() for line in found]


async def with_a_late_token(upstream: GcpUpstream) -> GcpUpstream:
    """One that has a token that ends so soon that the next request fetches another one."""
    await upstream._credentials.start()
    await deferLater(reactor, 0.01)
    return upstream


async def refused(upstream: GcpUpstream) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        await upstream.start()
    await upstream.stop()
    assert PEM.split("\n")[1] not in str(caught.value)
    return caught.value


@pytest_twisted.ensureDeferred
async def test_a_service_account_signs_for_its_tokens(
    google: Misbehaving, threads: Threads, tmp_path: Path
) -> None:
    google.acts = [token("one"), says(200, b"{}"), NOT_FOUND, NOT_FOUND]
    upstream = opened(google, threads, service_account(google, tmp_path))
    await upstream.start()
    for _ in range(2):
        await upstream.look("a")
    assert bearers(google) == ["one"] * 3
    form = parse_qs(google.requests[0].partition(b"\r\n\r\n")[2].decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    claims = jwt.decode(
        form["assertion"][0], certs={"key-1": PUBLIC}, audience=google.url + "/token"
    )
    assert claims["iss"] == EMAIL
    assert claims["scope"] == "https://www.googleapis.com/auth/devstorage.read_write"
    await upstream.stop()


@pytest_twisted.ensureDeferred
async def test_a_token_is_renewed_before_it_ends_and_once_for_all(
    google: Misbehaving, threads: Threads, tmp_path: Path
) -> None:
    google.acts = [token("one", 200), token("two")]
    google.otherwise = NOT_FOUND
    upstream = await with_a_late_token(opened(google, threads, service_account(google, tmp_path)))
    await gatherResults([Deferred.fromCoroutine(upstream.look("a")) for _ in range(10)])
    assert bearers(google) == ["two"] * 10
    await upstream.stop()


@pytest_twisted.ensureDeferred
async def test_a_token_that_still_holds_is_used_while_there_is_no_new_one(
    google: Misbehaving, threads: Threads, tmp_path: Path
) -> None:
    google.acts = [token("one", 200), says(500), resets, NOT_FOUND, NOT_FOUND]
    upstream = await with_a_late_token(opened(google, threads, service_account(google, tmp_path)))
    for _ in range(2):
        await upstream.look("a")
    assert bearers(google) == ["one"] * 2
    await upstream.stop()


@pytest_twisted.ensureDeferred
async def test_a_refused_token_is_replaced_once(
    google: Misbehaving, threads: Threads, tmp_path: Path
) -> None:
    google.acts = [token("one"), says(200, b"{}"), says(401), token("two"), NOT_FOUND]
    google.acts += [says(401), token("three"), says(401, b"Invalid Credentials")]
    google.acts += [says(401), token("four"), NOT_FOUND]
    upstream = opened(google, threads, service_account(google, tmp_path))
    await upstream.start()
    assert await upstream.look("a") is None
    with pytest.raises(UpstreamRefused, match="Invalid Credentials"):
        await upstream.look("a")
    with pytest.raises(BlobMissing):
        await upstream.open("a", None, 0, 1)
    assert bearers(google) == ["one", "one", "two", "two", "three", "three", "four"]
    await upstream.stop()


@pytest_twisted.ensureDeferred
async def test_who_leaves_while_a_token_is_fetched_takes_it_from_nobody(
    google: Misbehaving, threads: Threads, tmp_path: Path
) -> None:
    google.acts = [token("one", 200), stalls, token("two"), NOT_FOUND]
    upstream = await with_a_late_token(opened(google, threads, service_account(google, tmp_path)))
    leaving = Deferred.fromCoroutine(upstream.look("a"))
    staying = Deferred.fromCoroutine(upstream.look("a"))
    while len(google.requests) < 2:
        await deferLater(reactor, 0.01)
    leaving.cancel()
    with pytest.raises(CancelledError):
        await leaving
    assert await staying is None
    assert bearers(google) == ["two"]
    await upstream.stop()


@pytest_twisted.ensureDeferred
async def test_a_user_lends_tokens(google: Misbehaving, threads: Threads, tmp_path: Path) -> None:
    google.acts = [token("one"), says(200, b"{}")]
    content = {"client_id": "id", "client_secret": "secret", "refresh_token": "refresh"}
    url = google.url + "/token"
    key_file = written(tmp_path, type="authorized_user", token_uri=url, **content)
    upstream = opened(google, threads, key_file)
    await upstream.start()
    form = parse_qs(google.requests[0].partition(b"\r\n\r\n")[2].decode())
    assert form == {name: [value] for name, value in content.items()} | {
        "grant_type": ["refresh_token"]
    }
    assert bearers(google) == ["one"]
    await upstream.stop()


@pytest_twisted.ensureDeferred
async def test_a_machine_has_an_account(google: Misbehaving, threads: Threads) -> None:
    google.acts = [token("one")]
    host = google.url.removeprefix("http://")
    endpoint = "https://storage.example.com"
    upstream = opened(google, threads, None, {"GCE_METADATA_HOST": host}, endpoint)
    await upstream._credentials.start()
    assert upstream._credentials.token == "one"
    assert b"metadata-flavor: google" in google.requests[0].lower()
    assert google.targets == [b"/computeMetadata/v1/instance/service-accounts/default/token"]
    await upstream.stop()


@pytest.mark.parametrize(
    "act", [resets, says(200, b"{}"), says(404, b"", "Metadata-Flavor: Google")]
)
@pytest_twisted.ensureDeferred
async def test_without_any_account_it_says_what_to_do(
    google: Misbehaving, threads: Threads, act: Act
) -> None:
    google.otherwise = act
    host = google.url.removeprefix("http://")
    endpoint = "https://storage.example.com"
    error = await refused(opened(google, threads, None, {"GCE_METADATA_HOST": host}, endpoint))
    assert error.key_path == "storage.gcp.credentials_file"


@pytest_twisted.ensureDeferred
async def test_an_emulator_is_shown_no_token(google: Misbehaving, threads: Threads) -> None:
    google.acts = [says(200, b"{}")]
    upstream = opened(google, threads, None, {"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere"})
    await upstream.start()
    assert bearers(google) == []
    await upstream.stop()


@pytest_twisted.ensureDeferred
async def test_a_key_that_google_does_not_know_is_named(
    google: Misbehaving, threads: Threads, tmp_path: Path
) -> None:
    said = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    google.acts = [says(400, json.dumps(said).encode())]
    error = await refused(opened(google, threads, service_account(google, tmp_path)))
    assert error.key_path == "storage.gcp.credentials_file"
    assert EMAIL in str(error)
    assert "Invalid JWT Signature" in str(error)


@pytest_twisted.ensureDeferred
async def test_a_right_that_lacks_is_named(
    google: Misbehaving, threads: Threads, tmp_path: Path
) -> None:
    said = {"error": {"message": f"{EMAIL} does not have storage.objects.list access"}}
    google.acts = [token("one"), says(403, json.dumps(said).encode())]
    error = await refused(opened(google, threads, service_account(google, tmp_path)))
    assert "storage.objects.list" in str(error)
    assert "roles/storage.objectUser" in str(error)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "external_account"}, "not supported"),
        ({"type": None}, "not supported"),
        ({"private_key": "nonsense"}, "not complete"),
        ({"private_key": 7}, "not complete"),
        ({"client_email": None}, "not complete"),
        ({"type": "authorized_user"}, "not complete"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_a_wrong_key_file_is_explained(
    google: Misbehaving, threads: Threads, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    key_file = service_account(google, tmp_path, **changes)
    error = await refused(opened(google, threads, key_file))
    assert error.key_path == "storage.gcp.credentials_file"
    assert words in str(error)
    assert str(key_file) in str(error)


@pytest.mark.parametrize("content", [None, "", "no JSON", "[]"])
@pytest_twisted.ensureDeferred
async def test_a_file_that_the_environment_names_is_blamed_on_it(
    google: Misbehaving, threads: Threads, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "named.json"
    if content is not None:
        path.write_text(content)
    environment = {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}
    error = await refused(opened(google, threads, None, environment, "https://storage.example.com"))
    assert (error.source, error.key_path) == ("environment", "GOOGLE_APPLICATION_CREDENTIALS")
    assert str(path) in str(error)
