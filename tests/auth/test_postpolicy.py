from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bleepstore.auth.postpolicy import Condition, parse_policy
from bleepstore.errors import S3Error
from bleepstore.values import PostedForm

EXPIRATION = "2013-08-07T12:00:00.000Z"
EXPIRES_MS = 1_375_876_800_000
BUCKET = {"bucket": "sigv4examplebucket"}


def encoded(document: object) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


def policy(*conditions: Any, expiration: str = EXPIRATION) -> str:
    return encoded({"expiration": expiration, "conditions": [BUCKET, *conditions]})


def permit(text: str, fields: dict[str, str], now_ms: int = 0) -> PostedForm:
    return parse_policy(text).permit(fields, BUCKET["bucket"], now_ms)


def refusal(text: str, fields: dict[str, str], now_ms: int = 0) -> str:
    with pytest.raises(S3Error) as caught:
        permit(text, fields, now_ms)
    assert caught.value.code == "AccessDenied"
    return caught.value.message.removeprefix("Invalid according to Policy: ")


def test_amazons_example() -> None:
    text = policy(
        ["starts-with", "$key", "user/user1/"],
        {"acl": "public-read"},
        {"success_action_redirect": "http://example.com/done"},
        ["starts-with", "$Content-Type", "image/"],
        {"x-amz-meta-uuid": "14365123651274"},
        {"x-amz-server-side-encryption": "AES256"},
        ["starts-with", "$x-amz-meta-tag", ""],
    )
    fields = {
        "key": "user/user1/photo.jpg",
        "acl": "public-read",
        "success_action_redirect": "http://example.com/done",
        "content-type": "image/jpeg",
        "x-amz-meta-uuid": "14365123651274",
        "x-amz-server-side-encryption": "AES256",
        "x-amz-meta-tag": "anything",
        "policy": text,
        "x-amz-signature": "abc",
        "x-ignore-this": "whatever",
    }
    assert permit(text, fields) == PostedForm(fields)
    for name in ("key", "acl", "content-type", "x-amz-meta-uuid"):
        assert refusal(text, {**fields, name: "x"}).startswith("Policy Condition failed")
    assert refusal(text, {**fields, "submit": "x"}) == "Extra input fields: submit"


def test_a_policy_ends() -> None:
    text = policy({"key": "k"})
    permit(text, {"key": "k"}, EXPIRES_MS - 1)
    assert refusal(text, {"key": "k"}, EXPIRES_MS) == "Policy expired."


def test_the_form_has_a_bucket_whatever_it_says() -> None:
    assert refusal(encoded({"expiration": EXPIRATION, "conditions": [{"key": "k"}]}), {"key": "k"})
    other = encoded({"expiration": EXPIRATION, "conditions": [{"bucket": "other"}, {"key": "k"}]})
    assert refusal(other, {"key": "k", "bucket": "other"})


def test_every_condition_of_a_field_counts() -> None:
    text = policy(["starts-with", "$key", "a"], ["eq", "$key", "abc"])
    permit(text, {"key": "abc"})
    assert refusal(text, {"key": "abd"})
    assert refusal(text, {})


def test_names_have_no_case_and_values_do() -> None:
    text = policy(["Starts-With", "$KEY", "a"], {"ACL": "private"})
    permit(text, {"key": "a", "acl": "private"})
    assert refusal(text, {"key": "A", "acl": "private"})
    assert refusal(text, {"key": "a", "acl": "Private"})


def test_a_list_of_content_types_meets_a_prefix_with_each_entry() -> None:
    condition = Condition("starts-with", "content-type", "image/")
    assert condition.is_met("image/jpeg, image/png")
    assert not condition.is_met("image/jpeg, text/html")


@given(st.text(), st.text(), st.booleans())
def test_a_condition_is_what_it_says(value: str, wanted: str, is_prefix: bool) -> None:
    condition = Condition("starts-with" if is_prefix else "eq", "key", wanted)
    assert condition.is_met(value) == (value.startswith(wanted) if is_prefix else value == wanted)


def test_all_length_ranges_together_limit_the_file() -> None:
    text = policy({"key": "k"}, ["content-length-range", 1, "10"], ["content-length-range", 5, 20])
    assert permit(text, {"key": "k"}) == PostedForm({"key": "k"}, 5, 10)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        "text",
        {"conditions": []},
        {"expiration": EXPIRATION},
        {"EXPIRATION": EXPIRATION, "conditions": []},
        {"expiration": EXPIRATION, "CONDITIONS": []},
        {"expiration": EXPIRATION, "conditions": {}},
        {"expiration": "2013-08-07", "conditions": []},
        {"expiration": 1375876800, "conditions": []},
        {"expiration": "2013-08-07T12:00:00+02:00", "conditions": []},
        *(
            {"expiration": EXPIRATION, "conditions": [condition]}
            for condition in (
                {},
                {"a": "1", "b": "2"},
                {"a": 1},
                [],
                "text",
                ["eq", "key", "k"],
                ["eq", "$key"],
                ["eq", "$key", 1],
                ["ends-with", "$key", "k"],
                ["content-length-range", 1],
                ["content-length-range", -1, 2],
                ["content-length-range", 1, "x"],
                ["content-length-range", True, 2],
                ["content-length-range", 1.5, 2],
            )
        ),
    ],
    ids=json.dumps,
)
def test_documents_that_are_no_policy(document: object) -> None:
    with pytest.raises(S3Error) as caught:
        parse_policy(encoded(document))
    assert caught.value.code == "InvalidPolicyDocument"


@given(st.binary() | st.text().map(str.encode))
def test_garbage_is_no_policy(garbage: bytes) -> None:
    for text in (garbage.decode("latin-1"), base64.b64encode(garbage).decode()):
        with pytest.raises(S3Error) as caught:
            parse_policy(text)
        assert caught.value.code == "InvalidPolicyDocument"


def test_a_deep_document_is_no_policy() -> None:
    with pytest.raises(S3Error) as caught:
        parse_policy(base64.b64encode(b"[" * 100_000).decode())
    assert caught.value.code == "InvalidPolicyDocument"
