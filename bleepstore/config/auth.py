"""The section ``auth``: who may use the store, and under which account."""

from __future__ import annotations

import hashlib
from typing import Literal

from attrs import field, frozen

from ..values import Credential, Owner
from .kinds import DURATION, choice, text
from .settings import about, checked, sections

DEFAULT_ACCESS_KEY = "bleepstore"
DEFAULT_SECRET_KEY = "bleepstore-secret"  # noqa: S105 - documented, and for loopback only

_ACCESS_KEY = text("an access key (quote it if it looks like a number)")
_SECRET_KEY = text("a secret key (quote it if it looks like a number)", is_secret=True)


@frozen(field_transformer=checked)
class UserSection:
    """One entry of ``auth.users``. Unset optional fields are derived from the access key."""

    access_key: str = field(metadata=about(_ACCESS_KEY, "Access key id."))
    secret_key: str = field(repr=False, metadata=about(_SECRET_KEY, "Secret access key."))
    owner_id: str | None = field(
        default=None,
        metadata=about(
            text("an owner id"),
            "Canonical user id, the owner of what this user creates. Users with the same one are "
            "one account. Default: 64 hexadecimal digits derived from the access key.",
        ),
    )
    display_name: str | None = field(
        default=None,
        metadata=about(text("a name"), "Name shown with the owner id. Default: the access key."),
    )
    email: str | None = field(
        default=None,
        metadata=about(text("an e-mail address"), "E-mail address, by which ACLs can name a user."),
    )

    @property
    def credential(self) -> Credential:
        """The user with everything derived that was not set."""
        owner_id = self.owner_id or derive_owner_id(self.access_key)
        owner = Owner(owner_id, self.display_name or self.access_key)
        return Credential(self.access_key, self.secret_key, owner, self.email or "")


@frozen(field_transformer=checked)
class AuthSection:
    """``auth``: who may use the store."""

    access_key: str | None = field(
        default=None,
        metadata=about(
            _ACCESS_KEY,
            "Access key id of the first user. While neither it nor a user below is set, "
            f"{DEFAULT_ACCESS_KEY} with the secret {DEFAULT_SECRET_KEY} is in use. Either is the same "
            "account: it keeps its buckets when its key is set or changed.",
        ),
    )
    secret_key: str | None = field(
        default=None,
        repr=False,
        metadata=about(_SECRET_KEY, "Secret access key of the first user."),
    )
    users: tuple[UserSection, ...] = field(
        default=(),
        metadata=sections(
            UserSection,
            "Further users: a list of mappings with these keys, of which the first two are required.",
        ),
    )
    cache_seconds: float = field(
        default=10.0,
        metadata=about(
            DURATION,
            "Seconds for which a looked-up credential is remembered; a key that was disabled "
            "may work for that long.",
        ),
    )
    default_object_ownership: Literal[
        "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"
    ] = field(
        default="BucketOwnerEnforced",
        metadata=about(
            choice("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
            "Object ownership of new buckets that ask for none. BucketOwnerEnforced: ACLs are off, "
            "and the bucket's owner owns every object. BucketOwnerPreferred: objects uploaded with "
            "the ACL bucket-owner-full-control become the bucket owner's. ObjectWriter: each "
            "object belongs to whoever uploaded it.",
        ),
    )


def derive_owner_id(access_key: str) -> str:
    """A canonical user id: 64 hexadecimal digits, always the same for the same access key."""
    return hashlib.sha256(b"bleepstore owner " + access_key.encode("utf-8")).hexdigest()


FIRST_OWNER_ID = derive_owner_id(DEFAULT_ACCESS_KEY)
"""The account of ``auth.access_key``, and of the well-known credentials before that is set."""
