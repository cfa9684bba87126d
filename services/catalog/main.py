"""The web process of the catalogue."""

from fastapi import FastAPI

from services.catalog.api import health, members, organizations, services, unfound_words
from services.catalog.api.dependencies import CatalogApp
from services.catalog.queries.visibility import find_member
from shared.clock import Clock, utc_now
from shared.settings import Settings, from_environment
from shared.web.base import serve
from shared.web.json_api import create_api

_ABOUT = (
    "Organisations and services for people who have moved to the Kuopio area, in Finnish, Swedish and English. "
    "Reading is public; field names follow Open Referral HSDS 3.1."
)


def create_app(settings: Settings, clock: Clock = utc_now) -> FastAPI:
    """The application; `clock` may be moved by tests."""
    app = create_api("Luotsi: catalogue", _ABOUT, CatalogApp(settings, find_member, clock))
    for module in (organizations, services, members, unfound_words, health):
        app.include_router(module.router)
    return app


def main() -> None:
    """Run the web process until it is stopped; settings come from the environment."""
    settings = from_environment(Settings)
    serve("catalog", settings, lambda: create_app(settings))


if __name__ == "__main__":
    main()
