"""Who asks: accounts, their access keys, and what a signed form lets a browser do."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


@frozen
class Owner:
    """An account as S3 shows it. ``id`` is S3's canonical user id."""

    id: str
    display_name: str = ""


@frozen
class Credential:
    """An access key and the account that it acts for."""

    access_key: str
    secret_key: str = field(repr=False)
    owner: Owner
    email: str = ""


@frozen
class Principal:
    """Who makes a request. Anonymous requests have no owner."""

    owner: Owner | None = None
    access_key: str | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.owner is None


ANONYMOUS = Principal()


@frozen
class PostedForm:
    """A browser's form that uploads a file, as far as its policy allows it.

    Attributes:
        fields: lower-case name → value, of the fields before the file.
        min_size_bytes, max_size_bytes: of the file, as the policy says; None for no limit.
    """

    fields: Mapping[str, str] = field(repr=False)
    min_size_bytes: int = 0
    max_size_bytes: int | None = None
