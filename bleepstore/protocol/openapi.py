"""The OpenAPI document of the daemon, made from the operation table.

OpenAPI knows one operation for each path and method, while S3 tells operations apart by query keys
(``?acl``) and headers, too. So a path here has the query keys that its operation is recognised by
(``/{bucket}/{key}?acl``), which every tool that just fills in templates sends as they are; and
operations that differ in a header only share an entry.

https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .operation import Body, Level, Operation
from .parameters import HEADERS, INTEGERS, QUERY, STATUS, VALUED
from .table import OPERATIONS

_PATHS = {Level.SERVICE: "/", Level.BUCKET: "/{bucket}", Level.OBJECT: "/{bucket}/{key}"}
_TAGS = {Level.SERVICE: "Service", Level.BUCKET: "Buckets", Level.OBJECT: "Objects"}
_PAGE_TAG = "Daemon"
_NOTES = {
    "bucket": "Name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens.",
    "key": "Key of an object: 1 to 1,024 bytes of UTF-8.",
}
_XML = "application/xml"
_AWS_DOCS = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
# OpenAPI has a parameter of this name ignored: the type of the body says it.
_BY_BODY = frozenset({"content-type"})
# AWS documents the POST of a form apart from its operations.
_DOC_PAGES = {"PostObject": "RESTObjectPOST.html"}

Document = dict[str, Any]


def openapi_document(version: str, pages: Mapping[str, str]) -> Document:
    """The document as a JSON value.

    Args:
        version: of BleepStore.
        pages: the daemon's own paths, each with what it shows.
    """
    supported = [row for row in OPERATIONS if row.handler is not None]
    missing = sorted(row.name for row in OPERATIONS if row.handler is None)
    paths: Document = {path: {"get": _page(path, about)} for path, about in pages.items()}
    for rows in _by_entry(supported).values():
        paths.setdefault(_path(rows[-1]), {})[rows[-1].method.lower()] = _entry(rows)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "BleepStore",
            "version": version,
            "summary": "An S3-compatible object store",
            "description": _DESCRIPTION,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in (*_TAGS.values(), _PAGE_TAG)],
        "security": [{"signature": []}, {"presigned": []}, {}],
        "paths": paths,
        "components": _COMPONENTS,
        "x-not-implemented": missing,
    }


def _by_entry(rows: Iterable[Operation]) -> dict[tuple[str, str], list[Operation]]:
    """Rows that have a path and a method in common, the one without headers last."""
    entries: dict[tuple[str, str], list[Operation]] = {}
    for row in rows:
        entries.setdefault((_path(row), row.method), []).append(row)
    return entries


def _path(row: Operation) -> str:
    fields = [f"{key}={{{key}}}" if key in VALUED else key for key in row.query]
    return _PATHS[row.level] + ("?" + "&".join(fields) if fields else "")


def _entry(rows: Sequence[Operation]) -> Document:
    main, others = rows[-1], rows[:-1]
    entry: Document = {
        "operationId": main.name,
        "summary": main.name,
        "description": _description(main, others),
        "externalDocs": {"url": _AWS_DOCS + _DOC_PAGES.get(main.name, f"API_{main.name}.html")},
        "tags": [_TAGS[main.level]],
        "x-iam-action": main.action,
        "parameters": _parameters(main, others),
        "responses": _responses(rows),
    }
    if main.body is not Body.NONE:
        entry["requestBody"] = _BODIES[main.body]
    return entry


def _description(main: Operation, others: Iterable[Operation]) -> str:
    lines = [f"Needs the right `{main.action}`."]
    lines += [f"With the header `{'`, `'.join(row.headers)}`: {row.name}." for row in others]
    return " ".join(lines)


def _parameters(main: Operation, others: Sequence[Operation]) -> list[Document]:
    in_path = [name for name in ("bucket", "key") if f"{{{name}}}" in _PATHS[main.level]]
    in_path += [key for key in main.query if key in VALUED]
    parameters = [_parameter(name, "path", is_required=True) for name in in_path]
    queries = [name for name in QUERY.get(main.name, ()) if name not in in_path]
    parameters += [_parameter(name, "query") for name in queries]
    headers = dict.fromkeys(name for row in (main, *others) for name in HEADERS.get(row.name, ()))
    parameters += [_parameter(name, "header") for name in headers if name not in _BY_BODY]
    return parameters


def _parameter(name: str, where: str, *, is_required: bool = False) -> Document:
    parameter: Document = {"name": name, "in": where, "required": is_required}
    if name in _NOTES:
        parameter["description"] = _NOTES[name]
    is_integer = name in INTEGERS
    schema: Document = {"type": "integer", "minimum": 0} if is_integer else {"type": "string"}
    if where == "path" and not is_integer:
        schema["minLength"] = 1
    return parameter | {"schema": schema}


def _responses(rows: Sequence[Operation]) -> Document:
    statuses = sorted({STATUS.get(row.name, 200) for row in rows})
    responses: Document = {str(status): _success(rows[-1]) for status in statuses}
    if rows[-1].name in ("GetObject", "HeadObject"):
        responses["206"] = _success(rows[-1])
        responses["304"] = {"description": "The object is as the conditions say."}
    return responses | {"default": {"$ref": "#/components/responses/Error"}}


def _success(row: Operation) -> Document:
    success: Document = {"description": "Done."}
    if row.method in ("HEAD", "DELETE"):
        return success
    kind = "*/*" if row.name == "GetObject" else _XML
    return success | {"content": {kind: {}}}


def _page(path: str, about: str) -> Document:
    """An entry for a page of the daemon's own."""
    return {
        "operationId": "show" + path.replace("/", " ").replace(".", " ").title().replace(" ", ""),
        "summary": about,
        "tags": [_PAGE_TAG],
        "security": [{}],
        "responses": {
            "200": {"description": "All is well.", "content": {"*/*": {}}},
            "default": {"description": "Something is not.", "content": {"*/*": {}}},
        },
    }


_BODIES = {
    Body.DOCUMENT: {"content": {_XML: {"schema": {"type": "string"}}}},
    Body.STREAM: {"content": {"application/octet-stream": {}}},
    Body.FORM: {
        "content": {"multipart/form-data": {"schema": {"type": "object"}}},
        "required": True,
    },
}

_DESCRIPTION = """\
Amazon S3's REST API. Requests are signed with Signature Version 4, in the `Authorization` header or
in the query (presigned); every SDK for S3 does that. Buckets may also stand in the host name where
the configuration names a domain. Keys stand in the path as they are, slashes included. Operations
that S3 has and BleepStore has not yet answer 501 NotImplemented; `x-not-implemented` lists them.
"""

_COMPONENTS: Document = {
    "securitySchemes": {
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…",
        },
        "presigned": {"type": "apiKey", "in": "query", "name": "X-Amz-Signature"},
    },
    "responses": {
        "Error": {
            "description": "An error of S3; answers to HEAD have no body.",
            "content": {_XML: {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
    },
    "schemas": {
        "Error": {
            "type": "object",
            "xml": {"name": "Error"},
            "required": ["Code", "Message", "RequestId"],
            "properties": {
                "Code": {"type": "string", "examples": ["NoSuchKey"]},
                "Message": {"type": "string"},
                "Resource": {"type": "string"},
                "RequestId": {"type": "string"},
                "HostId": {"type": "string"},
            },
        }
    },
}
