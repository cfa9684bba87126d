"""Traces: one from the request over the stream to the mail, nothing personal in them, and nothing loaded while off."""

import asyncio
import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared import tracing
from shared.otlp import OtlpTracer
from tests.builders import Town, small_town
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue
from tests.platform import Platform
from tests.portal.signed_in import portal_client
from tests.referring import SECRETS, at_work, new_referral, sent_referral
from tests.web_process import PATIENCE, web_process

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


@pytest.fixture
def spans(town: Town) -> Iterator[InMemorySpanExporter]:
    """Spans of everything that this process does from now on."""
    kept = InMemorySpanExporter()
    tracing.use(OtlpTracer("tests", SimpleSpanProcessor(kept)))
    yield kept
    tracing.use(None)


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def follows(span: ReadableSpan, parent: ReadableSpan) -> bool:
    assert span.parent is not None
    assert parent.context is not None
    return trace_of(span) == trace_of(parent) and span.parent.span_id == parent.context.span_id


async def test_one_trace_leads_from_the_request_over_the_stream_to_the_mail_and_back(
    platform: Platform, town: Town, spans: InMemorySpanExporter
) -> None:
    async with platform.client("referral", town.adviser, traceparent=CALLER, **{"Idempotency-Key": "k"}) as adviser:
        assert (await adviser.post("/referrals", json=new_referral(town))).status_code == 201
    await platform.settle()
    async with MailServer() as server:
        await delivery_queue(platform, Clock(), server).step()
        assert server.taken
    await platform.settle()
    [request] = named(spans, "POST /referrals")
    assert trace_of(request) == CALLER.split("-")[1]
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == CALLER.split("-")[2]
    [sent] = named(spans, "send referral.sent.v1")
    assert follows(sent, request)
    handled = named(spans, "process referral.sent.v1")
    assert handled
    assert all(follows(span, request) for span in handled)
    delivered = named(spans, "deliver email")
    assert delivered
    assert all(any(follows(span, cause) for cause in handled) for span in delivered)
    told = [span for span in named(spans, "process notification.delivered.v1") if trace_of(span) == trace_of(request)]
    assert told, "the proof of delivery belongs to the same trace"


async def test_what_the_portal_asks_the_apis_for_belongs_to_its_request(
    platform: Platform, town: Town, spans: InMemorySpanExporter
) -> None:
    await platform.settle()
    async with portal_client(platform, town.adviser, "en") as browser:
        spans.clear()
        assert (await browser.get("/")).status_code == 200
    [page] = named(spans, "GET /")
    asked = [span for span in spans.get_finished_spans() if span is not page]
    assert asked
    assert all(follows(span, page) for span in asked)


async def test_spans_say_nothing_of_anybody(platform: Platform, town: Town, spans: InMemorySpanExporter) -> None:
    sent = await sent_referral(platform, town)
    desk = at_work(platform, town.desk)
    await desk.read(sent["id"])
    async with platform.client("referral", town.adviser) as adviser:
        await adviser.get(f"/clients/search?name=Esimerkki&unknown={town.adviser.email}")
    await platform.settle()
    async with MailServer(refuse=f"550 {town.desk.email} is unknown") as server:
        await delivery_queue(platform, Clock(), server).step()
    finished = spans.get_finished_spans()
    assert [span.status.is_ok for span in finished if span.name == "deliver email"][:1] == [False]
    said = " ".join(span.to_json() for span in finished)
    people = [town.adviser.email, town.desk.email, str(town.adviser.id), str(town.adviser.organization_id)]
    known = [sent["id"], sent["reference"], "127.0.0.1"]
    assert not [one for one in (*people, *known, *SECRETS) if one in said]


async def test_an_error_is_noted_by_its_kind_and_not_by_its_words(
    platform: Platform, town: Town, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="Esimerkki"), tracing.span("consumer", "process it", None, {}):
        raise ValueError("Esimerkki Asiakas")
    [span] = named(spans, "process it")
    assert (span.status.is_ok, span.attributes) == (False, {"error.type": "ValueError"})
    assert not span.events
    assert "Esimerkki" not in span.to_json()


async def test_while_off_a_notice_keeps_no_trace(platform: Platform, town: Town) -> None:
    await sent_referral(platform, town)
    await platform.settle()
    assert await platform.scalar("notifications", "SELECT count(*) FROM notices") > 0
    assert await platform.scalar("notifications", "SELECT count(traceparent) FROM notices") == 0


# What redis-py loads by itself, wherever it is installed, is the SDK's part for metrics.
LOADED = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "google.protobuf", "requests")


@pytest.mark.parametrize("module", ["services.referral.main", "services.notifications.worker", "services.portal.main"])
def test_while_off_nothing_of_it_is_loaded(module: str) -> None:
    program = f"import sys, {module}; print([name for name in sys.modules if name.startswith({LOADED})])"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stdout.strip() == "[]"


def test_without_what_it_takes_a_process_says_so_and_ends() -> None:
    program = (
        "import sys; sys.modules['opentelemetry.exporter'] = None; "
        "from shared import tracing; tracing.configure('catalog-web', 'http://127.0.0.1:4318')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ)
    assert (done.returncode, "luotsi[tracing]" in done.stderr) == (2, True), done.stderr


class Collector(ThreadingHTTPServer):
    """A collector that keeps what it is given over OTLP/HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.taken: list[ExportTraceServiceRequest] = []
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def names(self) -> dict[str, set[str]]:
        """The names of spans, by the process that they are of."""
        found: dict[str, set[str]] = {}
        for request in self.taken:
            for resource in request.resource_spans:
                about = {each.key: each.value.string_value for each in resource.resource.attributes}
                names = {span.name for scope in resource.scope_spans for span in scope.spans}
                found.setdefault(about["service.name"], set()).update(names)
        return found


class _Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces"
        self.server.taken.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


async def test_a_process_hands_its_traces_to_a_collector(platform: Platform, town: Town, tmp_path: Path) -> None:
    collector = Collector()
    try:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with web_process(platform, "referral", tmp_path / "log", **settings) as process:
            async with process.client(town.adviser) as adviser:
                assert (await adviser.get("/referrals")).status_code == 200
                assert (await adviser.get("/readyz")).status_code == 200
            async with asyncio.timeout(PATIENCE):
                while "GET /referrals" not in collector.names.get("luotsi-referral-web", set()):
                    await asyncio.sleep(0.1)
        assert collector.names == {"luotsi-referral-web": {"GET /referrals"}}, "monitors leave no traces"
    finally:
        collector.shutdown()
        collector.server_close()
