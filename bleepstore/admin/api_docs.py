"""``/docs`` and ``/openapi.json``: what this daemon can be asked, to read and to try out.

Swagger UI comes from the files of an installed package, so the page works without a network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attrs import define, field

from ..streams.threads import Threads
from ..values import Reply, RequestHead
from .health import Page

_HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>BleepStore</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """\
window.ui = SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, docExpansion: "list",
  presets: [SwaggerUIBundle.presets.apis], displayRequestDuration: true,
});
"""
# Swagger UI sets styles on elements and draws its icons from data: addresses.
_POLICY = (
    "content-security-policy",
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
)
_FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}

PATHS = {
    "/openapi.json": "This document.",
    "/docs": "This document, to read and to try out.",
}
"""The pages that people ask for; those below ``/docs`` belong to the second one."""


@define
class ApiDocs:
    """Shows an OpenAPI document.

    Args:
        threads: where files are read.
        make_document: makes the document, when it is first asked for.
    """

    _threads: Threads
    _make_document: Callable[[], Mapping[str, Any]]
    _document: bytes = field(default=b"", init=False, repr=False)

    def pages(self) -> dict[str, Page]:
        """The pages by path."""
        texts = {"/docs": ("text/html", _HTML), "/docs/start.js": ("text/javascript", _START)}
        pages: dict[str, Page] = {
            path: partial(_show, kind, text.encode()) for path, (kind, text) in texts.items()
        }
        for name, kind in _FILES.items():
            pages[f"/docs/{name}"] = partial(self._show_file, name, kind)
        return pages | {"/openapi.json": self._show_document}

    async def _show_document(self, head: RequestHead) -> Reply:
        if not self._document:
            self._document = json.dumps(self._make_document(), indent=1).encode()
        return await _show("application/json", self._document, head)

    async def _show_file(self, name: str, kind: str, head: RequestHead) -> Reply:
        content = await self._threads.run((_swagger_ui() / name).read_bytes)
        return await _show(kind, content, head)


async def _show(kind: str, content: bytes, head: RequestHead) -> Reply:
    headers = (("content-type", f"{kind}; charset=utf-8"), ("cache-control", "no-cache"), _POLICY)
    return Reply(200, headers, content)


def _swagger_ui() -> Path:
    """The folder of Swagger UI, found without running the package around it, which needs Flask.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    spec = find_spec("flask_swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package flask-swagger-ui is not installed")
    return Path(spec.submodule_search_locations[0]) / "dist"
