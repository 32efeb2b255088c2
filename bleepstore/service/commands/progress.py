"""How far a command is: a bar on the standard error, if that is a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from tqdm import tqdm

from ...keeping.progress import Interrupted
from .frame import Call


class Bar:
    """A bar for as long as it is entered. See :class:`~bleepstore.keeping.progress.Progress`.

    Args:
        call: whose progress it shows.
        what: is being done, in a word.
        unit: of what is counted; ``B`` for bytes.
    """

    def __init__(self, call: Call, what: str, unit: str = "B") -> None:
        self._is_unwanted = call.is_unwanted
        self._bar: tqdm[Any] = tqdm(
            desc=what,
            unit=unit,
            unit_scale=unit == "B",
            unit_divisor=1024,
            file=sys.stderr,
            leave=False,
            disable=None,  # unless it is a terminal
        )

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()

    def expect(self, total: int) -> None:
        """So much there is to do in all."""
        self._bar.reset(total)

    def advance(self, amount: int) -> None:
        """So much more is done."""
        if self._is_unwanted.is_set():
            raise Interrupted
        self._bar.update(amount)
