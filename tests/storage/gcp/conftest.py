from __future__ import annotations

import pytest

from tests.upstreams.gcs import FakeGcs, running


@pytest.fixture
def gcs() -> FakeGcs:
    return running()
