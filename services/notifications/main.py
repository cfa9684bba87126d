"""The web process of the notification service."""

from fastapi import FastAPI

from services.notifications.api import bounces, deliveries, health, notices, preferences, stream
from services.notifications.api.dependencies import NotificationsApp
from services.notifications.settings import NotificationsSettings
from shared.settings import from_environment
from shared.web.base import serve
from shared.web.json_api import create_api

SERVICE = "notifications"


def create_app(settings: NotificationsSettings) -> FastAPI:
    """The application that answers over HTTP."""
    app = create_api(
        "Luotsi notifications",
        "Your inbox: what became of the referrals that concern you. And how each notice went.",
        NotificationsApp(settings),
    )
    app.include_router(stream.router)  # before `/notices/{notice_id}`, which would take its path
    app.include_router(notices.router)
    app.include_router(preferences.router)
    app.include_router(deliveries.router)
    app.include_router(health.router)
    app.include_router(bounces.router)
    return app


def main() -> None:
    """Run the web process until it is stopped; settings come from the environment."""
    settings = from_environment(NotificationsSettings)
    serve(SERVICE, settings, lambda: create_app(settings))


if __name__ == "__main__":
    main()
