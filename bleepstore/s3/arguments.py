"""Query arguments that several operations take, read by the same rules."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from ..errors import S3Error
from ..ids import is_version_id
from ..values import NULL_VERSION_ID

_MAX_INT32 = 2**31 - 1


def integer_argument(
    query: Mapping[str, str], name: str, default: int, *, at_most: int, at_least: int = 0
) -> int:
    """A whole number from the query; one above ``at_most`` counts as ``at_most``, as S3 does.

    Raises:
        S3Error: ``InvalidArgument``, for anything else than a number from ``at_least`` on.
    """
    text = query.get(name)
    if not text:
        return default
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise _invalid(name, text, f"Provided {name} not an integer or within integer range")
    value = int(text[:20])
    if not at_least <= value <= _MAX_INT32:
        raise _invalid(
            name, text, f"Argument {name} must be an integer between {at_least} and {_MAX_INT32}"
        )
    return min(value, at_most)


def url_encoding_asked(query: Mapping[str, str]) -> bool:
    """Whether ``encoding-type=url`` is asked for.

    Raises:
        S3Error: ``InvalidArgument`` for any other encoding.
    """
    text = query.get("encoding-type")
    if text in (None, ""):
        return False
    if text != "url":
        raise _invalid("encoding-type", str(text), "Invalid Encoding Method specified in Request")
    return True


def boolean_argument(query: Mapping[str, str], name: str) -> bool:
    """``true`` or ``false``, absent meaning false."""
    return query.get(name, "").lower() == "true"


def version_id_argument(query: Mapping[str, str]) -> str | None:
    """The version that a request is about; None for the current one.

    Raises:
        S3Error: ``InvalidArgument`` for what cannot be the id of a version.
    """
    text = query.get("versionId")
    if text == "":
        raise _invalid("versionId", text, "Version id cannot be the empty string")
    return None if text is None else checked_version_id("versionId", text)


def checked_version_id(name: str, text: str) -> str:
    """``text`` if it can be the id of a version.

    Raises:
        S3Error: ``InvalidArgument``, naming the argument ``name``.
    """
    if text != NULL_VERSION_ID and not is_version_id(text):
        raise _invalid(name, text, "Invalid version id specified")
    return text


def to_token(position: str) -> str:
    """An opaque continuation token for a position in a listing."""
    return base64.urlsafe_b64encode(position.encode()).decode("ascii")


def from_token(token: str) -> str:
    """The position that :func:`to_token` was given.

    Raises:
        S3Error: ``InvalidArgument``, for a token that this store has not made.
    """
    try:
        position = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise _invalid(
            "continuation-token", token, "The continuation token provided is incorrect"
        ) from error
    if not position:
        raise _invalid("continuation-token", token, "The continuation token provided is incorrect")
    return position


def _invalid(name: str, value: str, message: str) -> S3Error:
    return S3Error("InvalidArgument", message, ArgumentName=name, ArgumentValue=value)
