"""Certificates that can and that cannot be used, and what is said of the latter."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet.protocol import Factory

from bleepstore.config.server import TlsSection
from bleepstore.errors import ConfigError
from bleepstore.service.tls import Tls
from tests.e2e.tls_proxy import make_certificate


def make_key(path: Path, encryption: serialization.KeySerializationEncryption) -> None:
    path.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )
    )


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A file with a certificate and its key."""
    make_certificate(tmp_path / "both.pem")
    return tmp_path / "both.pem"


def problem(section: TlsSection) -> str:
    with pytest.raises(ConfigError) as caught:
        Tls(section).load()
    return str(caught.value)


def test_a_new_connection_gets_what_was_read_last(both: Path) -> None:
    tls = Tls(TlsSection(0, both))
    tls.load()
    first = tls.serverConnectionForTLS(None).get_context()
    assert tls.serverConnectionForTLS(None).get_context() is first
    make_certificate(both)
    tls.load()
    second = tls.serverConnectionForTLS(None).get_context()
    assert second is not first
    both.write_text("")
    with pytest.raises(ConfigError):
        tls.load()
    assert tls.serverConnectionForTLS(None).get_context() is second


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "missing.pem"
    expected = f"{path}: server.tls.certificate: expected a readable file: No such file"
    assert problem(TlsSection(0, path)).startswith(expected)


def test_a_certificate_without_its_key(both: Path, tmp_path: Path) -> None:
    end = "-----END CERTIFICATE-----"
    alone = tmp_path / "alone.pem"
    alone.write_text(both.read_text().partition(end)[0] + end)
    assert "server.tls.private_key: expected a private key in PEM" in problem(TlsSection(0, alone))
    Tls(TlsSection(0, alone, both)).load()  # which is in another file


def test_the_key_of_another_certificate(both: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "other.key", serialization.NoEncryption())
    said = problem(TlsSection(0, both, tmp_path / "other.key"))
    assert said.startswith(f"{tmp_path / 'other.key'}: server.tls.private_key: expected the key of")


def test_an_encrypted_key(both: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "locked.key", serialization.BestAvailableEncryption(b"hush"))
    assert problem(TlsSection(0, both, tmp_path / "locked.key")).endswith("not encrypted")


def test_more_than_a_worker_can_be_told(both: Path) -> None:
    both.write_bytes(b"text before it is fine\n" + both.read_bytes())
    Tls(TlsSection(0, both)).load()
    both.write_bytes(bytes(70_000) + both.read_bytes())
    assert problem(TlsSection(0, both)).endswith("certificate: expected 65535 bytes at most")


def test_what_another_process_has_read_is_used_and_not_shown(both: Path, tmp_path: Path) -> None:
    first, second = Tls(TlsSection(0, both)), Tls(TlsSection(0, tmp_path / "missing.pem"))
    first.load()
    second.use(first.pem)
    assert second.serverConnectionForTLS(None).get_context()
    assert "PRIVATE KEY" not in repr(second.pem)


def test_a_tls_socket_needs_a_certificate() -> None:
    with pytest.raises(ConfigError, match=r"server\.tls\.certificate: expected a path"):
        Tls(TlsSection()).wrap(Factory())
