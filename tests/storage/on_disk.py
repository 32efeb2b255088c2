"""What the local backend has on the disk, as its folder tells."""

from __future__ import annotations

from pathlib import Path

from bleepstore.ids import is_blob_id
from bleepstore.storage.locators import file_locator, pack_locator
from bleepstore.storage.pack_folder import open_pack
from bleepstore.storage.pack_format import find_stretches, has_content
from bleepstore.storage.pack_notes import read_notes


def blobs_on_disk(root: Path) -> list[str]:
    """The locators of all blobs, and the names of packs with bytes that belong to none."""
    found = [file_locator(path.name) for path in (root / "blobs").rglob("*") if path.is_file()]
    for path in root.glob("packs/*"):
        found += blobs_in(path)
    return found


def blobs_in(pack: Path) -> list[str]:
    """The locators of the blobs in a pack; its name if it has bytes and no blob."""
    try:
        with open_pack(pack, "rb") as file:
            blocks = [each.block for each in find_stretches(file.fileno(), pack.name)]
            if not blocks and has_content(file.fileno()):
                return [pack.name]
    except FileNotFoundError:
        return []  # the last blob has just gone
    return [pack_locator(pack.name, block) for block in blocks]


def unsettled_on_disk(root: Path) -> list[str]:
    """What is on its way in, whoever brings it."""
    names = root.glob("incoming/*/*")
    found = [file_locator(path.name) for path in names if path.name != "lock"]
    for path in root.glob("arriving-packs/*/*"):
        if is_blob_id(path.name):
            settled = {pack_locator(path.name, block) for block in read_notes(path)}
            found += set(blobs_in(root / "packs" / path.name)) - settled
    return found
