"""The certificate that clients are shown, and how it is replaced while the daemon runs.

TLS 1.2 is the least that is spoken; ciphers and curves are Twisted's choice
(:class:`twisted.internet.ssl.CertificateOptions`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import txaio
from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocolFactory
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from ..config.server import TlsSection
from ..errors import ConfigError

log = txaio.make_logger()

T = TypeVar("T")

_MAX_BYTES = 0xFFFF  # which one process can tell another at once, in AMP


@frozen
class Pem:
    """What is in the files of a certificate and of its key, which may be the same."""

    certificates: bytes = field(repr=False)
    private_key: bytes = field(repr=False)


@implementer(IOpenSSLServerConnectionCreator)
class Tls:
    """Gives each new connection the certificate that was read last.

    Args:
        section: where certificate and key are.

    Attributes:
        pem: what was read last; None without a certificate.
    """

    def __init__(self, section: TlsSection) -> None:
        self._section = section
        self._context: SSL.Context | None = None
        self.pem: Pem | None = None

    def load(self) -> None:
        """Read certificate and key, for the connections from now on; blocks for a moment.

        Raises:
            ConfigError: they cannot be used; what was read before stays in use.
        """
        certificate = self._section.certificate
        if certificate is not None:
            self.use(
                Pem(
                    _read(certificate, "certificate"),
                    _read(self._section.private_key or certificate, "private_key"),
                )
            )

    def use(self, pem: Pem | None) -> None:
        """The same with what somebody else has read; no effect without it.

        Raises:
            ConfigError: likewise.
        """
        if pem is not None:
            self._context, self.pem = _context(self._section, pem), pem

    def reload(self) -> bool:
        """Load, and answer whether that could be; why not is logged."""
        try:
            self.load()
        except ConfigError as error:
            log.error("the former certificate stays in use: {problem}", problem=str(error))
            return False
        return True

    def wrap(self, factory: IProtocolFactory) -> IProtocolFactory:
        """A factory of connections on which ``factory`` is spoken inside TLS."""
        if self._context is None:
            raise ConfigError("configuration", "server.tls.certificate", "expected a path")
        return TLSMemoryBIOFactory(self, False, factory)

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        assert self._context is not None  # noqa: S101 - wrap() has seen to it
        return SSL.Connection(self._context, None)


def _context(section: TlsSection, pem: Pem) -> SSL.Context:
    path = section.certificate
    key_path = section.private_key or path
    # Twisted passes on what pyOpenSSL takes, but its annotations know pyOpenSSL's own types only.
    certificates: Any = _parse(
        lambda: x509.load_pem_x509_certificates(pem.certificates),
        (path, "certificate", "certificates in PEM"),
    )
    key: Any = _parse(
        lambda: load_pem_private_key(pem.private_key, None),
        (key_path, "private_key", "a private key in PEM, not encrypted"),
    )
    own, *chain = certificates
    options = CertificateOptions(
        privateKey=key,
        certificate=own,
        extraCertChain=chain,
        raiseMinimumTo=TLSVersion.TLSv1_2,
    )
    try:
        return options.getContext()
    except SSL.Error:
        expected = "expected the key of the certificate, and one that is long enough"
        raise ConfigError(str(key_path), "server.tls.private_key", expected) from None


def _read(path: Path, name: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = f"expected a readable file: {error.strerror}"
        raise ConfigError(str(path), f"server.tls.{name}", problem) from None
    if len(content) > _MAX_BYTES:
        raise ConfigError(str(path), f"server.tls.{name}", f"expected {_MAX_BYTES} bytes at most")
    return content


def _parse(parse: Callable[[], T], what: tuple[Path | None, str, str]) -> T:
    try:
        return parse()
    except (ValueError, TypeError):
        path, name, expected = what  # the error itself may quote the key
        raise ConfigError(str(path), f"server.tls.{name}", f"expected {expected}") from None
