"""What a request or message carries along: its correlation id, its trace, and who acts."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from shared.personal_identity import contains_code

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_CORRELATION = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True)
class Context:
    """`actor` is a member id, or `system` for what no person asked for."""

    correlation_id: str
    traceparent: str
    actor: str = "system"


def new_context(correlation_id: str | None = None, traceparent: str | None = None) -> Context:
    """A context from what a caller sent, with fresh values where it sent none or nonsense.

    `traceparent` follows W3C Trace Context; anything that does not match it is replaced, never passed on.
    """
    if correlation_id is None or not _CORRELATION.fullmatch(correlation_id) or contains_code(correlation_id):
        correlation_id = secrets.token_hex(8)
    if traceparent is None or not _TRACEPARENT.fullmatch(traceparent):
        traceparent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    return Context(correlation_id, traceparent)


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
