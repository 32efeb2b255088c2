"""Uploads by browsers' forms, with boto3's presigned posts and with forms of our own making."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bleepstore.auth.sigv4 import Scope, signing_key
from bleepstore.clock import Clock, amz_date, iso8601
from tests.e2e.clients import Answer, ask
from tests.e2e.daemon import ALICE, REGION, Daemon, User
from tests.streams.forms import CONTENT_TYPE, encode_form

MIB = 1024 * 1024
# Of all tests together, which take a while between their reading and their end.
NOW_MS = Clock().now_ms()
VALID_MS = 6 * 3_600_000


def post(daemon: Daemon, target: str, fields: Mapping[str, str], data: bytes = b"abc") -> Answer:
    body = encode_form(fields, data, "photo.jpg")
    return ask(daemon, "POST", target, {"content-type": CONTENT_TYPE}, body)


def signed_fields(
    fields: Mapping[str, str],
    conditions: Sequence[Any],
    user: User = ALICE,
    expires_ms: int = NOW_MS + VALID_MS,
    signed_ms: int = NOW_MS,
) -> dict[str, str]:
    """The fields of a form with the policy that allows them, and its signature."""
    date = amz_date(signed_ms)
    scope = Scope(date[:8], REGION)
    signing = {
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": f"{user.access_key}/{scope}",
        "x-amz-date": date,
    }
    policy = {
        "expiration": iso8601(expires_ms),
        "conditions": [*conditions, *({name: value} for name, value in signing.items())],
    }
    encoded = base64.b64encode(json.dumps(policy).encode()).decode()
    key = signing_key(user.secret_key, scope)
    return {
        **fields,
        **signing,
        "policy": encoded,
        "x-amz-signature": hmac.digest(key, encoded.encode(), "sha256").hex(),
    }


def test_boto3s_presigned_post_uploads(daemon: Daemon, s3: Any, bucket: str) -> None:
    made = s3.generate_presigned_post(
        bucket,
        "folder/${filename}",
        Fields={"Content-Type": "image/jpeg", "x-amz-meta-by": "Ann"},
        Conditions=[
            {"Content-Type": "image/jpeg"},
            {"x-amz-meta-by": "Ann"},
            ["content-length-range", 1, 10 * MIB],
        ],
    )
    data = os.urandom(5 * MIB)
    answer = post(daemon, urlsplit(made["url"]).path, made["fields"], data)
    assert answer.status == 204
    assert answer.headers["etag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert answer.headers["location"].endswith(f"/{bucket}/folder/photo.jpg")
    found = s3.get_object(Bucket=bucket, Key="folder/photo.jpg")
    assert found["Body"].read() == data
    assert (found["ContentType"], found["Metadata"]) == ("image/jpeg", {"by": "Ann"})


def test_the_form_may_ask_for_another_answer(daemon: Daemon, bucket: str) -> None:
    conditions: list[Any] = [
        {"bucket": bucket},
        {"key": "a b"},
        ["starts-with", "$success_action_status", ""],
        ["starts-with", "$success_action_redirect", ""],
    ]

    def answer(**asked: str) -> Answer:
        return post(daemon, f"/{bucket}", signed_fields({"key": "a b", **asked}, conditions))

    assert answer(success_action_status="200").status == 200
    assert answer(success_action_status="404").status == 204
    created = answer(success_action_status="201")
    assert created.status == 201
    assert f"<Bucket>{bucket}</Bucket><Key>a b</Key>".encode() in created.body
    assert f"/{bucket}/a%20b</Location>".encode() in created.body
    assert answer(success_action_redirect="not a url").status == 204
    redirect = answer(success_action_redirect="http://example.com/done?x=1")
    assert redirect.status == 303
    query = parse_qs(urlsplit(redirect.headers["location"]).query)
    etag = f'"{hashlib.md5(b"abc").hexdigest()}"'
    assert query == {"x": ["1"], "bucket": [bucket], "key": ["a b"], "etag": [etag]}


def test_virtual_hosted_forms_work(daemon: Daemon, s3: Any, bucket: str) -> None:
    fields = signed_fields({"key": "k"}, [{"bucket": bucket}, {"key": "k"}])
    host = f"{bucket}.localhost:{daemon.port}"
    headers = {"content-type": CONTENT_TYPE, "host": host}
    answer = ask(daemon, "POST", "/", headers, encode_form(fields, b"abc"))
    assert answer.status == 204
    assert answer.headers["location"] == f"http://{host}/k"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"abc"


def test_tags_and_storage_class_come_as_fields(daemon: Daemon, s3: Any, bucket: str) -> None:
    tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>1 2</Value></Tag></TagSet></Tagging>"
    fields = {"key": "k", "tagging": tagging, "x-amz-storage-class": "STANDARD_IA"}
    conditions: list[Any] = [{"bucket": bucket}, *({n: v} for n, v in fields.items())]
    assert post(daemon, f"/{bucket}", signed_fields(fields, conditions)).status == 204
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "1 2"}]
    assert s3.head_object(Bucket=bucket, Key="k")["StorageClass"] == "STANDARD_IA"


@pytest.mark.parametrize(
    ("size", "code"), [(9, "EntityTooSmall"), (10, ""), (20, ""), (21, "EntityTooLarge")]
)
def test_the_policy_limits_the_file(
    daemon: Daemon, s3: Any, bucket: str, size: int, code: str
) -> None:
    conditions = [{"bucket": bucket}, {"key": "k"}, ["content-length-range", 10, 20]]
    answer = post(daemon, f"/{bucket}", signed_fields({"key": "k"}, conditions), b"x" * size)
    assert answer.error_code == code
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == (0 if code else 1)


def test_a_wrong_checksum_is_refused(daemon: Daemon, bucket: str) -> None:
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    fields = {"key": "k", "x-amz-checksum-sha256": wrong}
    conditions: list[Any] = [{"bucket": bucket}, *({n: v} for n, v in fields.items())]
    assert post(daemon, f"/{bucket}", signed_fields(fields, conditions)).error_code == "BadDigest"


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ([{"bucket": "{bucket}"}, {"key": "other"}], "Policy Condition failed"),
        ([{"bucket": "another"}, {"key": "k"}], "Policy Condition failed"),
        ([{"bucket": "{bucket}"}, ["starts-with", "$key", "x"]], "Policy Condition failed"),
        ([{"bucket": "{bucket}"}, {"key": "k"}, {"acl": "private"}], "Policy Condition failed"),
        ([{"bucket": "{bucket}"}], "Extra input fields: key"),
        ([{"key": "k"}], "Extra input fields: bucket"),
    ],
)
def test_what_the_policy_does_not_allow(
    daemon: Daemon, s3: Any, bucket: str, conditions: list[Any], reason: str
) -> None:
    filled = json.loads(json.dumps(conditions).replace("{bucket}", bucket))
    answer = post(daemon, f"/{bucket}", signed_fields({"key": "k"}, filled))
    assert (answer.status, answer.error_code) == (403, "AccessDenied")
    assert f"Invalid according to Policy: {reason}".encode() in answer.body
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_forms_that_are_not_signed_well(daemon: Daemon, bucket: str) -> None:
    conditions = [{"bucket": bucket}, {"key": "k"}]
    good = signed_fields({"key": "k"}, conditions)
    stranger = User("AKIANOBODY", "secret", "c" * 64)
    old_ms = NOW_MS - 1_000_000
    cases = [
        ({**good, "x-amz-signature": "0" * 64}, "SignatureDoesNotMatch"),
        (signed_fields({"key": "k"}, conditions, stranger), "InvalidAccessKeyId"),
        (signed_fields({"key": "k"}, conditions, expires_ms=old_ms), "AccessDenied"),
        ({n: v for n, v in good.items() if n != "x-amz-signature"}, "InvalidArgument"),
        ({n: v for n, v in good.items() if n != "policy"}, "InvalidArgument"),
        ({"key": "k", "AWSAccessKeyId": "x", "policy": "x", "signature": "x"}, "InvalidRequest"),
        ({"key": "k"}, "AccessDenied"),
    ]
    for fields, code in cases:
        assert post(daemon, f"/{bucket}", fields).error_code == code, code


def test_a_form_must_be_one(daemon: Daemon, bucket: str) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert ask(daemon, "POST", f"/{bucket}", headers, b"a=1").error_code == "PreconditionFailed"
    headers = {"content-type": CONTENT_TYPE}
    assert ask(daemon, "POST", f"/{bucket}", headers, b"abc").error_code == "MalformedPOSTRequest"
    without_key = signed_fields({}, [{"bucket": bucket}])
    assert post(daemon, f"/{bucket}", without_key).error_code == "InvalidArgument"
    too_long = signed_fields({"key": "k" * 1025}, [{"bucket": bucket}, ["starts-with", "$key", ""]])
    assert post(daemon, f"/{bucket}", too_long).error_code == "KeyTooLongError"


def test_a_field_cannot_smuggle_a_header(daemon: Daemon, bucket: str) -> None:
    fields = {"key": "k", "x-amz-meta-a": "1\r\nx-evil: 1"}
    conditions = [{"bucket": bucket}, {"key": "k"}, ["starts-with", "$x-amz-meta-a", ""]]
    answer = post(daemon, f"/{bucket}", signed_fields(fields, conditions))
    assert answer.error_code == "InvalidArgument"


def test_anybody_may_post_where_anybody_may_write(daemon: Daemon, s3: Any) -> None:
    name = "bucket-for-anybody"
    s3.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": REGION},
        ObjectOwnership="ObjectWriter",
    )
    assert post(daemon, f"/{name}", {"key": "k"}).error_code == "AccessDenied"
    s3.put_bucket_acl(Bucket=name, ACL="public-read-write")
    assert post(daemon, f"/{name}", {"key": "k", "submit": "Send"}).status == 204
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=name)["Contents"]] == ["k"]


def test_large_files_are_streamed(daemon: Daemon, s3: Any, bucket: str) -> None:
    fields = signed_fields({"key": "k"}, [{"bucket": bucket}, {"key": "k"}])
    data = os.urandom(MIB) * 40
    assert post(daemon, f"/{bucket}", fields, data).status == 204
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == len(data)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == data
