"""The sections of the gateways: where the upstream is, who we are there, and how long to wait."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen

from .kinds import FLAG, PATH, TEXTS, TIMEOUT, integer, text
from .settings import about, checked

_URL = text("a URL such as http://localhost:9000")
_PREFIX = (
    "What the names of all objects upstream begin with, such as store/; they go on with the "
    "bucket's name, a slash, and the key. Default: nothing."
)


@frozen(field_transformer=checked)
class UpstreamSection:
    """``storage.upstream``: what all gateways do alike."""

    connections: int = field(
        default=64,
        metadata=about(
            integer(1, 10_000, expected="a number of connections from 1 on"),
            "Most connections that each process keeps to the upstream at a time.",
        ),
    )
    connect_timeout_seconds: float = field(
        default=10.0, metadata=about(TIMEOUT, "Seconds that connecting may take.")
    )
    silence_timeout_seconds: float = field(
        default=30.0,
        metadata=about(
            TIMEOUT,
            "Seconds for which the upstream may be silent while it owes us something; time during "
            "which our own client holds it back does not count.",
        ),
    )
    copy_timeout_seconds: float = field(
        default=300.0,
        metadata=about(
            TIMEOUT,
            "Seconds for which the upstream may be silent while it copies or completes an object. "
            "What a process that died was showing upstream is left alone for longer than that, "
            "since the upstream may still be at it.",
        ),
    )
    attempts: int = field(
        default=5,
        metadata=about(
            integer(1, 100, expected="a number of attempts from 1 on"),
            "How often a request that is safe to repeat is tried in all.",
        ),
    )
    max_backoff_seconds: float = field(
        default=10.0,
        metadata=about(TIMEOUT, "Longest pause between two attempts; the first ones are short."),
    )
    showing_timeout_seconds: float = field(
        default=20.0,
        metadata=about(
            TIMEOUT,
            "Seconds for which an answer waits until the object stands under its own name "
            "upstream. It is stored safely before that; past this time it is shown afterwards.",
        ),
    )
    bucket_prefixes: tuple[str, ...] = field(
        default=(),
        metadata=about(
            TEXTS,
            "Buckets whose objects have names upstream that begin with a prefix of the bucket's own "
            "and go on with the key, each as BUCKET=PREFIX. The prefix may be empty: then names "
            "upstream are keys, as in a bucket that was there before.",
        ),
    )


@frozen(field_transformer=checked)
class AwsSection:
    """``storage.aws``: a bucket of Amazon S3, or of anything that speaks its protocol."""

    bucket: str | None = field(
        default=None, metadata=about(text("a bucket name"), "Bucket upstream; it has to exist.")
    )
    region: str | None = field(
        default=None,
        metadata=about(
            text("a region name"), "Region of the bucket. Default: AWS_REGION, or us-east-1."
        ),
    )
    prefix: str | None = field(default=None, metadata=about(text("a prefix"), _PREFIX))
    endpoint_url: str | None = field(
        default=None,
        metadata=about(_URL, "Address of the service. Default: that of Amazon S3 in the region."),
    )
    use_path_style: bool = field(
        default=False,
        metadata=about(FLAG, "Whether the bucket stands in the path and not in the host name."),
    )
    access_key_id: str | None = field(
        default=None,
        metadata=about(
            text("an access key id"),
            "Access key. Default: AWS_ACCESS_KEY_ID, the shared credentials file, or the "
            "credentials of the container or the instance.",
        ),
    )
    secret_access_key: str | None = field(
        default=None,
        repr=False,
        metadata=about(text("a secret key", is_secret=True), "The secret of the access key."),
    )


@frozen(field_transformer=checked)
class GcpSection:
    """``storage.gcp``: a bucket of Google Cloud Storage."""

    bucket: str | None = field(
        default=None, metadata=about(text("a bucket name"), "Bucket upstream; it has to exist.")
    )
    project: str | None = field(
        default=None,
        metadata=about(
            text("a project id"), "Project that pays for the requests, if not the bucket's."
        ),
    )
    prefix: str | None = field(default=None, metadata=about(text("a prefix"), _PREFIX))
    credentials_file: Path | None = field(
        default=None,
        metadata=about(
            PATH,
            "Key file of a service account. Default: GOOGLE_APPLICATION_CREDENTIALS, or the "
            "account of the machine.",
        ),
    )
    endpoint_url: str | None = field(
        default=None,
        metadata=about(_URL, "Address of the service. Default: https://storage.googleapis.com."),
    )


@frozen(field_transformer=checked)
class AzureSection:
    """``storage.azure``: a container of Azure Blob Storage."""

    container: str | None = field(
        default=None, metadata=about(text("a container name"), "Container; it has to exist.")
    )
    account: str | None = field(
        default=None,
        metadata=about(text("an account name"), "Storage account. Default: AZURE_STORAGE_ACCOUNT."),
    )
    prefix: str | None = field(default=None, metadata=about(text("a prefix"), _PREFIX))
    connection_string: str | None = field(
        default=None,
        repr=False,
        metadata=about(
            text("a connection string", is_secret=True),
            "Account, key or SAS and address in one text, as the Azure portal shows it. "
            "Default: AZURE_STORAGE_CONNECTION_STRING.",
        ),
    )
    account_key: str | None = field(
        default=None,
        repr=False,
        metadata=about(
            text("an account key", is_secret=True),
            "Key of the account. Default: AZURE_STORAGE_KEY.",
        ),
    )
    sas_token: str | None = field(
        default=None,
        repr=False,
        metadata=about(
            text("a SAS token", is_secret=True),
            "Shared access signature in the place of a key. Default: AZURE_STORAGE_SAS_TOKEN.",
        ),
    )
    use_managed_identity: bool = field(
        default=False,
        metadata=about(FLAG, "Whether to use the identity of the machine in the place of a key."),
    )
    endpoint_url: str | None = field(
        default=None,
        metadata=about(
            _URL,
            "Address of the service, with the account where it stands in the path. Default: "
            "https://ACCOUNT.blob.core.windows.net.",
        ),
    )
