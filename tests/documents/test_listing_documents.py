from __future__ import annotations

from urllib.parse import unquote

import pytest

from bleepstore.documents.listing import (
    Continuation,
    ListingRequest,
    list_objects_result,
    list_objects_v2_result,
)
from bleepstore.values import ListedObject, ListingPage, Owner
from tests.documents.parsing import as_botocore_reads

ANN, BOB = Owner("a" * 64, "Ann & Co"), Owner("b" * 64, "Bob")
PLAIN = ("a", "dir/file-1.txt", "x_y~z*")
AWKWARD = ("a", "a b+c%20", '<&">', "tab\tnewline\n", "\u00e9\U0001f600/", "dir/file-1.txt")


def listed(key: str, owner: Owner = ANN) -> ListedObject:
    return ListedObject(
        key, 3, "e" * 32, 1_700_000_000_123, "STANDARD", owner, (("crc64nvme", "FULL_OBJECT"),)
    )


@pytest.mark.parametrize("keys", [(), PLAIN, AWKWARD])
@pytest.mark.parametrize("url_encoded", [False, True])
def test_every_key_of_a_page_can_be_read_again(keys: tuple[str, ...], url_encoded: bool) -> None:
    page = ListingPage(tuple(listed(key) for key in keys))
    request = ListingRequest("bucket", url_encoded=url_encoded)
    document = list_objects_v2_result(request, page, Continuation(), fetch_owner=False)
    found = as_botocore_reads("ListObjectsV2", document).get("Contents", [])
    shown = [each["Key"] for each in found]
    assert [unquote(key) if url_encoded else key for key in shown] == list(keys)
    assert all("Owner" not in each for each in found)


def test_an_object_as_a_client_reads_it() -> None:
    page = ListingPage((listed("a"), listed("b", BOB), listed("c")))
    document = list_objects_result(ListingRequest("bucket"), page, marker="")
    found = as_botocore_reads("ListObjects", document)["Contents"]
    assert [each["Owner"]["DisplayName"] for each in found] == ["Ann & Co", "Bob", "Ann & Co"]
    assert found[0]["ETag"] == f'"{"e" * 32}"'
    assert found[0]["Size"] == 3
    assert found[0]["LastModified"].isoformat() == "2023-11-14T22:13:20+00:00"
    assert found[0]["ChecksumAlgorithm"] == ["CRC64NVME"]
    assert found[0]["ChecksumType"] == "FULL_OBJECT"
