"""The access keys of the store as an administrator sees and changes them.

Keys that the configuration gives (``source = 'config'``) follow it at every start, and are shown
and left alone here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from ..errors import NotPossible
from ..interfaces import IDatabase, ITransaction
from .users import User, find_user

_KEYS = (
    "SELECT access_key, credential.owner_id, display_name, source, credential.enabled, "
    "created_ms, expires_ms "
    "FROM credential JOIN account ON account.owner_id = credential.owner_id "
)
_ORDER = "ORDER BY display_name, created_ms, access_key"
_ADD = (
    "INSERT INTO credential "
    "(access_key, secret_key, owner_id, source, enabled, created_ms, expires_ms) "
    "VALUES (?, ?, ?, 'admin', 1, ?, 0)"
)
_SET_ENABLED = "UPDATE credential SET enabled = ?, expires_ms = 0 WHERE access_key = ?"
_SET_SECRET = "UPDATE credential SET secret_key = ? WHERE access_key = ?"  # noqa: S105 - SQL
_EXPIRE = "UPDATE credential SET expires_ms = ? WHERE access_key = ?"
_REMOVE = "DELETE FROM credential WHERE access_key = ?"


@frozen
class AccessKey:
    """An access key without its secret.

    Attributes:
        source: ``config`` or ``admin``.
        expires_ms: from when on it cannot be used; 0 for never.
    """

    access_key: str
    owner_id: str
    user: str
    source: str
    is_enabled: bool
    created_ms: int
    expires_ms: int


@frozen
class NewKey:
    """A key and its secret, as they were made up."""

    access_key: str
    secret_key: str = field(repr=False)
    created_ms: int


@frozen
class CreateKey:
    """A key for a user, named as for :func:`~bleepstore.metadata.users.find_user`."""

    who: str
    key: NewKey


@frozen
class EnableKey:
    """A key that can, or cannot, be used from now on."""

    access_key: str
    is_enabled: bool


@frozen
class ChangeSecret:
    """A new secret for a key, in the place of the old one."""

    access_key: str
    secret_key: str = field(repr=False)


@frozen
class ReplaceKey:
    """A new key for the same user, and when the old one ends."""

    access_key: str
    key: NewKey
    expires_ms: int


@frozen
class AccessKeys:
    """Keys, and changes to them. Raises ``NotPossible`` where a change cannot be made."""

    _database: IDatabase

    async def list(self, who: str | None = None) -> Sequence[AccessKey]:
        """The keys of a user, or all, by the names of their users."""
        return await self._database.read("list_access_keys", _list, who)

    async def create(self, command: CreateKey) -> User:
        """Give a user one more key; answer who that is."""
        return await self._database.write("create_access_key", _create, command)

    async def enable(self, command: EnableKey) -> None:
        """Enable or disable a key. One that was to end no longer does by itself."""
        await self._database.write("enable_access_key", _enable, command)

    async def change_secret(self, command: ChangeSecret) -> None:
        """Replace a key's secret at once."""
        await self._database.write("change_secret", _change_secret, command)

    async def replace(self, command: ReplaceKey) -> None:
        """Give the user of a key another one, and let the key end."""
        await self._database.write("replace_access_key", _replace, command)

    async def remove(self, access_key: str) -> None:
        """Remove a key."""
        await self._database.write("remove_access_key", _remove, access_key)


def _list(txn: ITransaction, who: str | None) -> tuple[AccessKey, ...]:
    if who is None:
        txn.execute(_KEYS + _ORDER)
    else:
        owner_id = find_user(txn, who).owner_id
        txn.execute(f"{_KEYS} WHERE credential.owner_id = ? {_ORDER}", (owner_id,))
    return tuple(_row_to_key(row) for row in txn.fetch_all())


def _row_to_key(row: Sequence[Any]) -> AccessKey:
    access_key, owner_id, user, source, is_enabled, created_ms, expires_ms = row
    return AccessKey(access_key, owner_id, user, source, bool(is_enabled), created_ms, expires_ms)


def _create(txn: ITransaction, command: CreateKey) -> User:
    user = find_user(txn, command.who)
    _add(txn, user.owner_id, command.key)
    return user


def _add(txn: ITransaction, owner_id: str, key: NewKey) -> None:
    txn.execute(_ADD, (key.access_key, key.secret_key, owner_id, key.created_ms))


def _enable(txn: ITransaction, command: EnableKey) -> None:
    key = _changeable(txn, command.access_key)
    txn.execute(_SET_ENABLED, (int(command.is_enabled), key.access_key))


def _change_secret(txn: ITransaction, command: ChangeSecret) -> None:
    key = _changeable(txn, command.access_key)
    txn.execute(_SET_SECRET, (command.secret_key, key.access_key))


def _replace(txn: ITransaction, command: ReplaceKey) -> None:
    key = _changeable(txn, command.access_key)
    _add(txn, key.owner_id, command.key)
    txn.execute(_EXPIRE, (command.expires_ms, key.access_key))


def _remove(txn: ITransaction, access_key: str) -> None:
    txn.execute(_REMOVE, (_changeable(txn, access_key).access_key,))


def _changeable(txn: ITransaction, access_key: str) -> AccessKey:
    txn.execute(f"{_KEYS} WHERE access_key = ?", (access_key,))
    row = txn.fetch_one()
    if row is None:
        raise NotPossible(f"there is no key {access_key}; see: bleepstore-admin key list")
    key = _row_to_key(row)
    if key.source == "config":
        raise NotPossible(
            f"{access_key} is a key of the configuration; change it there (auth) and restart the "
            "daemon"
        )
    return key
