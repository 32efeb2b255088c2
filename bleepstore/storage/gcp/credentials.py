"""Finds out who we are to Google."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve

from ...clock import Clock
from ...config.gateways import GcpSection, UpstreamSection
from ...errors import ConfigError, UpstreamFailed, UpstreamRefused
from ...streams.threads import Threads
from ..remote.client import Client, Outgoing
from ..remote.tokens import Tokens
from .accounts import Machine, ServiceAccount, User
from .key_file import Place, ServiceAccountKey, read_key_file

_CONFIGURED = Place("configuration", "storage.gcp.credentials_file")
_NAMED = Place("environment", "GOOGLE_APPLICATION_CREDENTIALS")
# The metadata server is next to us or not there at all.
_METADATA_ATTEMPTS = 3
_METADATA_CONNECT_SECONDS = 3.0


class Credentials:
    """What each request carries; nothing at all for an emulator.

    In this order: the configured key file; nothing for an address with ``http``, where a token
    would be readable by everybody; the key file that the environment names; the machine's account.

    Args:
        environment: usually ``os.environ``.
    """

    def __init__(
        self,
        section: GcpSection,
        upstream: UpstreamSection,
        reactor: Any,
        threads: Threads,
        environment: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self._section = section
        self._reactor = reactor
        self._upstream = upstream
        self._threads = threads
        self._environment = environment
        self._clock = clock
        self._client: Client | None = None
        self._tokens: Tokens[str] | None = None
        self._place: Place | None = None

    async def start(self) -> None:
        """Find the account and fetch its first token.

        Raises:
            ConfigError: there is none, or it is not accepted.
        """
        await self._find()
        if self._tokens is None:
            return
        try:
            await self._tokens.current()
        except UpstreamRefused as error:
            raise (self._place or _CONFIGURED).error(error.problem) from error
        except UpstreamFailed as error:
            if self._place is not None:
                raise
            raise self._nothing_found(error) from error

    async def stop(self) -> None:
        """Close the connections to where tokens come from."""
        client, self._client = self._client, None
        if client is not None:
            await client.stop()

    async def authorize(self, outgoing: Outgoing) -> Outgoing:
        """The request with a token."""
        if self._tokens is None:
            return outgoing
        token = await self._tokens.current()
        return evolve(outgoing, headers={**outgoing.headers, "authorization": f"Bearer {token}"})

    @property
    def token(self) -> str | None:
        """The one that requests carry now."""
        return self._tokens.value if self._tokens else None

    def forget(self, token: str | None) -> bool:
        """This token was refused; answer whether there is any sense in trying with another one."""
        if self._tokens is None:
            return False
        self._tokens.forget(token)
        return True

    async def _find(self) -> None:
        named = self._environment.get(_NAMED.key_path)
        if self._section.credentials_file is not None:
            await self._use_key_file(self._section.credentials_file, _CONFIGURED)
        elif (self._section.endpoint_url or "").startswith("http://"):
            self._tokens = None
        elif named:
            await self._use_key_file(Path(named), _NAMED)
        else:
            self._use_machine()

    async def _use_key_file(self, path: Path, place: Place) -> None:
        key = await self._threads.run(read_key_file, path, place)
        client = self._open_client(self._upstream)
        self._place = place
        if isinstance(key, ServiceAccountKey):
            fetch = ServiceAccount(key, client, self._threads, self._clock).fetch
        else:
            fetch = User(key, client, self._clock).fetch
        self._tokens = Tokens(fetch, self._clock)

    def _use_machine(self) -> None:
        connect_seconds = min(self._upstream.connect_timeout_seconds, _METADATA_CONNECT_SECONDS)
        upstream = evolve(
            self._upstream,
            attempts=min(self._upstream.attempts, _METADATA_ATTEMPTS),
            connect_timeout_seconds=connect_seconds,
        )
        host = self._environment.get("GCE_METADATA_HOST") or "metadata.google.internal"
        self._tokens = Tokens(
            Machine(host, self._open_client(upstream), self._clock).fetch, self._clock
        )

    def _open_client(self, upstream: UpstreamSection) -> Client:
        self._client = Client(self._reactor, upstream, "Google's token server", _as_it_is)
        return self._client

    def _nothing_found(self, error: UpstreamFailed) -> ConfigError:
        return _CONFIGURED.error(
            f"no credentials for Google Cloud: give the key file of a service account here or in "
            f"{_NAMED.key_path}, or run on a machine that has one ({error.problem})"
        )


async def _as_it_is(outgoing: Outgoing) -> Outgoing:
    return outgoing
