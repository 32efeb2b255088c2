"""What the parent and its workers say to each other.

A worker gets its :class:`Assignment` on its standard input when it starts. From then on the two
speak AMP over a socket of their own; to both, its end means that the other one is gone.
"""

from __future__ import annotations

import pickle

from attrs import frozen
from twisted.protocols import amp

from ..admin.shared_metrics import SharedMetrics
from ..config.model import Config
from ..errors import WorkerFailed

ORDERS_FD = 3
FIRST_DOOR_FD = 4


@frozen
class Assignment:
    """What a worker has to know; its doors are the descriptors from ``FIRST_DOOR_FD`` on.

    Attributes:
        doors: for each door whether clients speak TLS there, and the endpoint, if it is one's.
        metrics: where the worker counts; None for nowhere.
    """

    config: Config
    doors: tuple[tuple[bool, str | None], ...]
    metrics: SharedMetrics | None

    def dump(self) -> bytes:
        """For :meth:`load`; it has secrets in it."""
        return pickle.dumps(self)

    @classmethod
    def load(cls, dumped: bytes) -> Assignment:
        """What the same program has dumped, in the process that has started this one."""
        assignment = pickle.loads(dumped)  # noqa: S301 - from the parent and nobody else
        assert isinstance(assignment, cls)  # noqa: S101
        return assignment


class Serve(amp.Command):
    """Start; answered when clients are served, or when the reason why not is logged."""

    errors = {WorkerFailed: b"WORKER_FAILED"}


class Reload(amp.Command):
    """Read the certificate anew."""


class Retire(amp.Command):
    """End, when the clients that are connected want nothing any more."""

    requiresAnswer = False


class Stop(amp.Command):
    """End; requests in flight have some seconds to finish."""

    arguments = [(b"seconds", amp.Float())]
    requiresAnswer = False
