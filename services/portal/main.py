"""The web process of the portal."""

from fastapi import FastAPI

from services.portal.pages import key_set
from services.portal.pages.state import PortalApp, Transports
from services.portal.settings import PortalSettings
from shared.settings import from_environment
from shared.web.base import create_web_app, serve

SERVICE = "portal"


def create_app(settings: PortalSettings, transports: Transports | None = None) -> FastAPI:
    """The application that answers with pages; tests reach the APIs by `transports` of their own."""
    app = create_web_app(PortalApp(settings, transports or {}))
    app.include_router(key_set.router)
    return app


def main() -> None:
    """Run the web process until it is stopped; settings come from the environment."""
    settings = from_environment(PortalSettings)
    serve(SERVICE, settings, lambda: create_app(settings))


if __name__ == "__main__":
    main()
