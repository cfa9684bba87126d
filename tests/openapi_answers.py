"""Answers held against the OpenAPI document of the service that gave them: every client of the tests does so."""

import json
from functools import cached_property
from typing import Any, Final

import httpx2
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from jsonschema import Draft202012Validator, FormatChecker

_FORMATS: Final = FormatChecker(formats=("date-time", "date", "uuid"))
_HEADERS: Final = ("ETag", "Location", "Content-Language", "Retry-After", "WWW-Authenticate", "Idempotency-Replayed")
"""Headers that stand in the document where they stand in an answer."""


class Described:
    """The document of one application, and whether an answer fits it."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._validators: dict[str, Draft202012Validator] = {}

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document, when the application has all its routes."""
        return self._app.openapi()

    @cached_property
    def _templates(self) -> list[tuple[Any, str]]:
        found = [
            (route.path_regex, route.path_format)
            for route in iter_route_contexts(self._app.routes)
            if route.path_format and route.path_format in self.document["paths"]
        ]
        return sorted(found, key=lambda each: each[1].count("{"))

    def check(self, method: str, path: str, answer: httpx2.Response, body: bytes) -> None:
        """Assert that the answer is one that the document has for this operation."""
        template = next((found for pattern, found in self._templates if pattern.match(path)), "")
        operation = self.document["paths"].get(template, {}).get("get" if method == "HEAD" else method.lower())
        if operation is None:
            return
        where = f"{method} {template}: {answer.status_code}"
        described = operation["responses"].get(str(answer.status_code))
        assert described is not None, f"{where} is not in the document; {body[:300]!r}"
        headers = described.get("headers", {})
        for name, header in headers.items():
            assert name in answer.headers or not header.get("required"), f"{where} without {name}"
        for name in _HEADERS:
            assert name not in answer.headers or name in headers, f"{where} with {name}"
        if body and method != "HEAD":
            self._check_body(where, described, answer.headers["Content-Type"].partition(";")[0], body)

    def _check_body(self, where: str, described: dict[str, Any], kind: str, body: bytes) -> None:
        assert kind in described.get("content", {}), f"{where} is {kind}"
        if not kind.endswith("json"):
            return
        errors = self._validator(described["content"][kind]["schema"]).iter_errors(json.loads(body))
        said = [f"{each.json_path}: {each.message[:200]}" for each in errors]
        assert not said, f"{where} does not fit: {said}"

    def _validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = Draft202012Validator(whole, format_checker=_FORMATS)
        return self._validators[key]


class HeldToDocument(httpx2.AsyncBaseTransport):
    """A transport that hands answers on when they fit the document of the application they came from."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, described: Described) -> None:
        self._inner = inner
        self._described = described

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request; raises AssertionError for an answer that the document does not have."""
        answer = await self._inner.handle_async_request(request)
        self._described.check(request.method, request.url.path, answer, await answer.aread())
        return answer

    async def aclose(self) -> None:
        """Close the transport within."""
        await self._inner.aclose()
