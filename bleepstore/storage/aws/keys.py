"""Who we are to S3, and where that is to be found: the chain that all of Amazon's tools know.

The configuration, the environment, the shared credentials file, the container, the instance: the
first one that has something is used. Web identities (``AWS_WEB_IDENTITY_TOKEN_FILE``) and single
sign-on are not among them.

https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

import configparser
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import field, frozen

from ...clock import Clock
from ...config.gateways import AwsSection, UpstreamSection
from ...errors import ConfigError, UpstreamRefused
from ...streams.threads import Threads
from ..remote.tokens import Token, Tokens
from .metadata_service import MetadataService
from .place import setting

_FOR_EVER_MS = 2**53
_FILE = "AWS_SHARED_CREDENTIALS_FILE"
_PROFILE = "AWS_PROFILE"


@frozen
class Keys:
    """An access key; one that ends has a session token."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


Fetch = Callable[[], Awaitable[Token[Keys]]]


class KeyChain:
    """Finds keys where the first place that has some says that they are.

    Args:
        environment: of the process.
        threads: where files are read.
    """

    def __init__(
        self,
        reactor: Any,
        section: AwsSection,
        upstream: UpstreamSection,
        environment: Mapping[str, str],
        threads: Threads,
    ) -> None:
        self._section = section
        self._environment = environment
        self._threads = threads
        self._service = MetadataService(reactor, upstream, environment, threads)
        self._clock = Clock()

    async def stop(self) -> None:
        await self._service.stop()

    async def find(self) -> tuple[Tokens[Keys], str]:
        """The keys, and the place that an operator has to look at if they are not accepted.

        Raises:
            ConfigError: there are none, or half of some.
        """
        fetch, place = await self._find()
        return Tokens(fetch, self._clock), place

    async def _find(self) -> tuple[Fetch, str]:
        if (keys := self._configured()) is not None:
            return _always(keys), "storage.aws.access_key_id"
        if (keys := self._exported()) is not None:
            return _always(keys), "AWS_ACCESS_KEY_ID in the environment"
        path = self._file()
        if await self._threads.run(_read_file, path, self._profile) is not None:
            return partial(self._from_file, path), str(path)
        if self._environment.get(_FILE) or self._environment.get(_PROFILE):
            raise ConfigError(str(path), self._profile, "expected a profile with an access key")
        if self._service.is_there:
            return self._from_service, self._service.place
        raise setting(
            "access_key_id",
            "expected an access key here, in AWS_ACCESS_KEY_ID, or in ~/.aws/credentials",
        )

    def _configured(self) -> Keys | None:
        access_key, secret_key = self._section.access_key_id, self._section.secret_access_key
        if not access_key and not secret_key:
            return None
        if not access_key or not secret_key:
            lacking = "secret_access_key" if access_key else "access_key_id"
            raise setting(lacking, "expected it, because its other half is set")
        return Keys(access_key, secret_key)

    def _exported(self) -> Keys | None:
        return _keys(lambda name: self._environment.get(name.upper()))

    def _file(self) -> Path:
        return Path(self._environment.get(_FILE) or "~/.aws/credentials").expanduser()

    @property
    def _profile(self) -> str:
        return self._environment.get(_PROFILE) or "default"

    async def _from_file(self, path: Path) -> Token[Keys]:
        """Read anew when the keys are refused: tools put fresh ones there."""
        keys = await self._threads.run(_read_file, path, self._profile)
        if keys is None:
            raise UpstreamRefused(f"{path} has no access key for the profile {self._profile}")
        return Token(keys, _FOR_EVER_MS)

    async def _from_service(self) -> Token[Keys]:
        given = await self._service.fetch()
        keys = Keys(given.access_key, given.secret_key, given.session_token)
        return Token(keys, _FOR_EVER_MS if given.expires_ms is None else given.expires_ms)


def _always(keys: Keys) -> Fetch:
    async def fetch() -> Token[Keys]:
        return Token(keys, _FOR_EVER_MS)

    return fetch


def _read_file(path: Path, profile: str) -> Keys | None:
    """The keys of a profile; None if there is no such file, profile, or key in it.

    Raises:
        ConfigError: the file cannot be read.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError, configparser.Error):
        expected = "expected a credentials file that can be read"
        raise ConfigError(str(path), "", expected) from None  # the cause may quote a secret
    if not parser.has_section(profile):
        return None
    return _keys(parser[profile].get)


def _keys(get: Callable[[str], str | None]) -> Keys | None:
    access_key, secret_key = get("aws_access_key_id"), get("aws_secret_access_key")
    if not access_key or not secret_key:
        return None
    return Keys(access_key, secret_key, get("aws_session_token") or "")
