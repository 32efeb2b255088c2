"""Credentials that a container or an instance is given by whoever runs it.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from ...clock import parse_iso8601
from ...config.gateways import UpstreamSection
from ...config.model import is_loopback
from ...errors import UpstreamFailed, UpstreamRefused
from ...streams.threads import Threads
from ..remote.client import Answer, Client, Outgoing

_CONTAINER = "http://169.254.170.2"
_INSTANCE = "http://169.254.169.254"
_ROLES = "/latest/meta-data/iam/security-credentials/"
_TOKEN_SECONDS = 6 * 60 * 60
# Of ECS and EKS. Besides these hosts and this one only HTTPS may be asked: the answer is a secret.
_CONTAINERS_HOSTS = frozenset(["169.254.170.2", "169.254.170.23"])


@frozen
class Given:
    """Credentials as they were given; ``expires_ms`` is None for some that do not end."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires_ms: int | None


class MetadataService:
    """Asks the service of the container if there is one, else that of the instance.

    Args:
        environment: says which of them there is.
        threads: where files are read.
    """

    def __init__(
        self,
        reactor: Any,
        section: UpstreamSection,
        environment: Mapping[str, str],
        threads: Threads,
    ) -> None:
        self._environment = environment
        self._threads = threads
        # It is on this machine or there is none: nobody should wait for it.
        near = evolve(section, connect_timeout_seconds=1.0, silence_timeout_seconds=5.0, attempts=3)
        self._client = Client(reactor, near, "the metadata service", _as_it_is)

    async def stop(self) -> None:
        await self._client.stop()

    @property
    def is_there(self) -> bool:
        """Whether it is worth asking."""
        is_off = self._environment.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"
        return self._container_url() is not None or not is_off

    @property
    def place(self) -> str:
        """Whose credentials they are, for an operator."""
        has_container = self._container_url() is not None
        return "the role of the container" if has_container else "the role of the instance"

    async def fetch(self) -> Given:
        """Credentials that are good for a while.

        Raises:
            UpstreamRefused: there is no role.
            UpstreamFailed: nobody answers, or not with credentials.
        """
        url = self._container_url()
        if url is not None:
            return await self._fetch_from_container(url)
        return await self._fetch_from_instance()

    def _container_url(self) -> str | None:
        relative = self._environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        if relative:
            return _CONTAINER + relative
        return self._environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") or None

    async def _fetch_from_container(self, url: str) -> Given:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_near = is_loopback(host) or host in _CONTAINERS_HOSTS
        if parts.scheme != "https" and not is_near:
            raise UpstreamRefused(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI has to be https, or an address of this machine"
            )
        return _read(await self._get(url, await self._container_headers()))

    async def _container_headers(self) -> dict[str, str]:
        path = self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        token = self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        if path:
            token = (await self._threads.run(Path(path).read_text)).strip()
        return {"authorization": token} if token else {}

    async def _fetch_from_instance(self) -> Given:
        base = self._environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _INSTANCE
        base = base.rstrip("/")
        wish = {"x-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
        put = Outgoing("PUT", f"{base}/latest/api/token", wish, is_idempotent=True)
        token = _success(await self._client.send(put)).body.decode("latin-1")
        headers = {"x-aws-ec2-metadata-token": token}
        roles = _success(await self._get(base + _ROLES, headers)).body.decode("latin-1").split()
        if not roles:
            raise UpstreamRefused("the instance has no role")
        return _read(await self._get(base + _ROLES + roles[0], headers))

    async def _get(self, url: str, headers: Mapping[str, str]) -> Answer:
        return await self._client.send(Outgoing("GET", url, headers, is_idempotent=True))


async def _as_it_is(outgoing: Outgoing) -> Outgoing:
    return outgoing


def _success(answer: Answer) -> Answer:
    if answer.status != 200:
        raise UpstreamRefused(
            f"the metadata service has no credentials for us ({answer.status}): check the role"
        )
    return answer


def _read(answer: Answer) -> Given:
    try:
        given = json.loads(_success(answer).body)
        expiration = given.get("Expiration")
        return Given(
            str(given["AccessKeyId"]),
            str(given["SecretAccessKey"]),
            str(given.get("Token") or ""),
            None if expiration is None else parse_iso8601(expiration),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        # The cause would quote the answer.
        raise UpstreamFailed("the metadata service has not answered with credentials") from None
