"""The users of the store as an administrator sees and changes them.

A user is an account with access keys. Users whom the configuration names are shown and left alone:
what they are is decided there, at every start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from ..errors import NotPossible
from ..interfaces import IDatabase, ITransaction
from ..values import Owner

_COLUMNS = (
    "account.owner_id, display_name, email, account.enabled, count(access_key), "
    "coalesce(max(CASE WHEN source = 'config' THEN 1 ELSE 0 END), 0)"
)
_USERS = (
    f"SELECT {_COLUMNS} FROM account "
    "LEFT JOIN credential ON credential.owner_id = account.owner_id "
)
_GROUP = "GROUP BY account.owner_id, display_name, email, account.enabled ORDER BY 2, 1"
_NAMED = "WHERE account.owner_id = ? OR display_name = ? OR (email = ? AND email <> '') "
_ADD = "INSERT INTO account (owner_id, display_name, email, enabled) VALUES (?, ?, ?, 1)"
_SET_ENABLED = "UPDATE account SET enabled = ? WHERE owner_id = ?"
_BUCKETS = "SELECT count(*) FROM bucket WHERE owner_id = ?"
_REMOVE_KEYS = "DELETE FROM credential WHERE owner_id = ?"
_REMOVE = "DELETE FROM account WHERE owner_id = ?"


@frozen
class User:
    """An account.

    Attributes:
        is_enabled: whether any of its keys can be used.
        is_configured: whether the configuration names it.
        keys: how many access keys it has.
    """

    owner_id: str
    name: str
    email: str
    is_enabled: bool
    is_configured: bool
    keys: int


@frozen
class CreateUser:
    """A user who is to be, with a new or a former canonical user id."""

    owner: Owner
    email: str = ""


@frozen
class EnableUser:
    """A user who may, or may not, use keys from now on.

    Attributes:
        who: as for :func:`find_user`.
    """

    who: str
    is_enabled: bool


@frozen
class Users:
    """Who there is, and changes to it. Raises ``NotPossible`` where a change cannot be made."""

    _database: IDatabase

    async def list(self) -> Sequence[User]:
        """Everybody, by name."""
        return await self._database.read("list_users", _list)

    async def create(self, command: CreateUser) -> User:
        """Add a user without keys; nobody else has the name, the id or the address."""
        return await self._database.write("create_user", _create, command)

    async def enable(self, command: EnableUser) -> User:
        """Let a user use keys, or none; what each key says itself stays."""
        return await self._database.write("enable_user", _enable, command)

    async def remove(self, who: str) -> User:
        """Remove a user who has no buckets, with all keys.

        Objects in buckets of others keep the user's id; who is created with that id again has
        them again.
        """
        return await self._database.write("remove_user", _remove, who)


def find_user(txn: ITransaction, who: str) -> User:
    """The user of this name, e-mail address or canonical user id.

    Raises:
        NotPossible: there is none, or there are several.
    """
    txn.execute(_USERS + _NAMED + _GROUP, (who, who, who))
    users = [_row_to_user(row) for row in txn.fetch_all()]
    if len(users) > 1:
        ids = ", ".join(user.owner_id for user in users)
        raise NotPossible(f"several users are called {who}; give one of their ids: {ids}")
    if not users:
        raise NotPossible(f"there is no user {who}; see: bleepstore-admin user list")
    return users[0]


def _row_to_user(row: Sequence[Any]) -> User:
    owner_id, name, email, is_enabled, keys, is_configured = row
    return User(owner_id, name, email, bool(is_enabled), bool(is_configured), keys)


def _list(txn: ITransaction) -> tuple[User, ...]:
    txn.execute(_USERS + _GROUP)
    return tuple(_row_to_user(row) for row in txn.fetch_all())


def _create(txn: ITransaction, command: CreateUser) -> User:
    owner, email = command.owner, command.email
    for taken in filter(None, (owner.id, owner.display_name, email)):
        txn.execute(_USERS + _NAMED + _GROUP, (taken, taken, taken))
        if txn.fetch_one():
            raise NotPossible(f"there is a user {taken} already; choose another name, id or e-mail")
    txn.execute(_ADD, (owner.id, owner.display_name, email))
    return find_user(txn, owner.id)


def _enable(txn: ITransaction, command: EnableUser) -> User:
    user = _changeable(txn, command.who)
    txn.execute(_SET_ENABLED, (int(command.is_enabled), user.owner_id))
    return find_user(txn, user.owner_id)


def _remove(txn: ITransaction, who: str) -> User:
    user = _changeable(txn, who)
    txn.execute(_BUCKETS, (user.owner_id,))
    (buckets,) = txn.fetch_one()
    if buckets:
        raise NotPossible(
            f"{user.name} owns {buckets} buckets; delete them first, or: "
            f"bleepstore-admin user disable {who}"
        )
    txn.execute(_REMOVE_KEYS, (user.owner_id,))
    txn.execute(_REMOVE, (user.owner_id,))
    return user


def _changeable(txn: ITransaction, who: str) -> User:
    user = find_user(txn, who)
    if user.is_configured:
        raise NotPossible(
            f"{user.name} is a user of the configuration; change it there (auth) and restart the "
            "daemon"
        )
    return user
