"""The composition root: every room is built here, and given what it needs by its constructor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import frozen
from twisted.internet.interfaces import IProtocolFactory

from .. import __version__
from ..admin import api_docs, health
from ..admin.api_docs import ApiDocs
from ..admin.health import Health, Page
from ..admin.metrics import Metrics
from ..admin.shared_metrics import SharedMetrics
from ..auth.authenticate import Authenticator
from ..auth.authorize import Authorizer
from ..auth.credentials import CachedCredentials
from ..clock import Clock
from ..config.model import Config
from ..documents.error import error_document
from ..errors import S3Error
from ..ids import new_blob_id
from ..interfaces import IBlobStore
from ..protocol.address import Addressing
from ..protocol.dispatch import Dispatcher
from ..protocol.openapi import openapi_document
from ..s3.context import Services
from ..values import BlobName, Exchange, Ownership, RequestHead
from ..wire.limits import WireLimits
from ..wire.routes import Front
from ..wire.site import WireSite, make_site
from .access_log import AccessLog
from .foundation import Foundation, lay
from .house import StoreRoom
from .kept_store import keep
from .logs import LogOutput
from .request_lines import RequestLines

# More than any backend keeps in memory before it looks at its disk.
_CHECKED_BYTES = 16 * 1024 * 1024


@frozen
class House:
    """All rooms of one process, connected. See :class:`~bleepstore.service.house.House`."""

    _store: StoreRoom
    _site: WireSite

    @property
    def site(self) -> IProtocolFactory:
        return self._site

    async def start(self) -> None:
        await self._store.start()

    async def wind_down(self) -> None:
        await self._site.traffic.wind_down()

    async def drain(self) -> None:
        await self._site.traffic.stop()

    def abort(self) -> None:
        self._site.traffic.abort()

    async def stop(self) -> None:
        await self._store.stop()


def assemble(config: Config, reactor: Any, log_output: LogOutput) -> House:
    """Build the house of a daemon that is one process; nothing is touched before its ``start``."""
    foundation = lay(config, reactor)
    metrics = Metrics() if config.observability.metrics else None
    lines = RequestLines(config.logging, log_output, reactor)
    site = _site(config, reactor, foundation, metrics, lines)
    return House(keep(config, reactor, foundation), site)


def assemble_worker(
    config: Config, reactor: Any, shared: SharedMetrics | None, log_output: LogOutput
) -> House:
    """Build the house of one process of several, all of which count in ``shared``."""
    foundation = lay(config, reactor)
    metrics = Metrics(shared) if shared is not None else None
    lines = RequestLines(config.logging, log_output, reactor)
    return House(foundation, _site(config, reactor, foundation, metrics, lines))


def _site(
    config: Config,
    reactor: Any,
    foundation: Foundation,
    metrics: Metrics | None,
    lines: RequestLines,
) -> WireSite:
    clock = Clock()
    metadata, blobs = foundation.metadata, foundation.blobs
    pages = _pages(config, foundation, metrics)
    services = Services(
        metadata=metadata,
        blobs=blobs,
        threads=foundation.threads,
        clock=clock,
        region=config.server.region,
        max_object_size=config.server.max_object_size,
        reserved_bucket_names=frozenset(path.split("/")[1] for path in pages),
        default_ownership=Ownership(config.auth.default_object_ownership),
    )
    addressing = Addressing(tuple(domain.lower() for domain in config.server.domain))
    front = Front(
        handler=_dispatcher(config, addressing, services, reactor),
        pages=pages,
        claims=_claims(addressing),
        finished=_finished(config, metrics, lines),
    )
    return make_site(front, reactor=reactor, refusal=_refusal, clock=clock, limits=_limits(config))


def _dispatcher(
    config: Config, addressing: Addressing, services: Services, reactor: Any
) -> Dispatcher:
    credentials = CachedCredentials(services.metadata.accounts, config.auth.cache_seconds, reactor)
    authenticator = Authenticator(
        credentials, config.server.region, services.clock, config.server.public_hosts
    )
    authorizer = Authorizer(services.metadata.buckets)
    return Dispatcher(addressing, authenticator, authorizer, services, reactor)


def _pages(config: Config, foundation: Foundation, metrics: Metrics | None) -> dict[str, Page]:
    pages: dict[str, Page] = {}
    about: dict[str, str] = {}
    if config.observability.health_check:
        metadata, blobs = foundation.metadata, foundation.blobs
        checks = {
            "metadata": lambda: metadata.blobs.referenced(()),
            "storage": lambda: _begin_a_blob(blobs),
        }
        pages |= Health(checks).pages()
        about |= health.PATHS
    if metrics is not None:
        pages["/metrics"] = metrics.page
        about["/metrics"] = "What was counted and measured, for Prometheus."
    if config.observability.api_docs:
        about |= api_docs.PATHS
        make_document = partial(openapi_document, __version__, about)
        pages |= ApiDocs(foundation.threads, make_document).pages()
    return pages


async def _begin_a_blob(blobs: IBlobStore) -> None:
    """Find out whether the backend takes bytes by beginning to give it some, too many for memory."""
    sink = await blobs.open_sink(BlobName("health", "check", new_blob_id()), _CHECKED_BYTES)
    await sink.abort()


def _claims(addressing: Addressing) -> Callable[[RequestHead], bool]:
    """Pages are only read; and below a bucket's own host name, ``/metrics`` is a key like any other."""

    def is_page(head: RequestHead) -> bool:
        return (
            head.method in ("GET", "HEAD")
            and addressing.hosted_bucket(head.headers.get("host", "")) is None
        )

    return is_page


def _finished(
    config: Config, metrics: Metrics | None, lines: RequestLines
) -> Callable[[Exchange], None]:
    access_log = AccessLog(config.logging.slow_request_seconds * 1000, lines)
    if metrics is None:
        return access_log
    count = metrics.count

    def finished(exchange: Exchange) -> None:
        count(exchange)
        access_log(exchange)

    return finished


def _refusal(code: str, request_id: str) -> bytes:
    return error_document(S3Error(code), "/", request_id)


def _limits(config: Config) -> WireLimits:
    server = config.server
    return WireLimits(
        header_timeout_seconds=server.header_timeout_seconds,
        idle_timeout_seconds=server.idle_timeout_seconds,
        body_stall_seconds=server.body_stall_seconds,
        min_body_rate_bytes_per_second=server.min_body_rate_bytes_per_second,
    )
