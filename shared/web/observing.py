"""Every request is counted with its time, and noted in the access log where that is wanted: by route, not by person."""

import logging
import time
from typing import Any, Final

from prometheus_client import Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import context, tracing
from shared.trace_context import valid_traceparent
from shared.web.health import HEALTH_PATHS

log = logging.getLogger(__name__)

REQUESTS: Final = Histogram(
    "luotsi_http_request_duration_seconds",
    "From the beginning of a request to the beginning of its answer",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
NO_ROUTE: Final = "none"
"""The route of what leads nowhere: a caller makes no new label by asking for it"""
NO_ANSWER: Final = "none"
"""The status where the caller was gone before there was an answer"""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observe:
    """Stands around all others. A route is named as it was declared (`/referrals/{referral_id}`), so neither figures
    nor log say which referral it was, what was searched for, or from where.
    """

    def __init__(self, app: ASGIApp, service: str, *, access_log: bool) -> None:
        self._app = app
        self._service = service
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        seen = _Seen(send)
        if not tracing.is_on() or scope["path"] in HEALTH_PATHS:
            try:
                return await self._app(scope, receive, seen.send)
            finally:
                self._note(scope, seen)
        with tracing.span("server", scope["method"], _caller_s(scope), {"luotsi.service": self._service}) as span:
            try:
                await self._app(_within(scope, span), receive, seen.send)
            finally:
                self._note(scope, seen)
                _name(span, scope, seen.status)

    def _note(self, scope: Scope, seen: "_Seen") -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route, seconds = route_of(scope), seen.seconds
        REQUESTS.labels(self._service, method, route, seen.status).observe(seconds)
        if self._access_log and scope["path"] not in HEALTH_PATHS:
            with context.using(context.new_context(seen.correlation_id)):
                log.info("%s %s %s in %d ms", method, route, seen.status, round(1000 * seconds))


def _caller_s(scope: Scope) -> context.Context | None:
    """The trace that the caller is in; None where it sent none that is valid."""
    headers = Headers(scope=scope)
    parents = headers.getlist("traceparent")
    if len(parents) != 1 or valid_traceparent(parents[0]) is None:
        return None
    return context.following("", parents[0], ",".join(headers.getlist("tracestate")))


def _within(scope: Scope, span: tracing.Span) -> Scope:
    """The request, as if the span had sent it: what is recorded for it follows from the span."""
    own = {"traceparent": span.traceparent, "tracestate": span.tracestate}
    kept = [(name, value) for name, value in scope["headers"] if name.decode("latin-1") not in own]
    scope["headers"] = kept + [(name.encode(), value.encode()) for name, value in own.items() if value]
    return scope


def _name(span: tracing.Span, scope: Scope, status: str) -> None:
    method, route = scope["method"], route_of(scope)
    span.name(
        f"{method} {route}",
        {"http.request.method": method, "http.route": route, "http.response.status_code": status},
    )
    if status >= "500" and status != NO_ANSWER:
        span.fail(status)


class _Seen:
    """What is seen of an answer on its way to the caller."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = time.perf_counter()
        self._answered: float | None = None
        self.status = NO_ANSWER
        self.correlation_id: str | None = None

    @property
    def seconds(self) -> float:
        """Until the answer began: a stream of notices has no end, and a slow reader is no slow server."""
        return (self._answered or time.perf_counter()) - self._begun

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._answered = time.perf_counter()
            self.status = str(message["status"])
            self.correlation_id = Headers(raw=message["headers"]).get("X-Correlation-ID")
        await self._send(message)


def route_of(scope: Scope) -> str:
    """The route that a request was given to, with its parameters in braces."""
    route: Any = scope.get("route")
    return NO_ROUTE if route is None else str(route.path_format)


__all__ = ["NO_ANSWER", "NO_ROUTE", "REQUESTS", "Observe", "route_of"]
