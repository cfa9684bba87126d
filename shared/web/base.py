"""The base of every web process: an application with context, health and limits, whatever it serves.

An HTTP API stands on it in `json_api.py`. What serves pages needs nothing else than this.
"""

import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from shared import telemetry, tracing
from shared.consuming.service_watch import Probes
from shared.database.connections import Database
from shared.figures import Look
from shared.garbage import keep_what_is_loaded
from shared.problems import Problem
from shared.redis import RawRedis, connect
from shared.services import get_service
from shared.settings import Settings
from shared.version import VERSION
from shared.web import framework_problems
from shared.web.draining import DrainingServer
from shared.web.health import HEALTH_PATHS, add_health_routes
from shared.web.http_methods import HttpMethods
from shared.web.http_protocol import HttpProtocol
from shared.web.middleware import AnswerProblem, RequestContext
from shared.web.observing import Observe
from shared.web.rate_limits import RateLimiter
from shared.web.routing import Route
from shared.web.validators import Validators
from shared.web.whole_bodies import BodyLimits

log = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 64 * 1024
SERVING: Final[dict[str, Any]] = {
    "http": HttpProtocol,
    "log_config": None,
    "access_log": False,
    "timeout_graceful_shutdown": 5,
}
"""How uvicorn serves a web process."""


class State:
    """What the requests of one application share."""

    def __init__(self, service: str, settings: Settings) -> None:
        self.service = get_service(service)
        self.settings = settings
        self.database = Database.of(settings)
        self.redis: RawRedis = connect(
            settings.redis_url.get_secret_value(), socket_timeout=2, socket_connect_timeout=2
        )
        self._limiter = RateLimiter(
            self.service,
            self.redis,
            account=settings.account_requests_per_minute,
            address=settings.address_requests_per_minute,
        )

    def probes(self) -> Probes:
        """What the application depends on beside its servers; named in `/readyz`."""
        return {}

    def looks(self) -> Sequence[Look]:
        """What may wait too long in its database, beside events; also named in `/readyz`."""
        return ()

    async def account(self, _: Request) -> str | None:
        """The account that a request is made by, for requests to be counted by; None for one of nobody's."""
        return None

    async def limit(self, request: Request) -> Problem | None:
        """Count a request, and say what is wrong where it is one too many. What monitors ask is not counted."""
        if request.scope["path"] in HEALTH_PATHS:
            return None
        return await self._limiter.check(await self.account(request), request.client.host if request.client else "")

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()
        await self.database.close()


StateT = TypeVar("StateT", bound=State)


def state_of(request: Request, kind: type[StateT]) -> StateT:
    """The state of the application that serves `request`; `kind` is its class, or a base of that."""
    state = request.app.state.luotsi
    assert isinstance(state, kind)
    return state


def answer_as_text(_: Request, problem: Problem) -> Response:
    """A problem as a line of plain text, for an application that has no form of its own for it."""
    return PlainTextResponse(f"{problem.title}. {problem.detail}\n", problem.status, headers=problem.headers)


def create_web_app(
    state: State,
    answer: AnswerProblem = answer_as_text,
    *,
    max_body_bytes: int = MAX_BODY_BYTES,
    openapi_url: str | None = None,
    **options: Any,
) -> FastAPI:
    """The application without routes but those of health; the caller includes its own.

    Every problem is answered by `answer`: what a route raises, what the framework refuses, what fails unexpectedly.
    `options` are further ones of FastAPI's.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await state.close()

    app = FastAPI(
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=openapi_url,
        redirect_slashes=False,  # a redirect would trust the Host header and forget the prefix
        lifespan=lifespan,
        **options,
    )
    # FastAPI wants the server to know the prefix; here the application does, whoever serves it.
    app.root_path = state.settings.root_path
    app.state.luotsi = state
    app.router.route_class = Route
    app.add_middleware(Validators)
    app.add_middleware(HttpMethods, answer=answer)
    limits = BodyLimits(max_body_bytes, state.settings.body_seconds)
    app.add_middleware(RequestContext, answer=answer, limit=state.limit, limits=limits)
    app.add_middleware(Observe, service=state.service.name, access_log=state.settings.access_log)
    _answer_problems(app, answer)
    add_health_routes(app, state.service, state.database, state.redis, state.looks(), state.probes())
    return app


def _answer_problems(app: FastAPI, answer: AnswerProblem) -> None:
    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def parameters(request: Request, error: RequestValidationError) -> Response:
        return answer(request, framework_problems.from_validation(error))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        return answer(request, framework_problems.from_http(error))


def serve(service: str, settings: Settings, create: Callable[[], FastAPI]) -> None:
    """Run a web process until it is stopped."""
    telemetry.configure_logging(service, settings.log_level)
    tracing.configure(f"{service}-web", settings.otel_exporter_otlp_endpoint)
    try:
        app = create()
        keep_what_is_loaded()
        serving = {**SERVING, "forwarded_allow_ips": settings.forwarded_allow_ips}
        DrainingServer(
            uvicorn.Config(app, host=settings.host, port=settings.port, **serving), app, settings.drain_seconds
        ).run()
    except OSError as error:
        log.critical("cannot listen on %s:%s: %s", settings.host, settings.port, error.strerror)
        sys.exit(1)
