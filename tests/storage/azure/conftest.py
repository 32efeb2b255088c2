from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_twisted
from azure.storage.blob import ContainerClient

from bleepstore.config.gateways import AzureSection, UpstreamSection
from bleepstore.storage.azure.upstream import AzureUpstream
from bleepstore.streams.threads import Threads
from tests.storage.backing import means
from tests.upstreams import azure


@pytest.fixture
def container(twisted_greenlet: object) -> ContainerClient:
    """A new container, as Microsoft's own client sees it."""
    return azure.running().new_container()


@pytest_twisted.async_yield_fixture
async def upstream(
    container: ContainerClient, threads: Threads, tmp_path: Path
) -> AsyncIterator[AzureUpstream]:
    """The same one as a gateway sees it."""
    section = AzureSection(**azure.running().settings(container.container_name))
    upstream = AzureUpstream(section, UpstreamSection(), means(threads, tmp_path), {})
    await upstream.start()
    yield upstream
    await upstream.stop()
