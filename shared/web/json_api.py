"""An HTTP API on the base of every web process: problems as JSON, access tokens, and its description (OpenAPI)."""

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import cache, partial
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer

from shared import problems
from shared.actors import Actor
from shared.consuming.service_watch import Probes
from shared.database.transaction import Transaction
from shared.settings import Settings
from shared.web import problem_responses
from shared.web.base import State, create_web_app, state_of
from shared.web.docs_page import add_docs_page
from shared.web.http_methods import is_head
from shared.web.openapi import describe
from shared.web.tokens import FindMember, Verifier, authenticate, bearer_token


class ApiState(State):
    """What the requests of one API share: also how a caller's token is verified and its member found."""

    def __init__(self, service: str, settings: Settings, find_member: FindMember) -> None:
        super().__init__(service, settings)
        self.verifier = Verifier(settings.issuer, settings.jwks)
        self.find_member = find_member

    def probes(self) -> Probes:
        """It depends on the platform's keys, too."""
        return {"keys": self.verifier.has_keys}

    async def account(self, request: Request) -> str | None:
        """The member that a valid token names; None without one."""
        token = bearer_token(request)
        try:
            return None if token is None else str((await self.verifier.claims(token))["sub"])
        except problems.Problem:  # which `authenticate` answers, where a token is needed
            return None


class _NothingShown(Exception):
    """Only the head of an answer was asked for."""


async def transaction(request: Request) -> AsyncIterator[Transaction]:
    """One transaction per request, committed before the first byte of the answer goes out.

    With HEAD nothing is committed: nothing was shown that could be noted, and nobody has looked.
    """
    with suppress(_NothingShown):
        async with state_of(request, State).database.transaction() as tx:
            yield tx
            if is_head(request):
                raise _NothingShown


# scope="function": FastAPI would otherwise commit after the answer was sent.
TransactionOf = Annotated[Transaction, Depends(transaction, scope="function")]


# Says in OpenAPI which routes take a token; `authenticate` itself looks at it, and answers what is wrong with it.
_BEARER = HTTPBearer(bearerFormat="JWT", description="An access token of the platform (RFC 9068)", auto_error=False)


async def current_actor(request: Request, tx: TransactionOf, _: Annotated[object, Security(_BEARER)]) -> Actor:
    """The member who calls; the first dependency of every route that is not public."""
    shared = state_of(request, ApiState)
    return await authenticate(request, tx, shared.verifier, shared.find_member)


ActorOf = Annotated[Actor, Depends(current_actor)]


def create_api(title: str, description: str, state: ApiState) -> FastAPI:
    """The application without the service's own routes; these are to be included by the caller."""
    app = create_web_app(
        state,
        problem_responses.response,
        title=title,
        description=description,
        responses=problem_responses.declared(),
    )
    add_docs_page(app, state.settings.root_path)
    app.openapi = cache(partial(describe, app))  # type: ignore[method-assign]

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    return app
