"""Where a scrub stands and what it has found so far, in a file beside the database."""

from __future__ import annotations

import json
import os
from pathlib import Path

from attrs import asdict, define, field, frozen

from ..errors import NotPossible
from ..metadata.survey import KINDS, START, Position


@frozen
class Damage:
    """Something that is not what it was.

    Attributes:
        id: the version id; the upload id for a part.
        number: of the part; 0 for a version.
    """

    bucket: str
    key: str
    id: str
    number: int
    problem: str


@frozen
class Gap:
    """Names that a damaged database keeps to itself.

    Attributes:
        kind: of what they are: one of :data:`~bleepstore.metadata.survey.KINDS`.
        after, before: the names next to it: keys, or upload ids of parts. ``before`` is a name
            that need not exist; it is empty if nothing was found behind the gap.
    """

    bucket: str
    kind: str
    after: str
    before: str


@define
class ScrubState:
    """A walk through the store.

    Attributes:
        only: the one bucket that it is about; None for all.
        bucket, kind, position: the last thing that was looked at.
        checked: how many versions and parts were looked at.
        doubtful: what may be damaged: its ETag does not fit and there is nothing else to tell.
        gaps: where something may be that could not be looked at.
    """

    only: str | None = None
    bucket: str = ""
    kind: str = KINDS[0]
    position: Position = START
    checked: int = 0
    read_bytes: int = 0
    damaged: list[Damage] = field(factory=list)
    doubtful: list[Damage] = field(factory=list)
    gaps: list[Gap] = field(factory=list)

    @property
    def problems(self) -> int:
        """How much is wrong for certain."""
        return len(self.damaged) + len(self.gaps)


@frozen
class StateFile:
    """Keeps a state. All methods block."""

    _path: Path

    def save(self, state: ScrubState) -> None:
        """Replace the former state as a whole."""
        unfinished = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(state), file)
        unfinished.replace(self._path)

    def load(self) -> ScrubState | None:
        """The state that was saved last; None if there is none.

        Raises:
            NotPossible: the file is not one of ours.
        """
        try:
            fields = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise self._unusable() from error
        try:
            for name in ("damaged", "doubtful"):
                fields[name] = [Damage(**each) for each in fields[name]]
            fields["gaps"] = [Gap(**each) for each in fields["gaps"]]
            name, number = fields["position"]
            fields["position"] = (str(name), int(number))
            state = ScrubState(**fields)
            KINDS.index(state.kind)
        except (TypeError, KeyError, ValueError) as error:
            raise self._unusable() from error
        return state

    def remove(self) -> None:
        """Forget it."""
        self._path.unlink(missing_ok=True)

    def _unusable(self) -> NotPossible:
        return NotPossible(f"{self._path} is damaged; scrub without --resume to begin anew")
