"""What must hold between settings, beyond what each of them may be by itself."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from .model import Config, is_loopback


@frozen
class Conflict:
    """Settings that do not go together.

    Attributes:
        key_path: the key to look at.
        expected: what was expected there.
        given: the key whose source is to be named, one that is given.
    """

    key_path: str
    expected: str
    given: str


def conflicts(config: Config) -> Iterator[Conflict]:
    """Everything that does not go together, the most basic first."""
    yield from _half_a_credential(config)
    yield from _repeated_access_keys(config)
    yield from _open_door(config)
    yield from _half_a_tls(config)
    yield from _no_door(config)
    yield from _memory_of_many(config)


def _half_a_credential(config: Config) -> Iterator[Conflict]:
    access, secret = "auth.access_key", "auth.secret_key"
    if config.auth.access_key is not None and config.auth.secret_key is None:
        yield Conflict(secret, f"expected a secret key, because {access} is set", access)
    if config.auth.secret_key is not None and config.auth.access_key is None:
        yield Conflict(access, f"expected an access key, because {secret} is set", secret)


def _repeated_access_keys(config: Config) -> Iterator[Conflict]:
    seen = {config.auth.access_key}
    for number, user in enumerate(config.auth.users):
        if user.access_key in seen:
            key = f"auth.users[{number}].access_key"
            yield Conflict(key, "expected an access key that no other user has", key)
        seen.add(user.access_key)


def _open_door(config: Config) -> Iterator[Conflict]:
    """The default credentials are known to everyone, so only this machine may use them."""
    if config.uses_default_credentials and not is_loopback(config.listen_host):
        yield Conflict(
            "server.host",
            "expected a loopback address, because no credentials are configured; "
            "set auth.access_key and auth.secret_key to listen elsewhere",
            "server.host",
        )
    if config.uses_default_credentials and config.server.endpoints:
        yield Conflict(
            "server.endpoints",
            "expected none, because no credentials are configured; set auth.access_key and "
            "auth.secret_key to listen there",
            "server.endpoints",
        )


def _half_a_tls(config: Config) -> Iterator[Conflict]:
    port, certificate, key = (
        f"server.tls.{name}" for name in ("port", "certificate", "private_key")
    )
    tls = config.server.tls
    if tls.port is not None and tls.certificate is None:
        yield Conflict(certificate, f"expected a path, because {port} is set", port)
    if tls.private_key is not None and tls.certificate is None:
        yield Conflict(certificate, f"expected a path, because {key} is set", key)


def _no_door(config: Config) -> Iterator[Conflict]:
    server = config.server
    if server.port is None and server.tls.port is None and not server.endpoints:
        yield Conflict(
            "server.port",
            "expected a port, because neither server.tls.port nor server.endpoints is set",
            "server.port",
        )


def _memory_of_many(config: Config) -> Iterator[Conflict]:
    """Processes do not share memory; with ``auto`` there is one."""
    if config.is_for_one_process and config.server.workers not in (1, "auto"):
        yield Conflict(
            "server.workers", "expected 1 or auto with storage.backend: memory", "server.workers"
        )
