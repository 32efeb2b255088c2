"""Accounts and their access keys."""

from __future__ import annotations

import pytest_twisted

from bleepstore.interfaces import ICredentials, ITransaction
from bleepstore.metadata.store import Store
from bleepstore.values import Credential, Owner
from tests.metadata.samples import ANN, BOB

_ADMIN = "INSERT INTO credential VALUES ('AKADMIN', 's', 'ann-id', 'admin', 1, 0, 0)"
_DISABLE = "UPDATE credential SET enabled = 0 WHERE access_key = 'AKANN'"


def run(txn: ITransaction, sql: str) -> None:
    txn.execute(sql)


@pytest_twisted.ensureDeferred
async def test_find_gives_secret_and_owner(store: Store) -> None:
    credential = Credential("AKBOB", "sesame", BOB, "bob@example.com")
    await store.accounts.seed([credential], 1)
    assert await store.accounts.find("AKBOB") == credential
    assert await store.accounts.find("akbob") is None
    assert ICredentials.providedBy(store.accounts)


@pytest_twisted.ensureDeferred
async def test_seed_follows_the_configuration(store: Store) -> None:
    await store.accounts.seed([Credential("AKBOB", "old", BOB)], 1)
    assert await store.accounts.find("AKANN") is None  # no longer configured
    renamed = Credential("AKBOB", "new", Owner(BOB.id, "Robert"))
    await store.accounts.seed([renamed], 2)
    assert await store.accounts.find("AKBOB") == renamed
    assert await store.accounts.by_owner_id(BOB.id) == Owner(BOB.id, "Robert")
    assert await store.accounts.by_owner_id(ANN.id) == ANN  # objects may name her


@pytest_twisted.ensureDeferred
async def test_seed_leaves_what_an_administrator_made(store: Store) -> None:
    await store.database.write("test", run, _ADMIN)
    await store.accounts.seed([], 2)
    assert await store.accounts.find("AKADMIN") is not None


@pytest_twisted.ensureDeferred
async def test_a_disabled_key_is_not_found_and_a_restart_does_not_enable_it(store: Store) -> None:
    await store.database.write("test", run, _DISABLE)
    assert await store.accounts.find("AKANN") is None
    await store.accounts.seed([Credential("AKANN", "secret", ANN)], 2)
    assert await store.accounts.find("AKANN") is None


@pytest_twisted.ensureDeferred
async def test_nobody_has_an_unknown_id(store: Store) -> None:
    assert await store.accounts.by_owner_id("nobody") is None


@pytest_twisted.ensureDeferred
async def test_an_account_is_found_by_its_email(store: Store) -> None:
    with_email = Credential("AKBOB", "secret", BOB, "bob@example.com")
    without = Credential("AKANN", "secret", ANN)
    await store.accounts.seed([with_email, without], 1)
    assert await store.accounts.by_email("bob@example.com") == BOB
    assert await store.accounts.by_email("ann@example.com") is None
    assert await store.accounts.by_email("") is None
