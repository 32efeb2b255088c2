"""What a check has found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import asdict

from ..metadata.check import Miscount
from ..metadata.totals import WrongTotal
from .fsck import Findings
from .scrub_state import Damage, Gap

_UNREFERENCED = (
    "bytes that nothing refers to stay until fsck --repair --delete-unreferenced; make sure before "
    "that the database has not lost what referred to them"
)


def as_document(findings: Findings) -> dict[str, Any]:
    """The fields of :class:`~bleepstore.keeping.fsck.Findings`, for JSON."""
    return {**asdict(findings), "problems": findings.problems}


def as_lines(findings: Findings) -> Iterator[str]:
    """A line for each problem, between what was looked at and how many problems there are."""
    if findings.totals is not None:
        totals = asdict(findings.totals)
        yield ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in totals.items())
    for what, count in findings.strays.items():
        yield f"{what}: {count}"
    yield from map(_wrong_total, findings.wrong_totals)
    yield from map(_miscount, findings.miscounts)
    yield from (f"bytes are missing: {locator}" for locator in findings.missing)
    yield from (f"damaged: {describe(each)}" for each in findings.damaged)
    yield from (f"bytes that nothing refers to: {locator}" for locator in findings.unknown)
    yield from (f"not readable: {describe_gap(each)}" for each in findings.gaps)
    yield from (f"not known for certain: {each}" for each in findings.unanswered)
    yield from (f"left behind by a process that ended: {each}" for each in findings.abandoned)
    if findings.unreferenced:
        yield _UNREFERENCED
    yield f"problems: {findings.problems}"


def describe(damage: Damage) -> str:
    """Which version or part it is, and what is wrong with it."""
    what = f"part {damage.number} of upload" if damage.number else "version"
    return f"{damage.bucket}/{damage.key!r}, {what} {damage.id}: {damage.problem}"


def describe_gap(gap: Gap) -> str:
    """Between which names something may be that cannot be read."""
    what = {"object": "objects", "object_version": "older versions", "part": "uploads"}[gap.kind]
    end = f" up to {gap.before!r}" if gap.before else ""
    return f"{what} of {gap.bucket} behind {gap.after!r}{end}, where the database is damaged"


def _miscount(miscount: Miscount) -> str:
    locator, recorded = miscount.locator, miscount.recorded
    if not miscount.found:
        return f"bytes that nothing refers to: {locator}, recorded as referred to {recorded} times"
    return f"referred to {miscount.found} times, recorded {recorded}: {locator}"


def _wrong_total(wrong: WrongTotal) -> str:
    found, recorded = str(wrong.found), str(wrong.recorded)
    if wrong.kind == "blob":
        found += f" of {wrong.found_bytes} bytes"
        recorded += f" of {wrong.recorded_bytes} bytes"
    return f"total of {wrong.kind}: {found}, recorded {recorded}"
