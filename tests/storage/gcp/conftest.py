from __future__ import annotations

from tests.upstreams.gcs import gcs

__all__ = ["gcs"]
