"""Sockets from systemd: which there are, and which must not be used."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bleepstore.config.auth import AuthSection
from bleepstore.config.model import Config
from bleepstore.config.server import ServerSection, TlsSection
from bleepstore.errors import CannotListen
from bleepstore.service.doors import close_doors, open_doors
from bleepstore.service.inherited import Inheritance

GIVEN = {"LISTEN_PID": "7", "LISTEN_FDS": "2"}
AUTH = AuthSection(access_key="root", secret_key="hush-hush-hush")


@pytest.fixture(params=["0.0.0.0", "unix"])
def open_to_others(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """A socket at which others than the users of this machine may arrive."""
    is_unix = request.param == "unix"
    bound = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET)
    bound.bind(str(tmp_path / "socket") if is_unix else (request.param, 0))
    with bound:
        yield bound


def test_names_and_descriptors_go_together() -> None:
    named = Inheritance(GIVEN | {"LISTEN_FDNAMES": "http:https-tls"}, 7)
    assert named.sockets() == (("http", 3), ("https-tls", 4))


@pytest.mark.parametrize("names", [{}, {"LISTEN_FDNAMES": ""}])
def test_sockets_need_no_names(names: dict[str, str]) -> None:
    assert [each for _, each in Inheritance(GIVEN | names, 7).sockets()] == [3, 4]


def test_sockets_for_another_process_are_left_alone() -> None:
    assert not Inheritance(GIVEN, 8).sockets()
    assert not Inheritance({}, 7).sockets()


def test_a_name_too_few_is_said() -> None:
    with pytest.raises(CannotListen, match="LISTEN_FDNAMES: expected 2 names"):
        Inheritance(GIVEN | {"LISTEN_FDNAMES": "http"}, 7).sockets()


def test_well_known_credentials_are_for_this_machine_only(open_to_others: socket.socket) -> None:
    inherited = [("http", open_to_others.fileno())]
    with pytest.raises(CannotListen, match="no credentials are configured"):
        open_doors(Config(), inherited)
    close_doors(open_doors(Config(auth=AUTH), inherited))


def test_well_known_credentials_may_be_used_on_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        close_doors(open_doors(Config(), [("http", bound.fileno())]))


def test_what_is_no_socket_is_said() -> None:
    with Path(os.devnull).open() as file, pytest.raises(CannotListen, match="is no socket"):
        open_doors(Config(auth=AUTH), [("http", file.fileno())])


def test_a_certificate_needs_a_port_unless_there_are_sockets() -> None:
    tls = TlsSection(certificate=Path("tls.pem"))
    config = Config(server=ServerSection(port=0, tls=tls), auth=AUTH)
    with pytest.raises(CannotListen, match=r"server\.tls\.port: expected a port"):
        open_doors(config, [])
    with socket.create_server(("127.0.0.1", 0)) as bound:
        close_doors(open_doors(config, [("tls", bound.fileno())]))
