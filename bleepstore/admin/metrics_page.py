"""``/metrics``: what was counted, and how much there is, whoever counted and wherever it is."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric
from prometheus_client import generate_latest as render
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from .. import __version__
from ..metadata.totals import Inventory, Totals
from ..values import Reply, RequestHead
from .metrics import Metrics
from .standing import Standing


@frozen
class MetricsPage:
    """Shows the metrics in Prometheus's text format.

    Args:
        metrics: those of this process, and through them those of all.
        inventory: of the store that all share.
    """

    _metrics: Metrics
    _inventory: Inventory
    _standing: Standing = field(
        factory=lambda: Standing("reading the totals of the store"), init=False
    )

    async def __call__(self, head: RequestHead) -> Reply:
        """Without the store's totals if its metadata does not answer: the rest may say why."""
        families = [_about()]
        try:
            families += _levels(await self._inventory.totals())
        except Exception as error:
            self._standing.failed(error)
        else:
            self._standing.succeeded()
        registry = CollectorRegistry()
        registry.register(_Families(families))
        text = render(registry) + self._metrics.render()
        return Reply(200, (("content-type", CONTENT_TYPE_LATEST),), text)


@frozen(eq=False)
class _Families(Collector):
    families: list[GaugeMetricFamily]

    def collect(self) -> Iterator[Metric]:
        yield from self.families


def _about() -> GaugeMetricFamily:
    family = GaugeMetricFamily("bleepstore_info", "The program's version.", labels=["version"])
    family.add_metric([__version__], 1)
    return family


def _levels(totals: Totals) -> list[GaugeMetricFamily]:
    """How much there is. Names with ``_total`` are those that BleepStore promises."""
    return [
        GaugeMetricFamily(f"bleepstore_{name}", text, value)
        for name, text, value in (
            ("buckets_total", "Buckets.", totals.buckets),
            ("objects_total", "Objects; older versions do not count.", totals.objects),
            (
                "stored_bytes",
                "Bytes of all versions and parts, shared ones once.",
                totals.stored_bytes,
            ),
            ("garbage_blobs", "Blobs that wait to be deleted.", totals.garbage),
        )
    ]
