"""Where the container is and who we are there: what settings and environment may say."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bleepstore.config.gateways import AzureSection
from bleepstore.errors import ConfigError
from bleepstore.storage.azure.access import Access, KeyAccess, SasAccess
from bleepstore.storage.azure.account import Account, find_account
from bleepstore.storage.azure.identity import find_source
from tests.upstreams import azure

KEY = base64.b64encode(b"secret key").decode()
SAS = "sv=2021-12-02&sp=r&sig=secret%20signature"
STRING = f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={KEY}"
IDENTITY = SasAccess("sig=identity")


def found(environment: dict[str, str] | None = None, **settings: Any) -> Account:
    def identify() -> Access:
        return IDENTITY

    section = AzureSection(**{"container": "c", **settings})
    return find_account(section, environment or {}, identify)


def access_of(account: Account) -> tuple[Any, ...]:
    access = account.access
    if isinstance(access, KeyAccess):
        return (access.account, access.key)
    assert isinstance(access, SasAccess)
    return (access.token,)


ACME = "https://acme.blob.core.windows.net"
WITH_KEY = ("acme", b"secret key")


@pytest.mark.parametrize(
    ("settings", "environment", "endpoint", "access"),
    [
        ({"account": "acme", "account_key": KEY}, {}, ACME, WITH_KEY),
        ({"account": "acme", "sas_token": "?" + SAS}, {}, ACME, (SAS,)),
        ({"account": "acme", "use_managed_identity": True}, {}, ACME, (IDENTITY.token,)),
        ({"sas_token": SAS, "endpoint_url": "https://h/"}, {}, "https://h", (SAS,)),
        ({"connection_string": STRING}, {}, ACME, WITH_KEY),
        ({"connection_string": STRING + ";"}, {}, ACME, WITH_KEY),
        (
            {"connection_string": STRING + ";EndpointSuffix=core.chinacloudapi.cn"},
            {},
            "https://acme.blob.core.chinacloudapi.cn",
            WITH_KEY,
        ),
        (
            {"connection_string": f"BlobEndpoint=https://h/p/;SharedAccessSignature={SAS}"},
            {},
            "https://h/p",
            (SAS,),
        ),
        (
            {"connection_string": STRING, "endpoint_url": "http://proxy:8080"},
            {},
            "http://proxy:8080",
            WITH_KEY,
        ),
        (
            {"connection_string": "UseDevelopmentStorage=true"},
            {},
            "http://127.0.0.1:10000/devstoreaccount1",
            (azure.ACCOUNT, base64.b64decode(azure.KEY)),
        ),
        ({}, {"AZURE_STORAGE_ACCOUNT": "acme", "AZURE_STORAGE_KEY": KEY}, ACME, WITH_KEY),
        ({}, {"AZURE_STORAGE_ACCOUNT": "acme", "AZURE_STORAGE_SAS_TOKEN": SAS}, ACME, (SAS,)),
        (
            {},
            {"AZURE_STORAGE_CONNECTION_STRING": STRING, "AZURE_STORAGE_KEY": "other"},
            ACME,
            WITH_KEY,
        ),
        ({"account": "acme", "account_key": KEY}, {"AZURE_STORAGE_KEY": "other"}, ACME, WITH_KEY),
    ],
)
def test_each_way_is_understood(
    settings: dict[str, Any], environment: dict[str, str], endpoint: str, access: tuple[Any, ...]
) -> None:
    account = found(environment, **settings)
    assert account.endpoint == endpoint
    assert access_of(account) == access
    assert "secret" not in repr(account)


@pytest.mark.parametrize(
    ("settings", "environment", "key"),
    [
        ({"container": None, "connection_string": STRING}, {}, "storage.azure.container"),
        ({}, {}, "storage.azure"),
        ({"account_key": KEY}, {}, "storage.azure.account"),
        ({"account": "acme", "account_key": "not base64"}, {}, "storage.azure.account_key"),
        ({"account": "acme", "sas_token": "https://x/y"}, {}, "storage.azure.sas_token"),
        ({"account": "acme", "sas_token": "sig=a b"}, {}, "storage.azure.sas_token"),
        ({"sas_token": SAS}, {}, "storage.azure.account"),
        ({"use_managed_identity": True}, {}, "storage.azure.account"),
        (
            {"account": "a", "account_key": KEY, "sas_token": SAS},
            {},
            "storage.azure.sas_token",
        ),
        (
            {"connection_string": STRING, "use_managed_identity": True},
            {},
            "storage.azure.use_managed_identity",
        ),
        ({"connection_string": STRING, "account": "b"}, {}, "storage.azure.account"),
        ({"connection_string": "nonsense"}, {}, "storage.azure.connection_string"),
        ({"connection_string": "AccountName=a"}, {}, "storage.azure.connection_string"),
        (
            {"account": "acme", "account_key": KEY, "endpoint_url": "ftp://h"},
            {},
            "storage.azure.endpoint_url",
        ),
        (
            {"use_managed_identity": True, "endpoint_url": "http://h"},
            {},
            "storage.azure.endpoint_url",
        ),
        (
            {"account": "acme"},
            {"AZURE_STORAGE_KEY": "not base64"},
            "AZURE_STORAGE_KEY",
        ),
    ],
)
def test_what_is_wrong_is_named_but_not_shown(
    settings: dict[str, Any], environment: dict[str, str], key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        found(environment, **settings)
    assert caught.value.key_path == key
    for secret in (KEY, SAS, "nonsense", "not base64"):
        assert secret not in str(caught.value)


def test_tokens_are_asked_for_where_the_machine_says() -> None:
    machine = find_source({})
    assert machine.url == (
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
        "&resource=https%3A%2F%2Fstorage.azure.com%2F"
    )
    assert machine.headers == {"metadata": "true"}
    app = find_source(
        {
            "IDENTITY_ENDPOINT": "http://127.0.0.1:41741/msi/token",
            "IDENTITY_HEADER": "secret",
            "AZURE_CLIENT_ID": "one of several",
        }
    )
    assert app.url == (
        "http://127.0.0.1:41741/msi/token?api-version=2019-08-01"
        "&resource=https%3A%2F%2Fstorage.azure.com%2F&client_id=one%20of%20several"
    )
    assert app.headers == {"x-identity-header": "secret"}
    assert "secret" not in repr(app)
