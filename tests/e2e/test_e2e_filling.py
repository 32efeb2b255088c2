"""The benchmark's full store is a store like any other."""

from __future__ import annotations

from bench.filling import multiply
from tests.e2e.clients import ask_signed, boto3_client
from tests.e2e.daemon import Daemon, looks_at_rows


@looks_at_rows
def test_copied_rows_are_objects(own_daemon: Daemon) -> None:
    own_daemon.start()
    ask_signed(own_daemon, "PUT", "/full")
    ask_signed(own_daemon, "PUT", "/full/template", body=b"bytes")
    own_daemon.stop()
    multiply(own_daemon.database_path, "template", 20)
    own_daemon.start()
    s3 = boto3_client(own_daemon)
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="full")["Contents"]]
    assert keys == ["template", *(f"template/{number:07}" for number in range(1, 21))]
    for key in keys:
        assert s3.get_object(Bucket="full", Key=key)["Body"].read() == b"bytes"
        s3.delete_object(Bucket="full", Key=key)
    s3.delete_bucket(Bucket="full")
