"""A web process: the FastAPI application of one service with what all services answer alike."""

import logging
import sys
from asyncio import CancelledError
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import unquote_plus

import uvicorn
from fastapi import Depends, FastAPI, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPBearer
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import context, problems, telemetry
from shared.actors import Actor
from shared.database.connections import Database
from shared.database.outages import is_away
from shared.database.transaction import Transaction
from shared.personal_identity import contains_code
from shared.publishing.outbox import Outbox
from shared.redis import RawRedis, connect
from shared.settings import Settings
from shared.web import problem_responses
from shared.web.bodies import add_body_schemas
from shared.web.docs_page import add_docs_page
from shared.web.health import add_health_routes
from shared.web.tokens import FindMember, Verifier, authenticate

log = logging.getLogger(__name__)


class State:
    """What the requests of one application share."""

    def __init__(self, service: str, settings: Settings, find_member: FindMember) -> None:
        self.service = service
        self.settings = settings
        self.database = Database(settings.database_url.get_secret_value())
        self.redis: RawRedis = connect(
            settings.redis_url.get_secret_value(), socket_timeout=2, socket_connect_timeout=2
        )
        self.verifier = Verifier(settings.issuer, settings.jwks)
        self.outbox = Outbox(service, settings.epoch)
        self.find_member = find_member


def state_of(request: Request) -> Any:
    """The `State` (or the service's own subclass of it) of the application that serves `request`."""
    return request.app.state.luotsi


async def transaction(request: Request) -> AsyncIterator[Transaction]:
    """One transaction per request, committed before the first byte of the answer goes out."""
    async with state_of(request).database.transaction() as tx:
        yield tx


# scope="function": FastAPI would otherwise commit after the answer was sent.
TransactionOf = Annotated[Transaction, Depends(transaction, scope="function")]


# Says in OpenAPI which routes take a token; `authenticate` itself looks at it, and answers what is wrong with it.
_BEARER = HTTPBearer(bearerFormat="JWT", description="An access token of the platform (RFC 9068)", auto_error=False)


async def current_actor(request: Request, tx: TransactionOf, _: Annotated[object, Security(_BEARER)]) -> Actor:
    """The member who calls; the first dependency of every route that is not public."""
    shared: State = state_of(request)
    return await authenticate(request, tx, shared.verifier, shared.find_member)


ActorOf = Annotated[Actor, Depends(current_actor)]


def create_app(title: str, description: str, state: State) -> FastAPI:
    """The application without the service's own routes; these are to be included by the caller."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await state.redis.aclose()
        await state.database.close()

    app = FastAPI(
        title=title,
        description=description,
        version="0.1.0",
        docs_url=None,
        redirect_slashes=False,  # a redirect would trust the Host header and forget the prefix
        redoc_url=None,
        lifespan=lifespan,
        responses=problem_responses.declared(),
    )
    # FastAPI wants the server to know the prefix; here the application does, whoever serves it.
    app.root_path = state.settings.root_path
    app.state.luotsi = state
    app.add_middleware(_InContext)
    _answer_problems(app)
    add_docs_page(app, state.settings.root_path)
    add_health_routes(app, state.service, state.database, state.redis)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


class _InContext:
    """Runs each request in a context of its own, and names that context in the answer.

    Plain ASGI: with its tasks and queues, the framework's own kind makes the shortest answer take three times as long.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        scope["query_string"] = _without_empty_values(scope["query_string"])
        request = Request(scope)
        about = context.new_context(request.headers.get("X-Correlation-ID"), request.headers.get("traceparent"))
        begun = False

        async def send_named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers["X-Correlation-ID"] = about.correlation_id
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        with context.using(about):
            if contains_code(f"{scope['path']} {unquote_plus(scope['query_string'].decode('latin-1'))}"):
                detail = "A personal identity code must never stand in an address. Search with the reference instead."
                refusal = problems.invalid(detail, name="personal-identity-code")
                return await problem_responses.response(request, refusal)(scope, receive, send_named)
            try:
                await self._app(scope, receive, send_named)
            except (Exception, CancelledError) as error:
                # Here, and not in a handler: the framework would log the error's text as well.
                answer = _unexpected(request, error)
                if not begun:  # else the caller sees an answer cut short
                    await answer(scope, receive, send_named)
                if isinstance(error, CancelledError):
                    raise


def _without_empty_values(query: bytes) -> bytes:
    """`a=&b=1` as `b=1`: a field of a form that was left empty asks for nothing."""
    return b"&".join(part for part in query.split(b"&") if not part.endswith(b"="))


def _answer_problems(app: FastAPI) -> None:
    @app.exception_handler(problems.Problem)
    async def problem(request: Request, error: problems.Problem) -> Response:
        return problem_responses.response(request, error)

    @app.exception_handler(RequestValidationError)
    async def parameters(request: Request, error: RequestValidationError) -> Response:
        return problem_responses.response(request, problem_responses.from_validation(error))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return problem_responses.response(request, problem_responses.from_http(error))


def _unexpected(request: Request, error: BaseException) -> Response:
    if isinstance(error, CancelledError):  # a server that is told to stop waits for requests only so long
        detail = "This server is being stopped. Send the same request again shortly."
        return problem_responses.response(request, problems.unavailable(detail))
    if isinstance(error, ClientDisconnect):
        return problem_responses.response(request, problems.malformed("The body ended before it was complete."))
    if is_away(error):
        log.warning("a server is away: %s", type(error).__name__)
        detail = "The database does not answer. Nothing was changed; send the same request again shortly."
        return problem_responses.response(request, problems.unavailable(detail))
    log.error("unexpected error", exc_info=error)
    detail = f"Something failed on our side. Tell the operator: {context.current().correlation_id}."
    return problem_responses.response(request, problems.Problem(500, "internal", "Our fault", detail))


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=[{"url": app.root_path or "/"}],
        )
        add_body_schemas(schema)
        schemas = schema["components"]["schemas"]
        schemas["ProblemDetails"] = problems.ProblemDetails.model_json_schema()
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        app.openapi_schema = schema
    return app.openapi_schema


def serve(service: str, settings: Settings, create: Callable[[], FastAPI]) -> None:
    """Run a web process until it is told to stop."""
    telemetry.configure_logging(service, settings.log_level)
    try:
        uvicorn.run(
            create(),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    except OSError as error:
        log.critical("cannot listen on %s:%s: %s", settings.host, settings.port, error.strerror)
        sys.exit(1)
