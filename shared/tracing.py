"""Traces by OpenTelemetry, from a request over the stream to the mail. Off, as by default, no tracer is loaded.

A span has the names of what was done, and nothing of what it was about: no path, query or address, and nobody's id.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Final, Literal, Protocol

from shared.context import Context

Kind = Literal["server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int]


class Span(Protocol):
    """What is being done. `traceparent` and `tracestate` are for what follows from it; None while traces are off."""

    traceparent: str | None
    tracestate: str | None

    def name(self, name: str, attributes: Attributes) -> None:
        """Call it so from now on, and note more of it."""

    def fail(self, kind: str) -> None:
        """Note that it came to nothing: by which kind of error, never by its text."""


class Tracer(Protocol):
    """Makes spans, and hands them over to whoever gathers them."""

    @contextmanager
    def span(self, kind: Kind, name: str, parent: Context | None, attributes: Attributes) -> Iterator[Span]:
        """A span around a block, following from `parent`, or the first of a trace."""

    def published(self, stream: str, payloads: Sequence[str]) -> None:
        """Note that events, as they stand in the outbox, are on their stream: each from its recording until now."""


class _Nothing:
    traceparent: str | None = None
    tracestate: str | None = None

    def name(self, name: str, attributes: Attributes) -> None:
        pass

    def fail(self, kind: str) -> None:
        pass


_NOTHING: Final = _Nothing()
_tracer: Tracer | None = None


def configure(process: str, endpoint: str) -> None:
    """Hand traces of this process to the collector at `endpoint`, where there is one.

    Ends the process (2), saying so, where what it takes is not installed.
    """
    if not endpoint:
        return
    try:
        module = import_module("shared.otlp")
    except ImportError as error:
        said = f"OTEL_EXPORTER_OTLP_ENDPOINT is set, and {error.name} is not installed: luotsi[tracing]"
        print(said, file=sys.stderr)  # noqa: T201
        sys.exit(2)
    use(module.tracer_to(process, endpoint))


def use(tracer: Tracer | None) -> None:
    """Trace with `tracer` from now on; None: not at all."""
    global _tracer  # noqa: PLW0603  one process has one
    _tracer = tracer


def is_on() -> bool:
    """Whether anything is traced."""
    return _tracer is not None


@contextmanager
def span(kind: Kind, name: str, parent: Context | None, attributes: Attributes) -> Iterator[Span]:
    """Trace a block; nothing while traces are off."""
    if _tracer is None:
        yield _NOTHING
        return
    with _tracer.span(kind, name, parent, attributes) as found:
        yield found


def published(stream: str, payloads: Sequence[str]) -> None:
    """Note that events of an outbox are on their stream."""
    if _tracer is not None:
        _tracer.published(stream, payloads)


__all__ = [
    "Attributes",
    "Kind",
    "Span",
    "Tracer",
    "configure",
    "is_on",
    "published",
    "span",
    "use",
]
