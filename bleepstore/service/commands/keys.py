"""``bleepstore-admin key``: access keys of users."""

from __future__ import annotations

import argparse
import re
from typing import Any

from attrs import asdict

from ...clock import Clock
from ...ids import new_secret_key
from ...metadata.access_keys import (
    AccessKey,
    ChangeSecret,
    CreateKey,
    EnableKey,
    NewKey,
    ReplaceKey,
)
from .frame import CLEAN, Call, Commands
from .printing import show, show_json, show_table, time
from .users import new_key, show_secret

_ROTATE = """\
Without --grace, the key keeps its id and gets a new secret; the old secret works for at most
auth.cache_seconds more. With --grace, the user gets a new key, and the old one works on for that
long, so that all programs can be changed in time: 30m, 24h, 7d, or a number of seconds.
"""
_DISABLE = """\
Disables a key. The daemon remembers credentials for auth.cache_seconds (10, by default); the key
may work for that long.
"""
_CREATE = "Creates an access key for a user, whose secret is shown this once."
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def add(commands: Commands) -> None:
    """Declare the commands."""
    keys = commands.group("key", "access keys of users")
    listing = keys.add("list", _list, "list access keys, without their secrets")
    listing.add_argument("who", nargs="?", metavar="USER", help="only keys of this user")
    create = keys.add("create", _create, "create an access key for a user", _CREATE)
    create.add_argument("who", metavar="USER", help="name, e-mail address or id")
    for name, run, about, description in (
        ("disable", _disable, "disable a key", _DISABLE),
        ("enable", _enable, "enable a disabled key", ""),
        ("rotate", _rotate, "give a key a new secret, or a successor", _ROTATE),
        ("remove", _remove, "remove a key", ""),
    ):
        parser = keys.add(name, run, about, description)
        parser.add_argument("key", metavar="KEY", help="the access key id")
        if name == "rotate":
            parser.add_argument(
                "--grace", type=_duration, metavar="TIME", help="how long the old key works on"
            )


def _duration(text: str) -> int:
    """Seconds."""
    match = re.fullmatch(r"(\d{1,9})([smhd]?)", text)
    if match is None:
        raise argparse.ArgumentTypeError("expected a time such as 30m, 24h or 7d")
    return int(match[1]) * _SECONDS[match[2]]


async def _list(call: Call) -> int:
    keys = await call.foundation.metadata.access_keys.list(call.options.who)
    if call.options.json:
        show_json({"keys": [_as_document(key) for key in keys]})
    else:
        show_table(
            ("KEY", "USER", "STATE", "SOURCE", "CREATED", "ENDS"),
            [
                (
                    key.access_key,
                    key.user,
                    _state(key),
                    key.source,
                    time(key.created_ms),
                    time(key.expires_ms),
                )
                for key in keys
            ],
        )
    return CLEAN


def _state(key: AccessKey) -> str:
    if not key.is_enabled:
        return "disabled"
    return "ended" if 0 < key.expires_ms <= Clock().now_ms() else "enabled"


def _as_document(key: AccessKey) -> dict[str, Any]:
    return {**asdict(key), "state": _state(key)}


async def _create(call: Call) -> int:
    key = new_key()
    user = await call.foundation.metadata.access_keys.create(CreateKey(call.options.who, key))
    show_secret(key, call.options, user)
    return CLEAN


async def _disable(call: Call) -> int:
    return await _set_enabled(call, is_enabled=False)


async def _enable(call: Call) -> int:
    return await _set_enabled(call, is_enabled=True)


async def _set_enabled(call: Call, *, is_enabled: bool) -> int:
    access_key = call.options.key
    await call.foundation.metadata.access_keys.enable(EnableKey(access_key, is_enabled))
    _report(call, access_key, "enabled" if is_enabled else "disabled")
    return CLEAN


async def _rotate(call: Call) -> int:
    options, keys = call.options, call.foundation.metadata.access_keys
    if options.grace is None:
        key = NewKey(options.key, new_secret_key(), Clock().now_ms())
        await keys.change_secret(ChangeSecret(key.access_key, key.secret_key))
    else:
        key = new_key()
        expires_ms = key.created_ms + options.grace * 1000
        await keys.replace(ReplaceKey(options.key, key, expires_ms))
    show_secret(key, options)
    return CLEAN


async def _remove(call: Call) -> int:
    await call.foundation.metadata.access_keys.remove(call.options.key)
    _report(call, call.options.key, "removed")
    return CLEAN


def _report(call: Call, access_key: str, state: str) -> None:
    if call.options.json:
        show_json({"access_key": access_key, "state": state})
    else:
        show(f"{state}: {access_key}")
