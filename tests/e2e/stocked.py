"""A bucket with everything that can hold bytes."""

from __future__ import annotations

import os
from typing import Any

from tests.e2e.clients import boto3_client
from tests.e2e.daemon import REGION, Daemon

LARGE = 300_000


def stock(daemon: Daemon, bucket: str) -> None:
    """Two versions of ``large`` and ``copy``, ``empty``, ``small`` that was deleted, and a part."""
    s3: Any = boto3_client(daemon)
    where = {"Bucket": bucket}
    s3.create_bucket(**where, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(**where, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(**where, Key="large", Body=os.urandom(LARGE), ChecksumAlgorithm="SHA256")
    s3.put_object(**where, Key="large", Body=os.urandom(LARGE))
    s3.put_object(**where, Key="small", Body=b"small")
    s3.put_object(**where, Key="empty", Body=b"")
    s3.copy_object(**where, Key="copy", CopySource=f"{bucket}/large")
    s3.delete_object(**where, Key="small")
    upload = s3.create_multipart_upload(**where, Key="parts")["UploadId"]
    s3.upload_part(**where, Key="parts", UploadId=upload, PartNumber=1, Body=os.urandom(LARGE))
