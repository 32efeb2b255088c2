"""Where tokens come from: a service account's key, a user's, or the machine that we run on.

Each class here fetches one token; :class:`~bleepstore.storage.remote.tokens.Tokens` says when.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from ...clock import Clock
from ...errors import UpstreamFailed, UpstreamRefused
from ...streams.threads import Threads
from ..remote.client import Answer, Client, Outgoing
from ..remote.tokens import Token
from .key_file import ServiceAccountKey, UserKey

SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME_SECONDS = 3600  # the longest that Google allows for the JWT
_METADATA_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"


@frozen
class ServiceAccount:
    """Signs a JWT and changes it for a token: https://google.aip.dev/auth/4111 and RFC 7523."""

    key: ServiceAccountKey
    client: Client
    threads: Threads
    clock: Clock

    async def fetch(self) -> Token[str]:
        """A new token."""
        now_ms = self.clock.now_ms()
        assertion = await self.threads.run(_signed_jwt, self.key, now_ms // 1000)
        form = {"grant_type": _GRANT, "assertion": assertion}
        answer = await self.client.send(_post(self.key.token_url, form))
        return _token(answer, now_ms, f"service account {self.key.email}")


@frozen
class User:
    """Changes a refresh token for a token: RFC 6749 section 6."""

    key: UserKey
    client: Client
    clock: Clock

    async def fetch(self) -> Token[str]:
        """A new token."""
        now_ms = self.clock.now_ms()
        form = {
            "grant_type": "refresh_token",
            "client_id": self.key.client_id,
            "client_secret": self.key.client_secret,
            "refresh_token": self.key.refresh_token,
        }
        answer = await self.client.send(_post(self.key.token_url, form))
        return _token(answer, now_ms, f"user of client {self.key.client_id}")


@frozen
class Machine:
    """Asks the metadata server, which every machine of Google Cloud has.

    https://cloud.google.com/compute/docs/access/authenticate-workloads
    """

    host: str
    client: Client
    clock: Clock

    async def fetch(self) -> Token[str]:
        """A new token."""
        now_ms = self.clock.now_ms()
        url = f"http://{self.host}{_METADATA_PATH}"
        headers = {"metadata-flavor": "Google"}
        answer = await self.client.send(Outgoing("GET", url, headers, is_idempotent=True))
        if answer.headers.get("metadata-flavor") != "Google":
            raise UpstreamFailed(f"{self.host} is not the metadata server of Google Cloud")
        if answer.status == 404:
            raise UpstreamRefused("this machine has no service account")
        return _token(answer, now_ms, "the machine's service account")


def _post(url: str, form: Mapping[str, str]) -> Outgoing:
    return Outgoing(
        "POST",
        url,
        {"content-type": "application/x-www-form-urlencoded"},
        urlencode(form).encode("ascii"),
        is_idempotent=True,
    )


def _token(answer: Answer, now_ms: int, who: str) -> Token[str]:
    """The token in an answer: RFC 6749 section 5."""
    try:
        given: Any = json.loads(answer.body)
        if answer.status < 300:
            lifetime_ms = int(given["expires_in"]) * 1000
            return Token(str(given["access_token"]), now_ms + lifetime_ms)
        words = f"{given['error']} {given.get('error_description', '')}".rstrip()
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not the body itself: it could hold a token.
        raise UpstreamFailed(
            f"no token for {who}: {answer.status}, without the fields that belong there"
        ) from None
    if answer.status in (400, 401, 403):
        raise UpstreamRefused(f"no token for {who}: {words}")
    raise UpstreamFailed(f"no token for {who}: {answer.status} {words}")


def _signed_jwt(key: ServiceAccountKey, now_seconds: int) -> str:
    """A JWT in compact form, signed with RS256: RFC 7515 section 3.1. Blocks for a millisecond."""
    header = {"alg": "RS256", "typ": "JWT", "kid": key.key_id}
    claims = {
        "iss": key.email,
        "scope": SCOPE,
        "aud": key.token_url,
        "iat": now_seconds,
        "exp": now_seconds + _LIFETIME_SECONDS,
    }
    signed = b".".join(_base64url(json.dumps(each).encode()) for each in (header, claims))
    signature = key.private_key.sign(signed, PKCS1v15(), SHA256())
    return b".".join([signed, _base64url(signature)]).decode("ascii")


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
