"""The daemon's own pages, for operators: health, metrics, and the description of the API."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from .. import __version__
from ..admin import api_docs, health
from ..admin.api_docs import ApiDocs
from ..admin.checkup import Check
from ..admin.health import Health, Page
from ..admin.metrics import Metrics
from ..admin.metrics_page import MetricsPage
from ..config.model import Config
from ..protocol.openapi import openapi_document
from .checks import store_checks
from .foundation import Foundation


def make_pages(
    config: Config,
    reactor: Any,
    foundation: Foundation,
    metrics: Metrics | None,
    checks: Mapping[str, Check] | None = None,
) -> dict[str, Page]:
    """The pages by path, as far as the configuration wants them.

    Args:
        checks: what must hold beside what has to do with the store.
    """
    pages: dict[str, Page] = {}
    about: dict[str, str] = {}
    if config.observability.health_check:
        all_checks = store_checks(config, reactor, foundation) | dict(checks or {})
        pages |= Health(all_checks, reactor).pages()
        about |= health.PATHS
    if metrics is not None:
        pages["/metrics"] = MetricsPage(metrics, foundation.metadata.inventory)
        about["/metrics"] = "What was counted and measured, for Prometheus."
    if config.observability.api_docs:
        about |= api_docs.PATHS
        make_document = partial(openapi_document, __version__, about)
        pages |= ApiDocs(foundation.threads, make_document).pages()
    return pages
