"""The sections ``logging`` and ``observability``: what operators get to see."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from .kinds import DURATION, FLAG, choice, text
from .settings import about, checked


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
            DURATION,
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
