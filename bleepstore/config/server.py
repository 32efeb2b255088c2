"""The section ``server``: where to listen, and what clients may do to a connection."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from attrs import field, frozen

from .kinds import DURATION, PATH, PORT, SIZE, TEXTS, TIMEOUT, either, integer, text
from .settings import about, checked, section


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
            DURATION, "Seconds that requests in flight have to finish when the daemon stops."
        ),
    )
    header_timeout_seconds: float = field(
        default=30.0,
        metadata=about(TIMEOUT, "Seconds that a client has to send a request's header block."),
    )
    idle_timeout_seconds: float = field(
        default=60.0,
        metadata=about(TIMEOUT, "Seconds that a connection is kept open between requests."),
    )
    body_stall_seconds: float = field(
        default=30.0,
        metadata=about(
            TIMEOUT, "Seconds over which the rate of an incoming request body is measured."
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
    response_stall_seconds: float = field(
        default=120.0,
        metadata=about(
            TIMEOUT,
            "Seconds for which a client may take nothing of what it is sent; then its connection is "
            "cut. Until then a download from a gateway keeps a connection to the upstream.",
        ),
    )
    tls: TlsSection = field(
        factory=TlsSection, metadata=section(TlsSection, "HTTPS on a port of its own.")
    )
