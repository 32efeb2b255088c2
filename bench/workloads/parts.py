"""What is done by reference: completing an upload of many parts, and copying a very large object.

The parts are made by UploadPartCopy of one object, so that the disk need not hold what they add up
to. A completion and a copy read and write no bytes of objects in either case.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from tests.e2e.transfers import MIB, upload

from ..client import Client, client_while_it_runs
from ..figures import Figure
from ..servers.bleepstore import BleepStore
from .scale import Scale

_TIMES = 5
_LIMIT = "below 100 ms"


def measure(folder: Path, scale: Scale) -> list[Figure]:
    """Medians of several completions and copies."""
    server = BleepStore(folder)
    with client_while_it_runs(server) as client:
        client.ask("PUT", "/bench")
        upload(server.daemon, "/bench/small", 5 * MIB)
        upload(server.daemon, "/bench/large", 256 * MIB)
        completions = [_complete(client, f"parts-{n}", "small", 1000) for n in range(_TIMES)]
        _complete(client, "huge", "large", 20)
        source = {"x-amz-copy-source": "/bench/huge"}
        copies = [
            client.ask("PUT", f"/bench/copy-{n}", headers=source).seconds for n in range(_TIMES)
        ]
    return [
        Figure("completion of 1,000 parts, 5,000 MiB", _milliseconds(completions), _LIMIT),
        Figure("copy of 5 GiB", _milliseconds(copies), _LIMIT),
    ]


def _complete(client: Client, key: str, source: str, count: int) -> float:
    """Make an object of one that is copied as each part; answers the seconds of the completion."""
    upload_id = client.ask("POST", f"/bench/{key}?uploads=").element("UploadId")
    named = []
    for number in range(1, count + 1):
        target = f"/bench/{key}?partNumber={number}&uploadId={upload_id}"
        headers = {"x-amz-copy-source": f"/bench/{source}"}
        etag = client.ask("PUT", target, headers=headers).element("ETag")
        named.append(f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
    parts = "".join(named)
    document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    return client.ask("POST", f"/bench/{key}?uploadId={upload_id}", document).seconds


def _milliseconds(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.1f} ms"
