"""``bleepstore-admin user``: who may use the store."""

from __future__ import annotations

import argparse

from attrs import asdict

from ...clock import Clock
from ...errors import NotPossible
from ...ids import new_access_key, new_owner_id, new_secret_key
from ...metadata.access_keys import CreateKey, NewKey
from ...metadata.users import CreateUser, EnableUser, User
from ...values import Owner
from .frame import CLEAN, Call, Commands
from .printing import show, show_json, show_table

_CREATE = """\
Creates a user, and an access key for it, whose secret is shown this once. The user can be used at
once. Names are free text; together with id and e-mail address, by which ACLs find users, they tell
users apart.
"""
_DISABLE = """\
Disables all keys of a user, without changing what each of them says itself. The daemon remembers
credentials for auth.cache_seconds (10, by default); a disabled key may work for that long.
"""
_REMOVE = """\
Removes a user who has no buckets, with all keys. Objects that the user has in buckets of others
keep the user's id: user create --id gives them back.
"""
_WHO = "name, e-mail address or id"


def add(commands: Commands) -> None:
    """Declare the commands."""
    users = commands.group("user", "users: who may use the store")
    users.add("list", _list, "list users, those of the configuration too")
    create = users.add("create", _create, "create a user, with a first access key", _CREATE)
    create.add_argument("name", metavar="NAME", help="shown as the owner's display name")
    create.add_argument(
        "--email", default="", metavar="ADDRESS", help="by which ACLs find the user"
    )
    create.add_argument("--id", metavar="ID", help="canonical user id; default: a new one")
    create.add_argument("--no-key", action="store_true", help="create no access key")
    for name, run, about, description in (
        ("disable", _disable, "let a user use no key any more", _DISABLE),
        ("enable", _enable, "let a disabled user use keys again", ""),
        ("remove", _remove, "remove a user who has no buckets", _REMOVE),
    ):
        users.add(name, run, about, description).add_argument("who", metavar="USER", help=_WHO)


def new_key() -> NewKey:
    """A key that nobody has yet."""
    return NewKey(new_access_key(), new_secret_key(), Clock().now_ms())


def show_secret(key: NewKey, options: argparse.Namespace, user: User | None = None) -> None:
    """Print a new key with its secret: nobody can ask for it again."""
    if options.json:
        document = {} if user is None else {"user": asdict(user)}
        show_json({"access_key": key.access_key, "secret_key": key.secret_key, **document})
    else:
        show(f"access key: {key.access_key}\nsecret key: {key.secret_key}")
        show("The secret is not shown again.")


async def _list(call: Call) -> int:
    users = await call.foundation.metadata.users.list()
    if call.options.json:
        show_json({"users": [asdict(user) for user in users]})
    else:
        show_table(
            ("NAME", "STATE", "KEYS", "SOURCE", "E-MAIL", "ID"),
            [
                (
                    user.name,
                    "enabled" if user.is_enabled else "disabled",
                    user.keys,
                    "configuration" if user.is_configured else "admin",
                    user.email or "-",
                    user.owner_id,
                )
                for user in users
            ],
        )
    return CLEAN


async def _create(call: Call) -> int:
    options, metadata = call.options, call.foundation.metadata
    owner = Owner(_checked(options.id or new_owner_id()), _checked(options.name))
    email = _checked(options.email) if options.email else ""
    user = await metadata.users.create(CreateUser(owner, email))
    if options.no_key:
        _show_user(call, user)
        return CLEAN
    key = new_key()
    await metadata.access_keys.create(CreateKey(user.owner_id, key))
    if not options.json:
        _show_user(call, user)
    show_secret(key, options, user)
    return CLEAN


def _checked(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > 256:
        raise NotPossible(
            "names, ids and e-mail addresses have 1 to 256 printable characters; choose another one"
        )
    return text


async def _disable(call: Call) -> int:
    return await _set_enabled(call, is_enabled=False)


async def _enable(call: Call) -> int:
    return await _set_enabled(call, is_enabled=True)


async def _set_enabled(call: Call, *, is_enabled: bool) -> int:
    command = EnableUser(call.options.who, is_enabled)
    _show_user(call, await call.foundation.metadata.users.enable(command))
    return CLEAN


async def _remove(call: Call) -> int:
    user = await call.foundation.metadata.users.remove(call.options.who)
    if call.options.json:
        show_json({"removed": asdict(user)})
    else:
        show(f"removed: {user.name} ({user.owner_id})")
    return CLEAN


def _show_user(call: Call, user: User) -> None:
    if call.options.json:
        show_json({"user": asdict(user)})
    else:
        state = "enabled" if user.is_enabled else "disabled"
        show(f"user: {user.name}\nid: {user.owner_id}\nstate: {state}")
