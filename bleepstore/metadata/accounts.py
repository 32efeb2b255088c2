"""Accounts and their access keys."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen
from zope.interface import implementer

from ..clock import Clock
from ..interfaces import ICredentials, IDatabase, ITransaction
from ..values import Credential, Owner
from .transaction import as_parameter

_FIND = (
    "SELECT access_key, secret_key, account.owner_id, display_name, email, expires_ms "
    "FROM credential JOIN account ON account.owner_id = credential.owner_id "
    "WHERE access_key = ? AND credential.enabled = 1 AND account.enabled = 1"
)
_OWNER = "SELECT owner_id, display_name FROM account WHERE owner_id = ?"
_OWNER_BY_EMAIL = (
    "SELECT owner_id, display_name FROM account WHERE email = ? AND email <> '' "
    "ORDER BY owner_id LIMIT 1"
)
_PUT_ACCOUNT = (
    "INSERT INTO account (owner_id, display_name, email) VALUES (?, ?, ?) "
    "ON CONFLICT (owner_id) DO UPDATE "
    "SET display_name = excluded.display_name, email = excluded.email"
)
# An access key that an administrator has disabled stays so.
_PUT_CREDENTIAL = (
    "INSERT INTO credential (access_key, secret_key, owner_id, source, enabled, created_ms) "
    "VALUES (?, ?, ?, 'config', 1, ?) "
    "ON CONFLICT (access_key) DO UPDATE SET secret_key = excluded.secret_key, "
    "owner_id = excluded.owner_id, source = excluded.source"
)
_REMOVE_OTHERS = "DELETE FROM credential WHERE source = 'config' AND NOT access_key $in_list"


@frozen
class SeedCredentials:
    """The credentials of the configuration, and when they were read."""

    credentials: tuple[Credential, ...]
    now_ms: int


@implementer(ICredentials)
@frozen
class Accounts:
    """Who there is."""

    _database: IDatabase
    _clock: Clock = field(factory=Clock)

    async def find(self, access_key: str) -> Credential | None:
        """See :class:`~bleepstore.interfaces.ICredentials`."""
        found = await self._database.look_up("find_credential", _find, access_key)
        if found is None or 0 < found.expires_ms <= self._clock.now_ms():
            return None
        return found.credential

    async def by_owner_id(self, owner_id: str) -> Owner | None:
        """The account of a canonical user id; None if there is none."""
        return await self._database.read("find_owner", _find_owner, _OWNER, owner_id)

    async def by_email(self, email: str) -> Owner | None:
        """The account of an email address, spelled exactly so; None if there is none.

        Where the configuration gives one address to several accounts, the least id has it.
        """
        return await self._database.read("find_owner", _find_owner, _OWNER_BY_EMAIL, email)

    async def seed(self, credentials: Sequence[Credential], now_ms: int) -> None:
        """Make the credentials that come from the configuration those given here.

        Ones seeded earlier and no longer configured go away; accounts stay, since objects name
        them. Doing it again changes nothing.
        """
        command = SeedCredentials(tuple(credentials), now_ms)
        await self._database.write("seed_credentials", _seed, command)


@frozen
class _Found:
    """An enabled credential, and from when on it is not to be found; 0 for never."""

    credential: Credential
    expires_ms: int


def _find(txn: ITransaction, access_key: str) -> _Found | None:
    txn.execute(_FIND, (access_key,))
    row = txn.fetch_one()
    if row is None:
        return None
    access_key, secret_key, owner_id, display_name, email, expires_ms = row
    credential = Credential(access_key, secret_key, Owner(owner_id, display_name), email)
    return _Found(credential, expires_ms)


def _find_owner(txn: ITransaction, sql: str, wanted: str) -> Owner | None:
    txn.execute(sql, (wanted,))
    row = txn.fetch_one()
    return Owner(*row) if row else None


def _seed(txn: ITransaction, command: SeedCredentials) -> None:
    credentials = command.credentials
    txn.execute_many(
        _PUT_ACCOUNT, [(each.owner.id, each.owner.display_name, each.email) for each in credentials]
    )
    txn.execute_many(
        _PUT_CREDENTIAL,
        [(each.access_key, each.secret_key, each.owner.id, command.now_ms) for each in credentials],
    )
    txn.execute(_REMOVE_OTHERS, (as_parameter([each.access_key for each in credentials]),))
