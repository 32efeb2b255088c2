"""Large objects, by curl: one stream up, one down, many parts at once, and copies."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from ..client import client_of
from ..servers.nginx import Nginx
from ..servers.server import Account, Server
from .contest import Contest, Sample
from .requests import make_bucket

MIB = 1024 * 1024
MD5_OR_DISK = "the slower of MD5 and disk"
_TARGET = "/bench/large"
_PARTS = 8
_COPIED_PARTS = 5
_PATIENCE_SECONDS = 1800


class Source:
    """Files of random bytes to upload, made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, size_bytes: int) -> Path:
        """A file of this size; its bytes are in the page cache."""
        path = self._folder / f"source-{size_bytes}"
        if not path.exists():
            block = os.urandom(MIB)
            with path.open("wb") as file:
                for start in range(0, size_bytes, MIB):
                    file.write(block[: min(MIB, size_bytes - start)])
        return path


class Upload(Contest):
    """PUT of one large object."""

    unit = "MB/s"
    limit = MD5_OR_DISK

    @property
    def aim(self) -> str:
        return f"0.85 of {MD5_OR_DISK}"

    def __init__(self, source: Source, size_bytes: int) -> None:
        self.name = f"PUT {_size(size_bytes)}, one stream"
        self._file = source.file(size_bytes)
        self._size_bytes = size_bytes

    def prepare(self, server: Server) -> None:
        make_bucket(server)

    def measure(self, server: Server) -> Sample:
        url = server.account.endpoint + server.account.presign("PUT", _TARGET)
        seconds = _curl(["--upload-file", str(self._file), url])
        return Sample(self._size_bytes / 1e6 / seconds)


class Download(Contest):
    """GET of one large object."""

    unit = "MB/s"
    limit = "nginx"

    @property
    def aim(self) -> str:
        return "0.95 of nginx"

    def __init__(self, source: Source, size_bytes: int) -> None:
        self.name = f"GET {_size(size_bytes)}, one stream"
        self._file = source.file(size_bytes)
        self._size_bytes = size_bytes

    def can(self, server: Server) -> bool:
        return True

    def prepare(self, server: Server) -> None:
        if isinstance(server, Nginx):
            server.put(_TARGET, self._size_bytes)
        else:
            make_bucket(server)
            url = server.account.endpoint + server.account.presign("PUT", _TARGET)
            _curl(["--upload-file", str(self._file), url])
        self.measure(server)  # it is read from memory then, whoever has written past that

    def measure(self, server: Server) -> Sample:
        url = server.account.endpoint + server.account.presign("GET", _TARGET)
        return Sample(self._size_bytes / 1e6 / _curl([url]))


class Multipart(Contest):
    """One object in eight parts, all of them at once."""

    unit = "MB/s"
    limit = MD5_OR_DISK

    def __init__(self, source: Source, size_bytes: int) -> None:
        self.name = f"multipart upload of {_size(size_bytes)}, {_PARTS} clients"
        self._file = source.file(size_bytes // _PARTS)
        self._size_bytes = size_bytes

    def prepare(self, server: Server) -> None:
        make_bucket(server)

    def measure(self, server: Server) -> Sample:
        began = time.perf_counter()
        _put_in_parts(server.account, "/bench/parts", self._file, _PARTS, at_once=_PARTS)
        return Sample(self._size_bytes / 1e6 / (time.perf_counter() - began))


def _put_in_parts(account: Account, target: str, file: Path, count: int, at_once: int) -> None:
    """A multipart upload in which each part is the same file."""
    with client_of(account) as client:
        upload_id = client.ask("POST", f"{target}?uploads=").element("UploadId")
    part = f"{target}?partNumber={{}}&uploadId={upload_id}"
    urls = [
        account.endpoint + account.presign("PUT", part.format(number))
        for number in range(1, count + 1)
    ]
    etags: list[str] = []
    for start in range(0, count, at_once):
        etags += _upload(file, urls[start : start + at_once])
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"
        for number, etag in enumerate(etags, 1)
    )
    document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    with client_of(account) as client:  # stores close connections that were idle for so long
        client.ask("POST", f"{target}?uploadId={upload_id}", document)


def _upload(file: Path, urls: list[str]) -> list[str]:
    """Put a file to several places at once; answers the ETags."""
    command = ["curl", "-sS", "--fail", "-D", "-", "-o", "/dev/null", "-T", str(file)]
    running = [subprocess.Popen([*command, url], stdout=subprocess.PIPE, text=True) for url in urls]
    return [_etag(each.communicate()[0]) for each in running]


def _etag(head: str) -> str:
    for line in head.splitlines():
        name, _, value = line.partition(":")
        if name.lower() == "etag":
            return value.strip()
    raise RuntimeError(f"a part was not taken: {head}")


class Copy(Contest):
    """CopyObject within a bucket."""

    unit = "s"
    is_more_better = False

    def __init__(self, source: Source, part_bytes: int) -> None:
        self.name = f"copy of {_size(_COPIED_PARTS * part_bytes)}"
        self._file = source.file(part_bytes)

    def prepare(self, server: Server) -> None:
        make_bucket(server)
        _put_in_parts(server.account, "/bench/huge", self._file, _COPIED_PARTS, at_once=1)

    def measure(self, server: Server) -> Sample:
        with client_of(server.account) as client:
            headers = {"x-amz-copy-source": "/bench/huge"}
            return Sample(client.ask("PUT", "/bench/copy", headers=headers).seconds)


def _curl(arguments: list[str]) -> float:
    """Seconds that a transfer took, which must succeed."""
    command = ["curl", "-sS", "--fail", "-o", "/dev/null", "-w", "%{time_total}", *arguments]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=_PATIENCE_SECONDS
    )
    return float(done.stdout)


def _size(size_bytes: int) -> str:
    gib, rest = divmod(size_bytes, 1024 * MIB)
    return f"{size_bytes // MIB} MiB" if rest else f"{gib} GiB"
