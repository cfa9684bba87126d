"""Spans by OpenTelemetry's own library, handed to a collector over OTLP/HTTP. Imported only where traces are on."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context as SpanContext
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.context import Context
from shared.tracing import Attributes, Kind, Span

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_KINDS: Final[dict[Kind, SpanKind]] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}


class _Span:
    def __init__(self, span: trace.Span) -> None:
        self._span = span
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        self.traceparent = carrier.get("traceparent")
        self.tracestate = carrier.get("tracestate")

    def name(self, name: str, attributes: Attributes) -> None:
        self._span.update_name(name)
        self._span.set_attributes(dict(attributes))

    def fail(self, kind: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR))
        self._span.set_attribute("error.type", kind)


class OtlpTracer:
    """Makes spans of one process. Which traces are kept, `OTEL_TRACES_SAMPLER` says, as in every program."""

    def __init__(self, process: str, processor: SpanProcessor) -> None:
        name = os.environ.get("OTEL_SERVICE_NAME") or f"luotsi-{process}"
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name, "service.namespace": "luotsi"}))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("luotsi")

    @contextmanager
    def span(self, kind: Kind, name: str, parent: Context | None, attributes: Attributes) -> Iterator[Span]:
        """A span around a block. An error is noted by its type: its text may quote what somebody typed."""
        with self._tracer.start_as_current_span(
            name,
            context=_extracted(parent),
            kind=_KINDS[kind],
            attributes=dict(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as begun:
            found = _Span(begun)
            try:
                yield found
            except Exception as error:
                found.fail(type(error).__name__)
                raise

    def published(self, stream: str, payloads: Sequence[str]) -> None:
        """A span for each event, from when it was recorded: how long it took to get onto its stream."""
        for payload in payloads:
            event = json.loads(payload)
            parent = Context(event["correlationid"], event["traceparent"], tracestate=event.get("tracestate"))
            begun = self._tracer.start_span(
                f"send {event['type']}",
                context=_extracted(parent),
                kind=SpanKind.PRODUCER,
                attributes={"messaging.system": "redis", "messaging.destination.name": stream},
                start_time=int(datetime.fromisoformat(event["time"]).timestamp() * 1e9),
            )
            begun.end()

    def flush(self) -> None:
        """Hand over what there is."""
        self._provider.force_flush()


def _extracted(parent: Context | None) -> SpanContext:
    if parent is None:
        return SpanContext()
    carrier = {"traceparent": parent.traceparent} | ({"tracestate": parent.tracestate} if parent.tracestate else {})
    return _PROPAGATOR.extract(carrier, context=SpanContext())


def tracer_to(process: str, endpoint: str) -> OtlpTracer:
    """A tracer that hands over to the collector at `endpoint`, by the batch and beside the work."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    return OtlpTracer(process, BatchSpanProcessor(exporter))


__all__ = ["OtlpTracer", "tracer_to"]
