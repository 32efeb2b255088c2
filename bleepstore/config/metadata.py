"""The section ``metadata``: where it is recorded what exists."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from attrs import field, frozen

from .kinds import PATH, choice
from .settings import about, checked, section


@frozen(field_transformer=checked)
class SqliteSection:
    """``metadata.sqlite``: the embedded database."""

    path: Path = field(
        default=Path("data/metadata.db"),
        metadata=about(PATH, "The database file. Its folder is made if it is not there."),
    )


@frozen(field_transformer=checked)
class MetadataSection:
    """``metadata``: where it is recorded what exists."""

    engine: Literal["sqlite"] = field(
        default="sqlite", metadata=about(choice("sqlite"), "Database engine: sqlite.")
    )
    sqlite: SqliteSection = field(
        factory=SqliteSection, metadata=section(SqliteSection, "The embedded database.")
    )
