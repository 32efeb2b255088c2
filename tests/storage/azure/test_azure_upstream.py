"""The azure upstream against Azurite, with Microsoft's own library looking at what is there."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
import pytest_twisted
from azure.storage.blob import (
    BlobBlock,
    ContainerClient,
    ContentSettings,
    generate_container_sas,
)

from bleepstore.config.gateways import AzureSection, UpstreamSection
from bleepstore.errors import BlobChanged, BlobMissing, ConfigError, RangeRefused
from bleepstore.storage.azure import assembly
from bleepstore.storage.azure.upstream import AzureUpstream
from bleepstore.storage.remote.upstream import Piece
from bleepstore.streams.threads import Threads
from bleepstore.values import Appearance
from tests.storage.backing import means
from tests.storage.remote.reading import NAMES, read, some_bytes, walk
from tests.upstreams import azure

MIB = 1024 * 1024

APPEARANCE = Appearance(
    {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "max-age=60",
        "content-encoding": "identity",
        "content-language": "de",
        "content-disposition": 'attachment; filename="a.txt"',
    },
    {"plain": "as it is", "with-hyphen": "Grüße", "s3_odd": "", "a1": "x", "a_b": "y"},
)


@pytest.mark.parametrize("name", NAMES)
@pytest_twisted.ensureDeferred
async def test_a_name_is_the_same_to_everybody(
    upstream: AzureUpstream, container: ContainerClient, name: str
) -> None:
    assert upstream.fits(name)
    tag = await upstream.put(name, b"content", Appearance())
    assert [blob.name for blob in container.list_blobs()] == [name]
    assert container.download_blob(name).readall() == b"content"
    assert [standing.name for standing in await walk(upstream, name[:3])] == [name]
    assert await read(upstream, name, 0, 7, tag) == b"content"
    copied = await upstream.assemble(name + "-copy", [Piece(name, tag, 0, 7, 7)], Appearance())
    assert await read(upstream, name + "-copy", 0, 7, copied) == b"content"
    await upstream.delete([name, name + "-copy", "never"])
    assert list(container.list_blobs()) == []


@pytest_twisted.ensureDeferred
async def test_an_appearance_is_seen_by_others_and_comes_back(
    upstream: AzureUpstream, container: ContainerClient
) -> None:
    content = b"hello"
    tag = await upstream.put("a", content, APPEARANCE)
    properties = container.get_blob_client("a").get_blob_properties()
    settings = properties.content_settings
    assert settings.content_type == "text/plain; charset=utf-8"
    assert settings.cache_control == "max-age=60"
    assert settings.content_encoding == "identity"
    assert settings.content_language == "de"
    assert settings.content_disposition == 'attachment; filename="a.txt"'
    assert properties.metadata["plain"] == "as it is"
    assert properties.etag.strip('"') == tag
    found = await upstream.look("a")
    assert found is not None
    assert found.appearance == APPEARANCE
    assert found.etag == hashlib.md5(content).hexdigest()
    assert (found.name, found.size_bytes, found.tag) == ("a", 5, tag)
    assert found.last_modified_ms == properties.last_modified.timestamp() * 1000
    assert await walk(upstream, "") == [found]
    assert await upstream.look("b") is None


@pytest_twisted.ensureDeferred
async def test_a_blob_of_somebody_elses_is_seen_as_it_is(
    upstream: AzureUpstream, container: ContainerClient
) -> None:
    client = container.get_blob_client("theirs")
    client.stage_block("YQ==", b"one ")
    client.stage_block("Yg==", b"two")
    client.commit_block_list(
        [BlobBlock("YQ=="), BlobBlock("Yg==")],
        content_settings=ContentSettings(content_type="text/css"),
        metadata={"CamelCase": "yes"},
    )
    found = await upstream.look("theirs")
    assert found is not None
    assert found.size_bytes == 7
    assert found.etag.endswith("-1")
    assert found.appearance == Appearance({"content-type": "text/css"}, {"camelcase": "yes"})
    assert await read(upstream, "theirs", 2, 4, found.tag) == b"e tw"


@pytest_twisted.ensureDeferred
async def test_a_large_blob_is_sent_in_blocks(
    upstream: AzureUpstream, container: ContainerClient
) -> None:
    content = some_bytes(5 * MIB + 17)
    upload = await upstream.begin("large", 2 * MIB)
    for start in range(0, len(content), 2 * MIB):
        await upload.write(content[start : start + 2 * MIB])
        assert await upstream.look("large") is None
    tag = await upload.finish()
    assert container.download_blob("large").readall() == content
    md5 = container.get_blob_client("large").get_blob_properties().content_settings.content_md5
    assert bytes(md5 or b"") == hashlib.md5(content).digest()
    assert await read(upstream, "large", 0, len(content), tag) == content
    assert await read(upstream, "large", 2 * MIB - 1, 5000, tag) == content[2 * MIB - 1 :][:5000]


@pytest_twisted.ensureDeferred
async def test_an_aborted_upload_leaves_nothing(
    upstream: AzureUpstream, container: ContainerClient
) -> None:
    upload = await upstream.begin("gone", MIB)
    await upload.write(b"x" * MIB)
    await upload.abort()
    await upload.abort()
    assert list(container.list_blobs(include=["uncommittedblobs"])) == []
    untouched = await upstream.begin("other", MIB)
    await untouched.abort()
    assert list(container.list_blobs(include=["uncommittedblobs"])) == []


@pytest_twisted.ensureDeferred
async def test_uploads_that_a_crash_left_are_let_go_of(
    upstream: AzureUpstream, container: ContainerClient
) -> None:
    for name in ("stray/1", "stray/2", "other"):
        await (await upstream.begin(name, MIB)).write(b"x")
    await upstream.put("stray/whole", b"", Appearance())
    assert await upstream.abort_strays("stray/", 0) == 0
    assert await upstream.abort_strays("stray/", None) == 2
    left = container.list_blobs(include=["uncommittedblobs"])
    assert [blob.name for blob in left] == ["other", "stray/whole"]


@pytest_twisted.ensureDeferred
async def test_an_empty_upload_is_an_empty_blob(upstream: AzureUpstream) -> None:
    upload = await upstream.begin("empty", MIB)
    tag = await upload.finish()
    found = await upstream.look("empty")
    assert found is not None
    assert found.size_bytes == 0
    assert await read(upstream, "empty", 0, 0, tag) == b""


@pytest_twisted.ensureDeferred
async def test_reading_tells_what_is_missing_from_what_has_changed(
    upstream: AzureUpstream,
) -> None:
    old = await upstream.put("a", b"old", Appearance())
    new = await upstream.put("a", b"new!", Appearance())
    assert await read(upstream, "a", 1, 2, new) == b"ew"
    for length in (0, 3):
        with pytest.raises(BlobChanged):
            await upstream.open("a", old, 0, length)
        with pytest.raises(BlobMissing):
            await upstream.open("b", None, 0, length)
    # Azurite answers with an empty range where Azure refuses the one right behind the end.
    for offset, length in ((0, 5), (3, 2), (4, 1), (5, 0)):
        with pytest.raises(BlobMissing):
            await upstream.open("a", None, offset, length)
    with pytest.raises(RangeRefused):
        await upstream.open("a", None, 100, 1)


@pytest_twisted.ensureDeferred
async def test_only_the_state_that_is_meant_is_deleted(upstream: AzureUpstream) -> None:
    old = await upstream.put("a", b"old", Appearance())
    new = await upstream.put("a", b"new", Appearance())
    await upstream.delete_if("a", old)
    assert await upstream.look("a") is not None
    await upstream.delete_if("a", new)
    assert await upstream.look("a") is None
    await upstream.delete_if("a", new)


@pytest_twisted.ensureDeferred
async def test_snapshots_of_somebody_elses_do_not_keep_a_blob(
    upstream: AzureUpstream, container: ContainerClient
) -> None:
    await upstream.put("a", b"old", Appearance())
    container.get_blob_client("a").create_snapshot()
    await upstream.delete(["a"])
    assert list(container.list_blobs(include=["snapshots"])) == []


@pytest_twisted.ensureDeferred
async def test_pieces_are_put_together(
    upstream: AzureUpstream, container: ContainerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "_BLOCK_BYTES", 300)
    one, two = some_bytes(1000), some_bytes(999)
    tag = await upstream.put("one", one, Appearance())
    await upstream.put("two", two, Appearance())
    pieces = [
        Piece("one", tag, 10, 700, 1000),
        Piece("two", None, 0, 0, 999),
        Piece("two", None, 998, 1, 999),
        Piece("one", tag, 0, 1000, 1000),
    ]
    made = await upstream.assemble("target", pieces, APPEARANCE)
    found = await upstream.look("target")
    assert found is not None
    assert (found.tag, found.appearance) == (made, APPEARANCE)
    assert container.download_blob("target").readall() == one[10:710] + two[998:] + one


@pytest_twisted.ensureDeferred
async def test_the_copy_of_a_whole_blob_has_its_md5(upstream: AzureUpstream) -> None:
    content = some_bytes(3 * MIB)
    upload = await upstream.begin("one", 2 * MIB)
    await upload.write(content[: 2 * MIB])
    await upload.write(content[2 * MIB :])
    tag = await upload.finish()
    pieces = [Piece("one", tag, 0, len(content), len(content))]
    await upstream.assemble("copy", pieces, Appearance())
    found = await upstream.look("copy")
    assert found is not None
    assert found.etag == hashlib.md5(content).hexdigest()


@pytest_twisted.ensureDeferred
async def test_nothing_is_put_together_to_an_empty_blob(upstream: AzureUpstream) -> None:
    await upstream.put("a", b"old", Appearance())
    tag = await upstream.assemble("a", [], APPEARANCE)
    found = await upstream.look("a")
    assert found is not None
    assert (found.size_bytes, found.tag, found.appearance) == (0, tag, APPEARANCE)


@pytest_twisted.ensureDeferred
async def test_a_piece_that_is_not_there_makes_nothing(upstream: AzureUpstream) -> None:
    old = await upstream.put("a", b"old", Appearance())
    await upstream.put("a", b"new", Appearance())
    for piece in (
        Piece("a", old, 0, 2, 3),
        Piece("a", old, 0, 3, 3),
        Piece("b", None, 0, 2, 3),
        Piece("b", None, 0, 3, 3),
    ):
        with pytest.raises(BlobMissing):
            await upstream.assemble("target", [piece], Appearance())
        assert await upstream.look("target") is None


@pytest_twisted.ensureDeferred
async def test_an_object_can_be_made_of_itself(upstream: AzureUpstream) -> None:
    tag = await upstream.put("a", b"content", Appearance())
    made = await upstream.assemble("a", [Piece("a", tag, 0, 7, 7)], APPEARANCE)
    assert made != tag
    assert await read(upstream, "a", 0, 7, made) == b"content"


@pytest_twisted.ensureDeferred
async def test_walking_goes_through_all_pages_in_order(
    upstream: AzureUpstream, container: ContainerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bleepstore.storage.azure.upstream._PAGE_BLOBS", 2)
    names = ["p/a", "p/a/b", "p/ü", "p/z", "p/🪣"]
    for name in [*names, "other", "q"]:
        await upstream.put(name, name.encode(), Appearance())
    container.upload_blob("p/folder", b"", metadata={"hdi_isfolder": "true"})
    assert [each.name for each in await walk(upstream, "p/")] == sorted(names)
    assert [each.name for each in await walk(upstream, "p/", "p/a/b")] == sorted(names)[2:]
    assert await walk(upstream, "nothing") == []


def test_names_that_azure_changes_do_not_fit() -> None:
    fits = AzureUpstream.fits
    nowhere: AzureUpstream = object.__new__(AzureUpstream)
    bad = ["", "a/", "a/./b", "../a", "a.", "a./b", "a\\b", "a\rb", "\x7f", "\ue000", "\uffff"]
    assert [name for name in bad if fits(nowhere, name)] == []
    assert not fits(nowhere, "x" * 1025)
    assert not fits(nowhere, "🪣" * 513)
    assert fits(nowhere, "🪣" * 512)
    assert fits(nowhere, "/".join("x" * 254))
    assert not fits(nowhere, "/".join("x" * 255))


@pytest_twisted.ensureDeferred
async def test_a_sas_is_enough(
    container: ContainerClient, threads: Threads, tmp_path: Path
) -> None:
    sas = generate_container_sas(
        azure.ACCOUNT,
        container.container_name,
        account_key=azure.KEY,
        permission="racwdl",
        expiry="2100-01-01T00:00:00Z",
    )
    section = AzureSection(
        container=container.container_name,
        sas_token="?" + sas,
        endpoint_url=azure.running().endpoint,
    )
    upstream = AzureUpstream(section, UpstreamSection(), means(threads, tmp_path), {})
    await upstream.start()
    tag = await upstream.put("a", b"content", APPEARANCE)
    assert await read(upstream, "a", 0, 7, tag) == b"content"
    await upstream.assemble("b", [Piece("a", tag, 0, 7, 7)], APPEARANCE)
    assert [each.name for each in await walk(upstream, "")] == ["a", "b"]
    await upstream.delete(["a", "b"])
    await upstream.stop()


@pytest_twisted.ensureDeferred
async def test_what_is_wrong_at_the_start_is_named(
    container: ContainerClient, threads: Threads, tmp_path: Path
) -> None:
    name, endpoint = container.container_name, azure.running().endpoint
    wrong_key = base64.b64encode(b"wrong").decode()
    for section, key in (
        (AzureSection("absent", azure.ACCOUNT, None, None, azure.KEY), "container"),
        (AzureSection(name, azure.ACCOUNT, None, None, wrong_key), "account_key"),
        (AzureSection(name, None, None, None, None, "sv=2021-12-02&sig=x"), "sas_token"),
    ):
        placed = AzureSection(
            section.container,
            section.account,
            None,
            None,
            section.account_key,
            section.sas_token,
            endpoint_url=endpoint,
        )
        upstream = AzureUpstream(placed, UpstreamSection(), means(threads, tmp_path), {})
        with pytest.raises(ConfigError) as caught:
            await upstream.start()
        assert caught.value.key_path == f"storage.azure.{key}"
        assert "sig=" not in str(caught.value)
        await upstream.stop()
