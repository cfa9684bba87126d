"""The methods of an address: HEAD wherever there is GET, OPTIONS, and `Allow` with all of them (RFC 9110, 9)."""

import asyncio
from contextlib import suppress
from re import Pattern
from typing import Any, Final, Protocol

from fastapi import Request, Response
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.problems import Problem
from shared.web.middleware import AnswerProblem

_HEAD: Final = "luotsi.head"
_OF_FILES: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class HasRoutes(Protocol):
    """An application with routes."""

    @property
    def routes(self) -> list[BaseRoute]: ...


def is_head(request: Request) -> bool:
    """Whether only the head of the answer is asked for: then nothing is shown, and nothing must be changed."""
    return _HEAD in request.scope


def route_path(scope: Scope) -> str:
    """The path of a request as the routes have it, without the prefix under which the edge serves the application."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if root else path


class MethodTable:
    """Which methods an application takes where, by its routes as they are when the table is made.

    A path without parameters is itself and no other: `/referrals/bulk` is not a referral with the id `bulk`.
    """

    def __init__(self, app: HasRoutes) -> None:
        self._literal: dict[str, frozenset[str]] = {}
        self._templates: dict[str, tuple[Pattern[str], frozenset[str]]] = {}
        self._files = tuple(f"{route.path}/" for route in app.routes if isinstance(route, Mount))
        for route in iter_route_contexts(app.routes):
            if route.path_format and route.methods:
                self._add(route.path_format, route.path_regex, frozenset(route.methods))

    def _add(self, path: str, pattern: Pattern[str], methods: frozenset[str]) -> None:
        methods |= {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        if "{" in path:
            _, known = self._templates.get(path, (pattern, frozenset()))
            self._templates[path] = (pattern, known | methods)
        else:
            self._literal[path] = self._literal.get(path, frozenset()) | methods

    def methods_of(self, path: str) -> frozenset[str]:
        """The methods that the address takes; none where there is nothing."""
        known = self._literal.get(path)
        if known is not None:
            return known
        for pattern, methods in self._templates.values():
            if pattern.match(path):
                return methods
        return _OF_FILES if path.startswith(self._files) else frozenset()


class HttpMethods:
    """Answers OPTIONS and methods that an address does not take, and lets the application answer HEAD like GET.

    OPTIONS opens nothing to pages of other origins. A request with HEAD is `is_head`; its answer ends with its head,
    also where it would be a stream.
    """

    def __init__(self, app: ASGIApp, answer: AnswerProblem) -> None:
        self._app = app
        self._answer = answer
        self._table: MethodTable | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        self._table = self._table or MethodTable(scope["app"])
        method, methods = scope["method"], self._table.methods_of(route_path(scope))
        allow = {"Allow": ", ".join(sorted(methods))}
        if method == "OPTIONS" and methods:
            return await Response(status_code=204, headers=allow)(scope, receive, send)
        if methods and method not in methods:
            return await self._answer(Request(scope), _not_allowed(allow))(scope, receive, send)
        if method == "HEAD":
            as_get = {**scope, "method": "GET", _HEAD: True}
            try:
                await _head_only(self._app, as_get, receive, send)
            finally:
                scope["route"] = as_get.get("route")
        else:
            await self._app(scope, receive, send)


def _not_allowed(allow: dict[str, str]) -> Problem:
    detail = f"This address takes {allow['Allow']}. See /docs."
    return Problem(405, "method-not-allowed", "Wrong method", detail, headers=allow)


async def _head_only(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application until the head of its answer is there; to it, the caller is gone then."""
    begun = asyncio.Event()

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})
            begun.set()

    async def receive_until_begun() -> Message:
        if begun.is_set():
            return {"type": "http.disconnect"}
        tasks: list[asyncio.Task[Any]] = [asyncio.ensure_future(receive()), asyncio.ensure_future(begun.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        return tasks[0].result() if not tasks[0].cancelled() else {"type": "http.disconnect"}

    await app(scope, receive_until_begun, send_head)
