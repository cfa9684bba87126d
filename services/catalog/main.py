"""The web process of the catalogue."""

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import IntegrityError

from services.catalog.api import members, organizations, services
from services.catalog.api.dependencies import CatalogApp
from services.catalog.domain.rules import NotYours, RuleBroken
from services.catalog.use_cases.visibility import find_member
from shared import problems
from shared.clock import Clock, utc_now
from shared.settings import Settings, from_environment
from shared.web import problem_responses
from shared.web.base import serve
from shared.web.json_api import create_api

_ABOUT = (
    "Organisations and services for people who have moved to the Kuopio area, in Finnish, Swedish and English. "
    "Reading is public; field names follow Open Referral HSDS 3.1."
)


def create_app(settings: Settings, clock: Clock = utc_now) -> FastAPI:
    """The application; `clock` may be moved by tests."""
    app = create_api("Luotsi: catalogue", _ABOUT, CatalogApp(settings, find_member, clock))
    for module in (organizations, services, members):
        app.include_router(module.router)

    @app.exception_handler(RuleBroken)
    async def rule_broken(request: Request, broken: RuleBroken) -> Response:
        if broken.conflict:
            return problem_responses.response(request, problems.conflict(broken.detail, broken.name or "conflict"))
        errors = [{"field": broken.field, "message": broken.detail}] if broken.field else None
        return problem_responses.response(request, problems.invalid(broken.detail, errors, broken.name or "invalid"))

    @app.exception_handler(NotYours)
    async def not_yours(request: Request, refused: NotYours) -> Response:
        return problem_responses.response(request, problems.forbidden(refused.detail))

    @app.exception_handler(IntegrityError)
    async def overtaken(request: Request, _: IntegrityError) -> Response:
        # The rules looked, and another change came in between.
        detail = "It clashes with a change made at the same moment. Read it again, then decide anew."
        return problem_responses.response(request, problems.conflict(detail))

    return app


def main() -> None:
    """Run the web process until it is told to stop; settings come from the environment."""
    settings = from_environment(Settings)
    serve("catalog", settings, lambda: create_app(settings))


if __name__ == "__main__":
    main()
