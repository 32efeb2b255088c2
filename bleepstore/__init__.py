"""BleepStore: an S3-compatible object store as a Twisted daemon."""

from __future__ import annotations

__version__ = "0.1.0"
