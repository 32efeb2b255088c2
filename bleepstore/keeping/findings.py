"""What a check has found, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from attrs import asdict

from .fsck import Findings


def as_json(findings: Findings) -> str:
    """An object with the fields of :class:`~bleepstore.keeping.fsck.Findings`."""
    return json.dumps({**asdict(findings), "problems": findings.problems}, indent=2) + "\n"


def as_text(findings: Findings) -> str:
    """A line for each problem, between what was looked at and how many problems there are."""
    return "".join(f"{line}\n" for line in _lines(findings))


def _lines(findings: Findings) -> Iterator[str]:
    totals = asdict(findings.totals)
    yield ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in totals.items())
    for what, count in findings.strays.items():
        yield f"{what}: {count}"
    for each in findings.miscounts:
        yield f"referred to {each.found} times, recorded {each.recorded}: {each.locator}"
    yield from (f"bytes are missing: {locator}" for locator in findings.missing)
    yield from (f"bytes that nothing refers to: {locator}" for locator in findings.unknown)
    yield from (f"left behind by a process that ended: {each}" for each in findings.abandoned)
    yield f"problems: {findings.problems}"
