"""What the parent and its workers say to each other.

A worker gets the configuration on its standard input when it starts. From then on the two speak AMP
over a socket of their own; to both, its end means that the other one is gone.

After an upgrade, an old parent gives orders to a new worker. So an order keeps its name and its
arguments, and an argument that is new is optional.
"""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Any

from twisted.protocols import amp

from ..admin.shared_metrics import SharedMetrics
from ..errors import WorkerFailed
from .doors import Doors
from .listeners import Door
from .tls import Pem

ORDERS_FD = 3

FOR_THE_PARENT_ALONE = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)
"""Signals that are sent to the whole group, as by a terminal, but meant for the parent."""

_PEM = ((b"certificates", amp.String(optional=True)), (b"private_key", amp.String(optional=True)))


class Serve(amp.Command):
    """Start; answered when clients are served, or when the reason why not is logged.

    The sockets themselves go along, and the certificate, whose files may be unreadable by now.
    Without a folder and a name the worker counts nowhere.
    """

    arguments = [
        (
            b"doors",
            amp.AmpList(
                [
                    (b"socket", amp.Descriptor()),
                    (b"is_tls", amp.Boolean()),
                    (b"endpoint", amp.Unicode(optional=True)),
                ]
            ),
        ),
        (b"folder", amp.Unicode(optional=True)),
        (b"name", amp.Unicode(optional=True)),
        *_PEM,
    ]
    errors = {WorkerFailed: b"WORKER_FAILED"}


def to_arguments(doors: Doors, metrics: SharedMetrics | None, pem: Pem | None) -> dict[str, Any]:
    """The arguments of :class:`Serve`."""
    rows = [
        {"socket": door.socket.fileno(), "is_tls": door.is_tls, "endpoint": door.endpoint}
        for door in doors
    ]
    arguments = {"doors": rows, **pem_arguments(pem)}
    if metrics is not None:
        arguments |= {"folder": str(metrics.folder), "name": metrics.name}
    return arguments


def pem_arguments(pem: Pem | None) -> dict[str, Any]:
    """The arguments that a certificate goes along in."""
    if pem is None:
        return {}
    return {"certificates": pem.certificates, "private_key": pem.private_key}


def to_pem(certificates: bytes | None, private_key: bytes | None) -> Pem | None:
    """The certificate that the arguments tell of."""
    return Pem(certificates, private_key) if certificates and private_key else None


def to_doors(rows: list[dict[str, Any]]) -> Doors:
    """The doors that the arguments tell of, with sockets of one's own."""
    return tuple(
        Door(socket.socket(fileno=row["socket"]), row["is_tls"], row.get("endpoint"))
        for row in rows
    )


def to_metrics(folder: str | None, name: str | None) -> SharedMetrics | None:
    """The place that the arguments tell of."""
    return SharedMetrics(Path(folder), name) if folder and name else None


class Reload(amp.Command):
    """Show another certificate."""

    arguments = [*_PEM]


class Retire(amp.Command):
    """End, when the clients that are connected want nothing any more."""

    requiresAnswer = False


class Stop(amp.Command):
    """End; requests in flight have some seconds to finish."""

    arguments = [(b"seconds", amp.Float())]
    requiresAnswer = False
