"""The sections of the configuration, one frozen class each.

Each field says what it may be (its :class:`~bleepstore.config.kinds.Kind`) and, in words, what
it does; the loader, the commented file ``etc/bleepstore.yaml`` and the documentation all follow
from that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from attrs import field, frozen

from ..values import Credential, Owner
from .extensions import backend_name, find_backend
from .gateways import AwsSection, AzureSection, GcpSection, UpstreamSection
from .kinds import FLAG, PATH, PORT, SIZE, TEXTS, choice, either, integer, seconds, text
from .layers import Given
from .settings import about, checked, others, section, sections

DEFAULT_ACCESS_KEY = "bleepstore"
DEFAULT_SECRET_KEY = "bleepstore-secret"  # noqa: S105 - documented, and for loopback only

_TIMEOUT = seconds(0.001, expected="a number of seconds above 0")
_DURATION = seconds(0, expected="a number of seconds, 0 or more")
_DAYS = seconds(0.001, expected="a number of days above 0")
_ACCESS_KEY = text("an access key (quote it if it looks like a number)")
_SECRET_KEY = text("a secret key (quote it if it looks like a number)", is_secret=True)


@frozen(field_transformer=checked)
class TlsSection:
    """``server.tls``: HTTPS on a port of its own."""

    port: int | None = field(
        default=None,
        metadata=about(
            PORT, "TCP port for HTTPS, at server.host too; 0 takes any free one. Default: none."
        ),
    )
    certificate: Path | None = field(
        default=None,
        metadata=about(
            PATH,
            "File in PEM with the server's certificate, followed by those between it and the root. "
            "SIGHUP reads it anew.",
        ),
    )
    private_key: Path | None = field(
        default=None,
        metadata=about(
            PATH,
            "File in PEM with the certificate's private key, not encrypted. Default: it is in the "
            "certificate's file.",
        ),
    )


@frozen(field_transformer=checked)
class ServerSection:
    """``server``: where to listen, and what clients may do to a connection."""

    host: str | None = field(
        default=None,
        metadata=about(
            text("a host name or an IP address"),
            "Address to listen on. Default: 0.0.0.0, all IPv4 addresses, if credentials are "
            "configured below; otherwise 127.0.0.1, and no address but a loopback one is allowed.",
        ),
    )
    port: int | None = field(
        default=9000,
        metadata=about(
            either("none", None, PORT),
            "TCP port for HTTP. 0 takes any free one, and the log says which; none: no HTTP, for a "
            "server that only speaks TLS.",
        ),
    )
    endpoints: tuple[str, ...] = field(
        default=(),
        metadata=about(
            TEXTS,
            "Further places to listen at, as server endpoint strings of Twisted, such as "
            "tcp:9001:interface=10.0.0.1 or unix:/run/bleepstore/http.sock.",
        ),
    )
    region: str = field(
        default="us-east-1",
        metadata=about(
            text("a region name"), "Region that clients sign for, and that buckets are in."
        ),
    )
    domain: tuple[str, ...] = field(
        default=(),
        metadata=about(
            TEXTS,
            "Domain, or list of domains, under which bucket names are host names (virtual-hosted "
            "style): with s3.example.com, bucket.s3.example.com is a bucket's address.",
        ),
    )
    public_hosts: tuple[str, ...] = field(
        default=(),
        metadata=about(
            TEXTS,
            "Host names by which clients know the store when a reverse proxy in front of it "
            "changes the Host header: requests signed for one of them are accepted.",
        ),
    )
    workers: int | Literal["auto"] = field(
        default="auto",
        metadata=about(
            either("auto", "auto", integer(1, 1024, expected="a number of processes from 1 on")),
            "Number of processes that serve requests; auto: one for each processor core, and one "
            "for storage.backend: memory. With more than one, a process of their own starts and "
            "watches them.",
        ),
    )
    max_object_size: int = field(
        default=5 * 1024**4,
        metadata=about(
            SIZE,
            "Largest object that is accepted, in bytes or with a unit (KiB, MiB, GiB, TiB). A "
            "request that announces more is refused before its body is sent.",
        ),
    )
    shutdown_timeout: float = field(
        default=30.0,
        metadata=about(
            _DURATION, "Seconds that requests in flight have to finish when the daemon stops."
        ),
    )
    header_timeout_seconds: float = field(
        default=30.0,
        metadata=about(_TIMEOUT, "Seconds that a client has to send a request's header block."),
    )
    idle_timeout_seconds: float = field(
        default=60.0,
        metadata=about(_TIMEOUT, "Seconds that a connection is kept open between requests."),
    )
    body_stall_seconds: float = field(
        default=30.0,
        metadata=about(
            _TIMEOUT, "Seconds over which the rate of an incoming request body is measured."
        ),
    )
    min_body_rate_bytes_per_second: int = field(
        default=1024,
        metadata=about(
            integer(0, expected="a number of bytes per second, 0 or more"),
            "An upload slower than this, in bytes per second, is cut off; 0 allows any rate. "
            "Time during which BleepStore itself holds the client back does not count.",
        ),
    )
    tls: TlsSection = field(
        factory=TlsSection, metadata=section(TlsSection, "HTTPS on a port of its own.")
    )


@frozen(field_transformer=checked)
class UserSection:
    """One entry of ``auth.users``. Unset optional fields are derived from the access key."""

    access_key: str = field(metadata=about(_ACCESS_KEY, "Access key id."))
    secret_key: str = field(repr=False, metadata=about(_SECRET_KEY, "Secret access key."))
    owner_id: str | None = field(
        default=None,
        metadata=about(
            text("an owner id"),
            "Canonical user id, the owner of what this user creates. Users with the same one are "
            "one account. Default: 64 hexadecimal digits derived from the access key.",
        ),
    )
    display_name: str | None = field(
        default=None,
        metadata=about(text("a name"), "Name shown with the owner id. Default: the access key."),
    )
    email: str | None = field(
        default=None,
        metadata=about(text("an e-mail address"), "E-mail address, by which ACLs can name a user."),
    )

    @property
    def credential(self) -> Credential:
        """The user with everything derived that was not set."""
        owner_id = self.owner_id or derive_owner_id(self.access_key)
        owner = Owner(owner_id, self.display_name or self.access_key)
        return Credential(self.access_key, self.secret_key, owner, self.email or "")


@frozen(field_transformer=checked)
class AuthSection:
    """``auth``: who may use the store."""

    access_key: str | None = field(
        default=None,
        metadata=about(
            _ACCESS_KEY,
            "Access key id of the first user. While neither it nor a user below is set, "
            f"{DEFAULT_ACCESS_KEY} with the secret {DEFAULT_SECRET_KEY} is in use. Either is the same "
            "account: it keeps its buckets when its key is set or changed.",
        ),
    )
    secret_key: str | None = field(
        default=None,
        repr=False,
        metadata=about(_SECRET_KEY, "Secret access key of the first user."),
    )
    users: tuple[UserSection, ...] = field(
        default=(),
        metadata=sections(
            UserSection,
            "Further users: a list of mappings with these keys, of which the first two are required.",
        ),
    )
    cache_seconds: float = field(
        default=10.0,
        metadata=about(
            _DURATION,
            "Seconds for which a looked-up credential is remembered; a key that was disabled "
            "may work for that long.",
        ),
    )
    default_object_ownership: Literal[
        "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"
    ] = field(
        default="BucketOwnerEnforced",
        metadata=about(
            choice("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
            "Object ownership of new buckets that ask for none. BucketOwnerEnforced: ACLs are off, "
            "and the bucket's owner owns every object. BucketOwnerPreferred: objects uploaded with "
            "the ACL bucket-owner-full-control become the bucket owner's. ObjectWriter: each "
            "object belongs to whoever uploaded it.",
        ),
    )


@frozen(field_transformer=checked)
class SqliteSection:
    """``metadata.sqlite``: the embedded database."""

    path: Path = field(
        default=Path("data/metadata.db"),
        metadata=about(PATH, "The database file. Its folder is made if it is not there."),
    )


@frozen(field_transformer=checked)
class MetadataSection:
    """``metadata``: where it is recorded what exists."""

    engine: Literal["sqlite"] = field(
        default="sqlite", metadata=about(choice("sqlite"), "Database engine: sqlite.")
    )
    sqlite: SqliteSection = field(
        factory=SqliteSection, metadata=section(SqliteSection, "The embedded database.")
    )


@frozen(field_transformer=checked)
class LocalSection:
    """``storage.local``: objects as files on a local disk."""

    root_dir: Path = field(
        default=Path("data/objects"),
        metadata=about(PATH, "Folder of the object files. It is made if it is not there."),
    )
    inline_max_bytes: int = field(
        default=64 * 1024,
        metadata=about(
            SIZE,
            "Objects up to this size, in bytes or with a unit, are kept in the metadata database, "
            "where many of them become durable with one sync.",
        ),
    )


@frozen(field_transformer=checked)
class MemorySection:
    """``storage.memory``: objects in memory, with the metadata."""

    max_size_bytes: int = field(
        default=0,
        metadata=about(
            SIZE,
            "Memory that objects and metadata may take, in bytes or with a unit. An upload beyond "
            "it is refused with 507 InsufficientStorage. 0: no limit.",
        ),
    )
    persistence: Literal["none", "snapshot"] = field(
        default="none",
        metadata=about(
            choice("none", "snapshot"),
            "none: everything is gone when the daemon ends. snapshot: everything is saved to a "
            "file from time to time and loaded at the start; a crash loses what came later.",
        ),
    )
    snapshot_path: Path = field(
        default=Path("data/snapshot.db"),
        metadata=about(PATH, "The snapshot, an SQLite file. Its folder is made if need be."),
    )
    snapshot_interval_seconds: float = field(
        default=300.0,
        metadata=about(_DURATION, "Seconds between snapshots. 0: only when the daemon stops."),
    )


@frozen(field_transformer=checked)
class StorageSection:
    """``storage``: where the bytes of objects are."""

    backend: str = field(
        default="local",
        metadata=about(
            backend_name(),
            "Storage backend. local: files on a local disk. memory: metadata and objects in "
            "memory. sqlite: objects in the metadata database, so that one file is the whole "
            "store. aws, gcp, azure: gateways to a bucket of Amazon S3 or its like, of Google "
            "Cloud Storage, or to a container of Azure. Other packages can bring more of them.",
        ),
    )
    durability: Literal["strict", "relaxed"] = field(
        default="strict",
        metadata=about(
            choice("strict", "relaxed"),
            "strict: what is acknowledged survives a power cut. relaxed: it survives a crash of "
            "the daemon, but the last seconds may be lost with the machine's power.",
        ),
    )
    garbage_grace_seconds: float = field(
        default=60.0,
        metadata=about(_DURATION, "Seconds for which the bytes of deleted objects stay on disk."),
    )
    upload_expiry_days: float = field(
        default=7.0,
        metadata=about(
            _DAYS, "Days after which a multipart upload that nobody completes goes, and its bytes."
        ),
    )
    local: LocalSection = field(
        factory=LocalSection, metadata=section(LocalSection, "Files on a local disk.")
    )
    memory: MemorySection = field(
        factory=MemorySection,
        metadata=section(MemorySection, "Everything in memory; metadata.sqlite is not used then."),
    )
    upstream: UpstreamSection = field(
        factory=UpstreamSection,
        metadata=section(UpstreamSection, "What the gateways aws, gcp and azure do alike."),
    )
    aws: AwsSection = field(
        factory=AwsSection, metadata=section(AwsSection, "A bucket of Amazon S3 or its like.")
    )
    gcp: GcpSection = field(
        factory=GcpSection, metadata=section(GcpSection, "A bucket of Google Cloud Storage.")
    )
    azure: AzureSection = field(
        factory=AzureSection, metadata=section(AzureSection, "A container of Azure Blob Storage.")
    )
    others: Mapping[str, Given] = field(
        factory=dict, metadata=others(lambda name: find_backend(name) is not None)
    )

    @property
    def snapshot_path(self) -> Path | None:
        """The file that the memory is saved to; None if it is not saved, or not in use."""
        is_saved = self.backend == "memory" and self.memory.persistence == "snapshot"
        return self.memory.snapshot_path if is_saved else None


@frozen(field_transformer=checked)
class LoggingSection:
    """``logging``: what is logged, and how it looks."""

    level: Literal["debug", "info", "warn", "error"] = field(
        default="info",
        metadata=about(
            choice("debug", "info", "warn", "error"),
            "Least level that is logged: debug, info, warn or error. Requests are info.",
        ),
    )
    format: Literal["text", "json"] = field(
        default="text",
        metadata=about(
            choice("text", "json"), "text for eyes, or json: one object per line, for machines."
        ),
    )
    slow_request_seconds: float = field(
        default=5.0,
        metadata=about(
            _DURATION,
            "A request whose answer begins later than this many seconds after its header block "
            "is logged as slow, at level warn; 0 marks none.",
        ),
    )


@frozen(field_transformer=checked)
class ObservabilitySection:
    """``observability``: pages for operators."""

    metrics: bool = field(
        default=True, metadata=about(FLAG, "Whether /metrics is served, for Prometheus.")
    )
    health_check: bool = field(
        default=True, metadata=about(FLAG, "Whether /health, /healthz and /readyz are served.")
    )
    api_docs: bool = field(
        default=True,
        metadata=about(FLAG, "Whether /docs, a page about the API, and /openapi.json are served."),
    )
    listen: str | None = field(
        default=None,
        metadata=about(
            text("an address such as 127.0.0.1:9100, or an endpoint string of Twisted"),
            "Where these pages are served, and nothing else, instead of beside the buckets. One "
            "process answers there for all. Default: at every address of the server, where no "
            "bucket can have their names.",
        ),
    )


def derive_owner_id(access_key: str) -> str:
    """A canonical user id: 64 hexadecimal digits, always the same for the same access key."""
    return hashlib.sha256(b"bleepstore owner " + access_key.encode("utf-8")).hexdigest()


FIRST_OWNER_ID = derive_owner_id(DEFAULT_ACCESS_KEY)
"""The account of ``auth.access_key``, and of the well-known credentials before that is set."""
