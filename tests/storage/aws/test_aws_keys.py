"""Where credentials come from."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor

from bleepstore.config.gateways import AwsSection, UpstreamSection
from bleepstore.errors import ConfigError, UpstreamFailed, UpstreamRefused
from bleepstore.storage.aws.keys import KeyChain, Keys
from bleepstore.streams.threads import Threads
from tests.storage.remote.misbehaving import Misbehaving, says

EXPORTED = {"AWS_ACCESS_KEY_ID": "exported", "AWS_SECRET_ACCESS_KEY": "secret"}
FILE = """
[default]
aws_access_key_id = filed
aws_secret_access_key = se%cret

[temporary]
aws_access_key_id = temporary
aws_secret_access_key = secret
aws_session_token = token

[profile without-keys]
region = eu-west-1
"""
GIVEN = json.dumps(
    {
        "Code": "Success",
        "AccessKeyId": "given",
        "SecretAccessKey": "secret",
        "Token": "token",
        "Expiration": "2100-01-01T00:00:00Z",
    }
).encode()

MakeChain = Callable[..., KeyChain]


@pytest_twisted.async_yield_fixture
async def chain(threads: Threads, tmp_path: Path) -> AsyncIterator[MakeChain]:
    made: list[KeyChain] = []

    def make(environment: dict[str, str], **settings: Any) -> KeyChain:
        given = {
            "AWS_SHARED_CREDENTIALS_FILE": "",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(tmp_path),
            **environment,
        }
        section = AwsSection(bucket="bucket", **settings)
        upstream = UpstreamSection(attempts=1)
        made.append(KeyChain(reactor, section, upstream, given, threads))
        return made[-1]

    yield make
    for each in made:
        await each.stop()


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest_twisted.async_yield_fixture
async def service() -> AsyncIterator[Misbehaving]:
    async with Misbehaving(otherwise=says(404)) as started:
        yield started


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / ".aws" / "credentials"
    path.parent.mkdir()
    path.write_text(FILE)
    return path


def write(path: Path, text: str) -> None:
    path.write_text(text)


async def found(chain: KeyChain) -> Keys:
    tokens, _ = await chain.find()
    return await tokens.current()


@pytest_twisted.ensureDeferred
async def test_the_configuration_comes_first(chain: MakeChain, file: Path) -> None:
    keys = await found(chain(EXPORTED, access_key_id="configured", secret_access_key="secret"))
    assert keys == Keys("configured", "secret")


@pytest_twisted.ensureDeferred
async def test_the_environment_comes_next(chain: MakeChain, file: Path) -> None:
    assert await found(chain(EXPORTED)) == Keys("exported", "secret")
    with_token = {**EXPORTED, "AWS_SESSION_TOKEN": "token"}
    assert await found(chain(with_token)) == Keys("exported", "secret", "token")


@pytest_twisted.ensureDeferred
async def test_then_the_shared_file(chain: MakeChain, file: Path, tmp_path: Path) -> None:
    assert await found(chain({})) == Keys("filed", "se%cret")
    temporary = {"AWS_PROFILE": "temporary"}
    assert await found(chain(temporary)) == Keys("temporary", "secret", "token")
    write(tmp_path / "elsewhere", FILE.replace("filed", "elsewhere"))
    named = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "elsewhere")}
    assert await found(chain(named)) == Keys("elsewhere", "se%cret")


@pytest_twisted.ensureDeferred
async def test_fresh_keys_in_the_file_are_found(chain: MakeChain, file: Path) -> None:
    tokens, place = await chain({}).find()
    old = await tokens.current()
    write(file, FILE.replace("filed", "fresh"))
    assert await tokens.current() == old
    tokens.forget(old)
    assert (await tokens.current()).access_key == "fresh"
    assert place == str(file)


@pytest.mark.parametrize(
    ("environment", "settings", "key"),
    [
        ({}, {}, "storage.aws.access_key_id"),
        ({}, {"access_key_id": "a"}, "storage.aws.secret_access_key"),
        ({}, {"secret_access_key": "s"}, "storage.aws.access_key_id"),
        ({"AWS_PROFILE": "nobody"}, {}, "nobody"),
        ({"AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}, {}, "default"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_what_is_missing_is_named(
    chain: MakeChain, environment: dict[str, str], settings: dict[str, str], key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        await chain(environment, **settings).find()
    assert caught.value.key_path == key


@pytest_twisted.ensureDeferred
async def test_a_file_that_is_none_is_not_quoted(chain: MakeChain, file: Path) -> None:
    write(file, "secret without a section")
    with pytest.raises(ConfigError) as caught:
        await chain({}).find()
    assert "secret without" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest_twisted.ensureDeferred
async def test_a_container_is_given_keys(
    chain: MakeChain, service: Misbehaving, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("from a file\n")
    environment = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{service.url}/keys",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
    }
    service.acts = [says(200, GIVEN)]
    assert await found(chain(environment)) == Keys("given", "secret", "token")
    assert service.targets == [b"/keys"]
    assert b"authorization: from a file\r\n" in service.requests[0].lower()


@pytest_twisted.ensureDeferred
async def test_a_container_does_not_ask_strangers(chain: MakeChain) -> None:
    environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/keys"}
    with pytest.raises(UpstreamRefused, match="https"):
        await found(chain(environment))


@pytest_twisted.ensureDeferred
async def test_an_instance_is_given_keys(chain: MakeChain, service: Misbehaving) -> None:
    environment = {
        "AWS_EC2_METADATA_DISABLED": "",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url,
    }
    service.acts = [says(200, b"imds-token"), says(200, b"the-role\n"), says(200, GIVEN)]
    assert await found(chain(environment)) == Keys("given", "secret", "token")
    assert service.requests[0].startswith(b"PUT /latest/api/token ")
    assert service.targets[2].endswith(b"/security-credentials/the-role")
    assert all(b"imds-token" in request for request in service.requests[1:])


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"Code": "Success"}', b'{"Expiration": 7}'])
@pytest_twisted.ensureDeferred
async def test_nonsense_is_no_key(chain: MakeChain, service: Misbehaving, answer: bytes) -> None:
    environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{service.url}/keys"}
    service.otherwise = says(200, answer)
    with pytest.raises(UpstreamFailed):
        await found(chain(environment))


@pytest_twisted.ensureDeferred
async def test_an_instance_without_a_role_says_so(chain: MakeChain, service: Misbehaving) -> None:
    environment = {
        "AWS_EC2_METADATA_DISABLED": "",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url,
    }
    service.acts = [says(200, b"imds-token")]
    with pytest.raises(UpstreamRefused, match="role"):
        await found(chain(environment))


@pytest_twisted.ensureDeferred
async def test_secrets_are_not_shown(chain: MakeChain) -> None:
    assert "secret" not in repr(await found(chain(EXPORTED)))
