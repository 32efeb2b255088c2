"""The policy of a browser's form: what whoever signed it allows others to upload.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html

Names of fields, of conditions and of their operators are compared without regard to case; the
names ``expiration`` and ``conditions`` and all values with it, as Amazon S3 does.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from ..errors import S3Error
from ..values import PostedForm

_LENGTH_RANGE = "content-length-range"
_EXACT, _PREFIX = "eq", "starts-with"
_LISTS = frozenset({"content-type"})
# The fields that a policy need not speak of.
_FREE = frozenset({"policy", "x-amz-signature", "file"})
_FREE_PREFIX = "x-ignore-"


@frozen
class Condition:
    """``operator`` is ``eq`` or ``starts-with``; ``field`` is a lower-case name without ``$``."""

    operator: str
    field: str
    value: str

    def is_met(self, value: str) -> bool:
        """Whether a field's value is allowed.

        A list of content types meets a prefix only if each of its entries does.
        """
        if self.operator == _EXACT:
            return value == self.value
        if self.field in _LISTS:
            return all(entry.strip().startswith(self.value) for entry in value.split(","))
        return value.startswith(self.value)

    def __str__(self) -> str:
        return json.dumps([self.operator, f"${self.field}", self.value])


@frozen
class PostPolicy:
    """A policy as it was signed.

    Attributes:
        expires_ms: from then on it allows nothing.
        min_size_bytes, max_size_bytes: of the file; None for no limit.
    """

    expires_ms: int
    conditions: tuple[Condition, ...]
    min_size_bytes: int = 0
    max_size_bytes: int | None = None

    def permit(self, fields: Mapping[str, str], bucket: str, now_ms: int) -> PostedForm:
        """A form that the policy allows.

        Args:
            fields: of the form, by lower-case name.
            bucket: where the form was sent.
            now_ms: the server's time.

        Raises:
            S3Error: ``AccessDenied``, with what is wrong.
        """
        if now_ms >= self.expires_ms:
            raise denied("Policy expired.")
        # The bucket counts as a field that every form has.
        described = {**fields, "bucket": bucket}
        for condition in self.conditions:
            if not condition.is_met(described.get(condition.field, "")):
                raise denied(f"Policy Condition failed: {condition}")
        self._check_coverage(described)
        return PostedForm(fields, self.min_size_bytes, self.max_size_bytes)

    def _check_coverage(self, fields: Mapping[str, str]) -> None:
        covered = {condition.field for condition in self.conditions} | _FREE
        extra = [
            name for name in fields if name not in covered and not name.startswith(_FREE_PREFIX)
        ]
        if extra:
            raise denied(f"Extra input fields: {', '.join(extra)}")


def denied(reason: str) -> S3Error:
    """The error for a form that its policy does not allow."""
    return S3Error("AccessDenied", f"Invalid according to Policy: {reason}")


def parse_policy(text: str) -> PostPolicy:
    """Read the ``policy`` field of a form.

    Raises:
        S3Error: ``InvalidPolicyDocument``.
    """
    document = _decode(text)
    if "expiration" not in document:
        raise _invalid("Policy missing expiration.")
    conditions = document.get("conditions")
    if not isinstance(conditions, list):
        raise _invalid("Policy missing conditions.")
    ranges = [each for each in conditions if _is_range(each)]
    return PostPolicy(
        _instant(document["expiration"]),
        tuple(_condition(each) for each in conditions if not _is_range(each)),
        *_size_limits([_range(each) for each in ranges]),
    )


def _decode(text: str) -> dict[str, Any]:
    try:
        document = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _invalid("Invalid JSON.") from error
    if not isinstance(document, dict):
        raise _invalid("Invalid JSON.")
    return document


def _instant(text: object) -> int:
    """``2013-08-01T12:00:00.000Z``, the only form that S3 takes; seconds may have no fraction."""
    for form in ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            moment = datetime.strptime(str(text), form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return int(moment.timestamp() * 1000)
    raise _invalid(f"Invalid 'expiration' value: '{text}'")


def _is_range(item: object) -> bool:
    return isinstance(item, list) and bool(item) and str(item[0]).lower() == _LENGTH_RANGE


def _range(item: Sequence[object]) -> tuple[int, int]:
    if len(item) != 3:
        raise _invalid(f"{_LENGTH_RANGE} must have exactly two values.")
    return _number(item[1]), _number(item[2])


def _number(value: object) -> int:
    """A number of bytes; forms in the wild have it in quotes as well."""
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 20):
        raise _invalid(f"Invalid {_LENGTH_RANGE}.")
    return int(text)


def _size_limits(ranges: Sequence[tuple[int, int]]) -> tuple[int, int | None]:
    """All ranges together."""
    if not ranges:
        return 0, None
    return max(low for low, _ in ranges), min(high for _, high in ranges)


def _condition(item: object) -> Condition:
    match item:
        case dict():
            return _simple_condition(item)
        case [str(operator), str(field), str(value)] if operator.lower() in (_EXACT, _PREFIX):
            if not field.startswith("$"):
                raise _invalid(f"Invalid field in condition: '{field}'.")
            return Condition(operator.lower(), field[1:].lower(), value)
    raise _invalid("Invalid Condition.")


def _simple_condition(item: Mapping[str, object]) -> Condition:
    if len(item) != 1:
        raise _invalid(
            "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."
        )
    ((field, value),) = item.items()
    if not isinstance(value, str):
        raise _invalid("Invalid Simple-Condition: value must be a string.")
    return Condition(_EXACT, field.lower(), value)


def _invalid(reason: str) -> S3Error:
    return S3Error("InvalidPolicyDocument", f"Invalid Policy: {reason}")
