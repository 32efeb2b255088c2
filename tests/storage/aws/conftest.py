from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted

from bleepstore.config.gateways import AwsSection, UpstreamSection
from bleepstore.storage.aws.upstream import AwsUpstream
from bleepstore.streams.threads import Threads
from tests.storage.backing import means
from tests.streams.pool import threads
from tests.upstreams import s3

__all__ = ["threads"]


@pytest.fixture(params=["bleepstore", "moto"])
def service(request: pytest.FixtureRequest, twisted_greenlet: object) -> s3.Upstream:
    return s3.running() if request.param == "bleepstore" else s3.moto()


@pytest.fixture
def client(service: s3.Upstream) -> Any:
    """Amazon's own SDK."""
    return service.client()


@pytest.fixture
def bucket(service: s3.Upstream) -> str:
    return service.new_bucket()


@pytest_twisted.async_yield_fixture
async def upstream(
    service: s3.Upstream, bucket: str, threads: Threads, tmp_path: Path
) -> AsyncIterator[AwsUpstream]:
    """The bucket as a gateway sees it."""
    settings: Any = service.settings(bucket)
    upstream = AwsUpstream(AwsSection(**settings), UpstreamSection(), means(threads, tmp_path), {})
    await upstream.start()
    yield upstream
    await upstream.stop()
