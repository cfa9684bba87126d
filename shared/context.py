"""What a request or message carries along: its correlation id, its trace, and who acts."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from uuid import uuid4

from shared.personal_identity import contains_code
from shared.trace_context import new_traceparent, valid_traceparent, valid_tracestate

_UUID_LIKE = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{4}\1[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Context:
    """`actor` is a member id, or `system` for what no person asked for. `tracestate` belongs to `traceparent`."""

    correlation_id: str
    traceparent: str
    actor: str = "system"
    tracestate: str | None = None


def new_context(
    correlation_id: str | None = None, traceparent: str | None = None, tracestate: str | None = None
) -> Context:
    """A context from what a caller sent, with fresh values where it sent none or nonsense.

    A correlation id is kept where it looks like a UUID: in any other form somebody's name could travel in it, into logs
    and events. Traces follow W3C Trace Context; what is not valid is replaced or dropped, never passed on.
    """
    if correlation_id is None or not _UUID_LIKE.fullmatch(correlation_id) or contains_code(correlation_id):
        correlation_id = str(uuid4())
    return following(correlation_id, traceparent, tracestate)


def following(
    correlation_id: str, traceparent: str | None = None, tracestate: str | None = None, actor: str = "system"
) -> Context:
    """The context of what follows from an earlier request, with its correlation id; a trace that is not valid ends."""
    trace = valid_traceparent(traceparent)
    if trace is None:
        return Context(correlation_id, new_traceparent(), actor)
    return Context(correlation_id, trace, actor, valid_tracestate(tracestate))


_current: ContextVar[Context | None] = ContextVar("luotsi_context", default=None)


def current() -> Context:
    """The context of the running request or message; a fresh one where none was set."""
    found = _current.get()
    if found is None:
        found = new_context()
        _current.set(found)
    return found


def act_as(actor: str) -> None:
    """From here on, what this request or message records was done by `actor`."""
    _current.set(replace(current(), actor=actor))


@contextmanager
def using(context: Context) -> Iterator[None]:
    """Run a block under `context`."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
