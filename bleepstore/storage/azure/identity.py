"""Tokens of the identity that Azure gives to a machine, an app or a container.

https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from attrs import field, frozen

from ...errors import UpstreamFailed, UpstreamRefused
from ..remote.client import Answer, Client, Outgoing
from ..remote.tokens import Token
from .names import parameters

_MACHINE = "http://169.254.169.254/metadata/identity/oauth2/token"
_RESOURCE = "https://storage.azure.com/"


@frozen
class TokenSource:
    """Where tokens are to be had.

    Attributes:
        headers: they may hold a secret of the machine's.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)


def find_source(environment: Mapping[str, str]) -> TokenSource:
    """Where this machine has its tokens: as App Service and containers say, or a virtual machine.

    ``AZURE_CLIENT_ID`` chooses among several identities.
    """
    client_id = environment.get("AZURE_CLIENT_ID")
    chosen = {"client_id": client_id} if client_id else {}
    endpoint = environment.get("IDENTITY_ENDPOINT")
    if endpoint:
        secret = environment.get("IDENTITY_HEADER", "")
        version, headers = "2019-08-01", {"x-identity-header": secret}
    else:
        endpoint, version, headers = _MACHINE, "2018-02-01", {"metadata": "true"}
    query = parameters(**{"api-version": version, "resource": _RESOURCE}, **chosen)
    return TokenSource(f"{endpoint}?{query}", headers)


async def fetch_token(client: Client, source: TokenSource) -> Token[str]:
    """A new token.

    Args:
        client: one that adds nothing to requests.

    Raises:
        UpstreamRefused: the machine has no such identity.
        UpstreamFailed: nobody answers, or not with a token.
    """
    outgoing = Outgoing("GET", source.url, source.headers, is_idempotent=True)
    return _read(await client.send(outgoing))


def _read(answer: Answer) -> Token[str]:
    if answer.status != 200:
        raise UpstreamRefused(
            f"no token for the identity of this machine ({answer.status}): check that it has one, "
            "and AZURE_CLIENT_ID if it has several"
        )
    try:
        fields = json.loads(answer.body)
        return Token(str(fields["access_token"]), int(fields["expires_on"]) * 1000)
    except (ValueError, TypeError, KeyError):
        raise UpstreamFailed("what gives out tokens has answered something else") from None
