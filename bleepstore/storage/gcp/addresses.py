"""The addresses of the JSON API: https://cloud.google.com/storage/docs/json_api/v1"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from attrs import frozen

DEFAULT_ENDPOINT = "https://storage.googleapis.com"


@frozen
class Addresses:
    """Those of one bucket.

    Attributes:
        endpoint: without a slash at its end.
        project: the one that pays, if it is not the bucket's.
    """

    endpoint: str
    bucket: str
    project: str | None = None

    def objects(self, **query: str | None) -> str:
        """Of all objects together."""
        return self._with(f"{self.endpoint}/storage/v1{self._objects}", query)

    def object(self, name: str, **query: str | None) -> str:
        """Of one object. A parameter that is None is left out."""
        return self._with(f"{self.endpoint}/storage/v1{self._objects}/{_quoted(name)}", query)

    def upload(self, kind: str, **query: str | None) -> str:
        """Where new objects are sent; ``kind`` is the ``uploadType``."""
        query = {"uploadType": kind, **query}
        return self._with(f"{self.endpoint}/upload/storage/v1{self._objects}", query)

    def rewrite(self, source: str, name: str, **query: str | None) -> str:
        """Where one object is made of another one."""
        path = f"{self._objects}/{_quoted(source)}/rewriteTo{self._objects}/{_quoted(name)}"
        return self._with(f"{self.endpoint}/storage/v1{path}", query)

    def compose(self, name: str, **query: str | None) -> str:
        """Where one object is made of several."""
        path = f"{self._objects}/{_quoted(name)}/compose"
        return self._with(f"{self.endpoint}/storage/v1{path}", query)

    @property
    def _objects(self) -> str:
        return f"/b/{_quoted(self.bucket)}/o"

    def _with(self, url: str, query: dict[str, str | None]) -> str:
        given = {name: value for name, value in query.items() if value is not None}
        if self.project:
            given["userProject"] = self.project
        return f"{url}?{urlencode(given, quote_via=quote)}" if given else url


def _quoted(name: str) -> str:
    return quote(name, safe="")
