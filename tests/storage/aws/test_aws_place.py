from __future__ import annotations

from typing import Any

import pytest

from bleepstore.config.gateways import AwsSection
from bleepstore.errors import ConfigError
from bleepstore.storage.aws.place import find_place


def url(name: str = "a b", environment: dict[str, str] | None = None, **settings: Any) -> str:
    section = AwsSection(**{"bucket": "bucket", **settings})
    return find_place(section, environment or {}).url(name, {})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "https://bucket.s3.us-east-1.amazonaws.com/a%20b"),
        ({"region": "cn-north-1"}, "https://bucket.s3.cn-north-1.amazonaws.com.cn/a%20b"),
        ({"use_path_style": True}, "https://s3.us-east-1.amazonaws.com/bucket/a%20b"),
        ({"bucket": "a.b"}, "https://s3.us-east-1.amazonaws.com/a.b/a%20b"),
        ({"endpoint_url": "http://localhost:9000"}, "http://localhost:9000/bucket/a%20b"),
        ({"endpoint_url": "http://s3.lan:9000"}, "http://bucket.s3.lan:9000/a%20b"),
        ({"endpoint_url": "http://127.0.0.1:9000/"}, "http://127.0.0.1:9000/bucket/a%20b"),
        ({"endpoint_url": "http://[::1]:9000"}, "http://[::1]:9000/bucket/a%20b"),
        ({"endpoint_url": "http://[::1]"}, "http://[::1]/bucket/a%20b"),
        ({"endpoint_url": "https://s3.example:443"}, "https://bucket.s3.example/a%20b"),
        (
            {"endpoint_url": "https://example/s3/", "use_path_style": True},
            "https://example/s3/bucket/a%20b",
        ),
    ],
)
def test_where_a_bucket_is(settings: dict[str, Any], expected: str) -> None:
    assert url(**settings) == expected


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
    ],
)
def test_the_environment_may_know_the_region(environment: dict[str, str], region: str) -> None:
    assert f".{region}." in url(environment=environment)
    assert ".ap-east-1." in url(environment=environment, region="ap-east-1")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"bucket": None}, "storage.aws.bucket"),
        ({"prefix": "/store"}, "storage.aws.prefix"),
        ({"endpoint_url": "localhost:9000"}, "storage.aws.endpoint_url"),
        ({"endpoint_url": "http://localhost:port"}, "storage.aws.endpoint_url"),
        ({"endpoint_url": "http://localhost?a=b"}, "storage.aws.endpoint_url"),
    ],
)
def test_what_nobody_understands_is_named(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        url(**settings)
    assert caught.value.key_path == key


@pytest.mark.parametrize(
    ("name", "path"),
    [("b//k", "b//k"), ("b/%", "b/%25"), ("b/é?#&+", "b/%C3%A9%3F%23%26%2B"), ("~/\n", "~/%0A")],
)
def test_names_are_escaped_once(name: str, path: str) -> None:
    assert url(name).endswith(f".com/{path}")
