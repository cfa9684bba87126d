"""An application on the base of every web process alone: it serves pages, and has context, health and limits."""

from collections.abc import AsyncIterator
from html import escape
from typing import Annotated

import httpx2
import pytest
import pytest_asyncio
from fastapi import Body, Request
from fastapi.responses import HTMLResponse

from luotsi.embedded.servers import Servers
from shared import context
from shared.problems import Problem, conflict
from shared.settings import Settings
from shared.version import VERSION
from shared.web.base import MAX_BODY_BYTES, State, answer_as_text, create_web_app
from shared.web.middleware import AnswerProblem

CLICK = "0a7651f9-16cd-43dd-8448-eb211c80319c"
TOO_LARGE = "x" * (MAX_BODY_BYTES + 1)


def as_page(_: Request, problem: Problem) -> HTMLResponse:
    """How an application of pages would say a problem."""
    page = f"<!doctype html><title>{escape(problem.title)}</title><p>{escape(problem.detail)}"
    return HTMLResponse(page, problem.status, headers=problem.headers)


@pytest_asyncio.fixture
async def client(servers: Servers, request: pytest.FixtureRequest) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a small application of pages, which says problems as the test wants, or as a page."""
    answer: AnswerProblem = getattr(request, "param", as_page)
    settings = Settings(
        database_url=servers.database_urls["catalog"], redis_url=servers.redis_urls["catalog"], jwks="none.json"
    )
    state = State("catalog", settings)
    app = create_web_app(state, answer)

    @app.get("/", response_class=HTMLResponse)
    async def start() -> str:
        return f"<!doctype html><title>Luotsi</title><p>{context.current().correlation_id}"

    @app.post("/notes", response_class=HTMLResponse)
    async def note(request: Request) -> str:
        return f"<!doctype html><p>{len(await request.body())}"

    @app.post("/read-by-the-framework", response_class=HTMLResponse)
    async def read(texts: Annotated[list[str], Body()]) -> str:
        return f"<!doctype html><p>{len(texts)}"

    @app.get("/trace")
    async def trace() -> dict[str, str | None]:
        about = context.current()
        return {"traceparent": about.traceparent, "tracestate": about.tracestate}

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError("the text of an error may quote a client")

    @app.get("/refuses")
    async def refuses() -> None:
        raise conflict("Somebody was quicker.")

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://pages") as client:
        yield client
    await state.close()


async def test_a_page_is_served_in_a_context_of_its_own(client: httpx2.AsyncClient) -> None:
    page = await client.get("/", headers={"X-Correlation-ID": CLICK})
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.text.endswith(f"<p>{CLICK}")
    assert page.headers["X-Correlation-ID"] == CLICK
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert (await client.get("/")).headers["X-Correlation-ID"] not in ("", CLICK)


async def test_monitors_find_what_every_process_has(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/livez")).json() == {"status": "alive", "version": VERSION}
    ready = (await client.get("/readyz")).json()
    dependencies = {"postgresql": "up", "redis": "up", "referral.events": "up"}
    assert ready == {"status": "ready", "dependencies": dependencies, "late": []}
    assert 'luotsi_outbox_unpublished{stream="catalog.events"} ' in (await client.get("/metrics")).text


FAULTS = [
    ("GET", "/nowhere", "", 404, "Check the address."),
    ("DELETE", "/", "", 405, "takes GET, HEAD, OPTIONS."),
    ("GET", "/refuses", "", 409, "Somebody was quicker."),
    ("GET", "/fails", "", 500, "Tell the operator"),
    ("GET", "/?q=131052-308T", "", 422, "must never stand in an address"),
    ("POST", "/notes", TOO_LARGE, 413, "The body is larger than 64 KiB."),
    ("POST", "/read-by-the-framework", TOO_LARGE, 413, "The body is larger than 64 KiB."),
    ("POST", "/read-by-the-framework", "{}", 422, "Correct the"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), FAULTS)
async def test_every_problem_is_said_as_a_page(
    client: httpx2.AsyncClient, method: str, path: str, body: str, status: int, words: str
) -> None:
    answer = await client.request(method, path, content=body)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!doctype html>")
    assert words in answer.text
    assert answer.headers["X-Correlation-ID"]
    assert "quote a client" not in answer.text


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), FAULTS)
@pytest.mark.parametrize("client", [answer_as_text], indirect=True)
async def test_without_a_form_of_its_own_problems_are_text(
    client: httpx2.AsyncClient, method: str, path: str, body: str, status: int, words: str
) -> None:
    answer = await client.request(method, path, content=body)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert words in answer.text


async def test_a_body_within_the_limit_is_taken(client: httpx2.AsyncClient) -> None:
    page = await client.post("/notes", content="x" * MAX_BODY_BYTES)
    assert page.text == f"<!doctype html><p>{MAX_BODY_BYTES}"


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_pages_are_not_described_as_an_api(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ZEROS = f"00-{'0' * 32}-{'0' * 16}-01"


@pytest.mark.parametrize(
    ("sent", "trace", "state"),
    [
        ([("traceparent", TRACE), ("tracestate", "a=1"), ("tracestate", "b=2")], TRACE, "a=1,b=2"),
        ([("traceparent", TRACE), ("tracestate", "a=1,a=2")], TRACE, None),
        ([("traceparent", ZEROS), ("tracestate", "a=1")], None, None),
        ([("traceparent", TRACE), ("traceparent", TRACE), ("tracestate", "a=1")], None, None),
        ([("tracestate", "a=1")], None, None),
    ],
)
async def test_a_trace_is_taken_over_from_headers(
    client: httpx2.AsyncClient, sent: list[tuple[str, str]], trace: str | None, state: str | None
) -> None:
    found = (await client.get("/trace", headers=sent)).json()
    assert (found["tracestate"], found["traceparent"] in dict(sent).values()) == (state, trace is not None)
