from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.documents.tagging import (
    MAX_BUCKET_TAGS,
    MAX_OBJECT_TAGS,
    parse_tagging,
    parse_tagging_header,
    tagging,
)
from bleepstore.errors import S3Error
from tests.documents.parsing import as_botocore_reads

LETTERS = st.characters(categories=["L", "N", "Z"], include_characters="+-=._:/@")
TAG_SETS = st.dictionaries(
    st.text(LETTERS, min_size=1, max_size=128).filter(
        lambda key: not key.lower().startswith("aws:")
    ),
    st.text(LETTERS, max_size=256),
    max_size=MAX_OBJECT_TAGS,
)


def code_of(function: object, *arguments: object) -> str:
    assert callable(function)
    with pytest.raises(S3Error) as caught:
        function(*arguments)
    return caught.value.code


@given(TAG_SETS)
def test_tags_survive_as_a_document_and_as_a_header(tags: dict[str, str]) -> None:
    pairs = tuple(tags.items())
    assert parse_tagging(tagging(pairs), MAX_OBJECT_TAGS) == pairs
    assert parse_tagging_header(urlencode(pairs)) == pairs


def test_a_client_reads_the_document() -> None:
    found = as_botocore_reads("GetObjectTagging", tagging((("a", "1 <&"), ("b", ""))))
    assert found == {"TagSet": [{"Key": "a", "Value": "1 <&"}, {"Key": "b", "Value": ""}]}
    assert as_botocore_reads("GetBucketTagging", tagging(())) == {"TagSet": []}


def test_objects_and_buckets_have_their_own_limit() -> None:
    eleven = tagging([(f"k{number}", "") for number in range(11)])
    assert code_of(parse_tagging, eleven, MAX_OBJECT_TAGS) == "BadRequest"
    assert len(parse_tagging(eleven, MAX_BUCKET_TAGS)) == 11
    too_many = tagging([(f"k{number}", "") for number in range(51)])
    assert code_of(parse_tagging, too_many, MAX_BUCKET_TAGS) == "BadRequest"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("", "v"),
        ("k" * 129, "v"),
        ("k", "v" * 257),
        ("aws:k", "v"),
        ("AWS:k", "v"),
        ("k<", "v"),
        ("k", "v\n"),
        ("k", "v*"),
    ],
)
def test_tags_that_are_none(key: str, value: str) -> None:
    assert code_of(parse_tagging, tagging([(key, value)]), MAX_OBJECT_TAGS) == "InvalidTag"
    assert code_of(parse_tagging_header, urlencode([(key, value)])) == "InvalidTag"


def test_a_key_stands_once() -> None:
    twice = [("k", "1"), ("k", "2")]
    assert code_of(parse_tagging, tagging(twice), MAX_OBJECT_TAGS) == "InvalidTag"
    assert code_of(parse_tagging_header, urlencode(twice)) == "InvalidArgument"


@pytest.mark.parametrize("text", ["a=%ff", "&".join(f"k{n}=" for n in range(200))])
def test_a_header_that_is_no_query(text: str) -> None:
    assert code_of(parse_tagging_header, text) == "InvalidArgument"


def test_a_header_with_raw_bytes_is_no_tag() -> None:
    assert code_of(parse_tagging_header, b"k=\xff".decode("utf-8", "surrogateescape")) == (
        "InvalidTag"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Tagging/>",
        b"<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>",
        b"<Tagging><TagSet><Tag><Value>v</Value></Tag></TagSet></Tagging>",
    ],
)
def test_documents_that_are_no_tag_set(body: bytes) -> None:
    assert code_of(parse_tagging, body, MAX_OBJECT_TAGS) == "MalformedXML"


def test_an_empty_tag_set_is_one() -> None:
    assert parse_tagging(b"<Tagging><TagSet/></Tagging>", MAX_OBJECT_TAGS) == ()
    assert parse_tagging_header("") == ()
