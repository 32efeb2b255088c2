"""What Google's errors are to the rest of the gateway.

https://cloud.google.com/storage/docs/json_api/v1/status-codes
"""

from __future__ import annotations

import json
from typing import Any

from ...errors import UpstreamBusy, UpstreamFailed, UpstreamRefused
from ..remote.client import Answer

_THROTTLED = frozenset(["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"])
_LONGEST_MESSAGE = 500


def resource(answer: Answer, what: str) -> dict[str, Any]:
    """The JSON object in a successful answer.

    Args:
        what: what was asked for, for the log: ``upload of NAME``.

    Raises:
        UpstreamFailed: it is not successful, or not JSON.
    """
    if answer.status >= 300:
        raise failure(answer, what)
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UpstreamFailed(f"{what}: Google's answer is not a JSON object")
    return found


def failure(answer: Answer, what: str) -> UpstreamFailed:
    """The error for an answer that is not a success, in Google's words, which name the account
    and the right that it lacks, and hold no secret."""
    reason, message = _complaint(answer)
    problem = f"{what}: {answer.status} {message}".rstrip()
    if answer.status == 429 or (answer.status == 403 and reason in _THROTTLED):
        return UpstreamBusy(problem, retry_after_seconds=1)
    if answer.status in (401, 403):
        return UpstreamRefused(problem)
    return UpstreamFailed(problem)


def names_absent_object(answer: Answer) -> bool:
    """Whether it is the object that is not there, by Google's words; False says nothing."""
    _, message = _complaint(answer)
    return message.startswith("No such object")


def _complaint(answer: Answer) -> tuple[str, str]:
    """The reason and the message of an error; downloads answer errors as plain text."""
    try:
        error = json.loads(answer.body)["error"]
        reasons = [str(each.get("reason", "")) for each in error.get("errors", [])]
        reason, message = "".join(reasons[:1]), str(error.get("message", ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        reason, message = "", answer.body.decode("utf-8", "replace").strip()
    return reason, message[:_LONGEST_MESSAGE]
