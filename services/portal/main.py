"""The web process of the portal."""

from functools import partial

from fastapi import FastAPI

from services.portal.pages import key_set, static_files
from services.portal.pages.areas import AREAS
from services.portal.pages.headers import SecurityHeaders
from services.portal.pages.problem_pages import answer_problem
from services.portal.pages.state import PortalApp, Transports
from services.portal.settings import PortalSettings, account_vault_of
from services.portal.use_cases.sealed import OPENS_NOTHING, opens_some
from shared.clock import Clock, utc_now
from shared.key_check import refuse_other_keys
from shared.settings import from_environment
from shared.web.base import create_web_app, serve

SERVICE = "portal"


def create_app(settings: PortalSettings, transports: Transports | None = None, clock: Clock = utc_now) -> FastAPI:
    """The application that answers with pages; tests reach the APIs by `transports` of their own."""
    app = create_web_app(PortalApp(settings, transports or {}, clock), answer_problem)
    app.add_middleware(SecurityHeaders, secure=settings.public_url.startswith("https://"))
    app.include_router(key_set.router)
    app.include_router(static_files.router)
    for router in AREAS:
        app.include_router(router)
    return app


def main() -> None:
    """Run the web process until it is stopped; settings come from the environment."""
    settings = from_environment(PortalSettings)
    vault = account_vault_of(settings)
    refuse_other_keys(settings.database_url.get_secret_value(), partial(opens_some, vault=vault), OPENS_NOTHING)
    serve(SERVICE, settings, lambda: create_app(settings))


if __name__ == "__main__":
    main()
