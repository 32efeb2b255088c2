"""The certificate that clients are shown, and how it is replaced while the daemon runs.

TLS 1.2 is the least that is spoken; ciphers and curves are Twisted's choice
(:class:`twisted.internet.ssl.CertificateOptions`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocolFactory
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from ..config.server import TlsSection
from ..errors import ConfigError

T = TypeVar("T")


@implementer(IOpenSSLServerConnectionCreator)
class Tls:
    """Gives each new connection the certificate that was read last.

    Args:
        section: where certificate and key are.
    """

    def __init__(self, section: TlsSection) -> None:
        self._section = section
        self._context: SSL.Context | None = None

    def load(self) -> None:
        """Read certificate and key, for the connections from now on; blocks for a moment.

        Raises:
            ConfigError: they cannot be used; what was read before stays in use.
        """
        if self._section.certificate is not None:
            self._context = _context(self._section, self._section.certificate)

    def wrap(self, factory: IProtocolFactory) -> IProtocolFactory:
        """A factory of connections on which ``factory`` is spoken inside TLS."""
        if self._context is None:
            raise ConfigError("configuration", "server.tls.certificate", "expected a path")
        return TLSMemoryBIOFactory(self, False, factory)

    def serverConnectionForTLS(self, protocol: Any) -> SSL.Connection:
        assert self._context is not None  # noqa: S101 - wrap() has seen to it
        return SSL.Connection(self._context, None)


def _context(section: TlsSection, certificate: Path) -> SSL.Context:
    key_path = section.private_key or certificate
    # Twisted passes on what pyOpenSSL takes, but its annotations know pyOpenSSL's own types only.
    certificates: Any = _read(
        certificate, "certificate", "certificates in PEM", x509.load_pem_x509_certificates
    )
    key: Any = _read(
        key_path,
        "private_key",
        "a private key in PEM, not encrypted",
        lambda pem: load_pem_private_key(pem, None),
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


def _read(path: Path, name: str, expected: str, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(path.read_bytes())
    except OSError as error:
        problem = f"expected a readable file: {error.strerror}"
    except (ValueError, TypeError):
        problem = f"expected {expected}"  # the error itself may quote the key
    raise ConfigError(str(path), f"server.tls.{name}", problem)
