from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_twisted

from tests.keeping.gateway_house import House


@pytest_twisted.async_yield_fixture
async def house() -> AsyncIterator[House]:
    opened = House()
    await opened.start()
    yield opened
    await opened.stop()
