"""The composition root: every room is built here, and given what it needs by its constructor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..admin.checkup import Check
from ..admin.health import Page
from ..admin.metrics import Metrics
from ..admin.shared_metrics import SharedMetrics
from ..auth.authenticate import Authenticator
from ..auth.authorize import Authorizer
from ..auth.credentials import CachedCredentials
from ..clock import Clock
from ..config.model import Config
from ..protocol.address import Addressing
from ..protocol.dispatch import Dispatcher
from ..s3.context import Services
from ..s3.standing import NothingShown
from ..values import Ownership, RequestHead
from ..wire.routes import Front
from ..wire.site import WireSite, make_site
from .foundation import Foundation, lay
from .kept_store import keep
from .log_output import LogOutput
from .office import make_office
from .pages import make_pages
from .request_lines import RequestLines
from .rooms import CountedStore, Headquarters, House
from .sites import Finished, make_finished, make_limits, refusal


def assemble(config: Config, reactor: Any, log_output: LogOutput) -> House:
    """Build the house of a daemon that is one process; nothing is touched before its ``start``."""
    metrics = Metrics() if config.observability.metrics else None
    foundation = lay(config, reactor, metrics)
    finished = make_finished(config, metrics, RequestLines(config.logging, log_output, reactor))
    pages = make_pages(config, reactor, foundation, metrics)
    office = make_office(config, reactor, pages, finished)
    site = _site(config, reactor, foundation, {} if office else pages, finished)
    _watch(metrics, site)
    store = CountedStore(keep(config, reactor, foundation), reactor, metrics)
    return House(store, site, office)


def assemble_worker(
    config: Config, reactor: Any, shared: SharedMetrics | None, log_output: LogOutput
) -> House:
    """Build the house of one process of several, all of which count in ``shared``."""
    metrics = Metrics(shared) if shared is not None else None
    foundation = lay(config, reactor, metrics)
    finished = make_finished(config, metrics, RequestLines(config.logging, log_output, reactor))
    has_office = config.observability.listen is not None
    pages = {} if has_office else make_pages(config, reactor, foundation, metrics)
    site = _site(config, reactor, foundation, pages, finished)
    _watch(metrics, site)
    return House(CountedStore(foundation, reactor, metrics), site)


def assemble_headquarters(
    config: Config,
    reactor: Any,
    log_output: LogOutput,
    metrics: Metrics | None,
    checks: Mapping[str, Check],
) -> Headquarters:
    """Build what the process has that starts workers.

    Args:
        metrics: where it counts, together with the workers.
        checks: what must hold for the daemon to be ready, beside what has to do with the store.
    """
    foundation = lay(config, reactor, metrics)
    finished = make_finished(config, metrics, RequestLines(config.logging, log_output, reactor))
    pages = make_pages(config, reactor, foundation, metrics, checks)
    office = make_office(config, reactor, pages, finished)
    kept = keep(config, reactor, foundation)
    return Headquarters(CountedStore(kept, reactor, metrics), kept.recover, office)


def _watch(metrics: Metrics | None, site: WireSite) -> None:
    if metrics is not None:
        text = "Requests whose answers are not over."
        metrics.watch("http_requests_in_flight", text, lambda: site.traffic.requests_in_flight)


def _site(
    config: Config,
    reactor: Any,
    foundation: Foundation,
    pages: Mapping[str, Page],
    finished: Finished,
) -> WireSite:
    clock = Clock()
    services = Services(
        metadata=foundation.metadata,
        blobs=foundation.blobs,
        threads=foundation.work_threads,
        clock=clock,
        region=config.server.region,
        max_object_size=config.server.max_object_size,
        reserved_bucket_names=frozenset(path.split("/")[1] for path in pages),
        default_ownership=Ownership(config.auth.default_object_ownership),
        showing=foundation.showing or NothingShown(),
    )
    addressing = Addressing(tuple(domain.lower() for domain in config.server.domain))
    front = Front(
        handler=_dispatcher(config, addressing, services, reactor),
        pages=pages,
        claims=_claims(addressing),
        finished=finished,
    )
    return make_site(
        front, reactor=reactor, refusal=refusal, clock=clock, limits=make_limits(config)
    )


def _dispatcher(
    config: Config, addressing: Addressing, services: Services, reactor: Any
) -> Dispatcher:
    credentials = CachedCredentials(services.metadata.accounts, config.auth.cache_seconds, reactor)
    authenticator = Authenticator(
        credentials, config.server.region, services.clock, config.server.public_hosts
    )
    authorizer = Authorizer(services.metadata.buckets)
    return Dispatcher(addressing, authenticator, authorizer, services, reactor)


def _claims(addressing: Addressing) -> Callable[[RequestHead], bool]:
    """Pages are only read; and below a bucket's own host name, ``/metrics`` is a key like any other."""

    def is_page(head: RequestHead) -> bool:
        return (
            head.method in ("GET", "HEAD")
            and addressing.hosted_bucket(head.headers.get("host", "")) is None
        )

    return is_page
