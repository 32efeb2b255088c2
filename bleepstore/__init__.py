"""BleepStore: an S3-compatible object store as a Twisted daemon."""

from __future__ import annotations

import txaio

__version__ = "0.1.0"

# Loggers are made while modules are imported; txaio wants to know the framework before that.
txaio.use_twisted()
