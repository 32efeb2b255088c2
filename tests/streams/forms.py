"""Browsers' forms for tests."""

from __future__ import annotations

from collections.abc import Mapping

BOUNDARY = "----WebKitFormBoundaryqQ7DhlWbWPZyYkF9"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def field_part(name: str, value: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + value + b"\r\n"


def file_part(data: bytes, filename: str = "file.bin", name: str = "file") -> bytes:
    head = (
        f"--{BOUNDARY}\r\n"
        f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        "Content-Type: application/x-ignored\r\n\r\n"
    )
    return head.encode() + data + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def encode_form(fields: Mapping[str, str], data: bytes, filename: str = "file.bin") -> bytes:
    """A form as a browser sends it, the file last."""
    parts = [field_part(name, value.encode()) for name, value in fields.items()]
    return b"".join([*parts, file_part(data, filename), END])
