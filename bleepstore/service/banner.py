"""What the log says first: which version runs, how, and where the data is."""

from __future__ import annotations

import txaio

from .. import __version__
from ..config.auth import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY
from ..config.model import Config

log = txaio.make_logger()

_DEFAULT_CREDENTIALS = (
    "no credentials are configured: anyone on this machine can use the store with the access key "
    "{access_key} and the secret key {secret_key}; it listens on loopback only, until "
    "auth.access_key and auth.secret_key are set"
)


def log_banner(config: Config) -> None:
    """Log it. No secret is in it but the one that everybody knows."""
    log.info("BleepStore {version}", version=__version__)
    log.info("storage: {storage}", storage=_storage(config))
    log.info("durability: {durability}", durability=config.storage.durability)
    log.info("metadata: {metadata}", metadata=_metadata(config))
    log.info("workers: {workers}", workers=config.worker_count)
    if config.uses_default_credentials:
        log.warn(_DEFAULT_CREDENTIALS, access_key=DEFAULT_ACCESS_KEY, secret_key=DEFAULT_SECRET_KEY)


def _storage(config: Config) -> str:
    storage = config.storage
    if storage.backend == "local":
        return f"local in {storage.local.root_dir.absolute()}"
    return storage.backend


def _metadata(config: Config) -> str:
    metadata, path = config.metadata, config.storage.snapshot_path
    if config.storage.backend != "memory":
        return f"{metadata.engine} in {metadata.sqlite.path.absolute()}"
    return "in memory" if path is None else f"in memory, saved to {path.absolute()}"
