"""The web process of the notification service."""

from fastapi import FastAPI

from services.notifications.api import deliveries, notices, preferences, stream
from services.notifications.api.notice_feed import NoticeFeed
from services.notifications.settings import NotificationSettings
from shared.consuming.catalog_copy import find_member
from shared.settings import from_environment
from shared.web.base import serve
from shared.web.json_api import ApiState, create_api

SERVICE = "notifications"


class NotificationState(ApiState):
    """What the requests share, and what wakes the open streams of notices among them."""

    def __init__(self, settings: NotificationSettings) -> None:
        super().__init__(SERVICE, settings, find_member)
        self.notice_feed = NoticeFeed(self.database.listen_dsn)


def create_app(settings: NotificationSettings) -> FastAPI:
    """The application that answers over HTTP."""
    app = create_api(
        "Luotsi notifications",
        "Your inbox: what became of the referrals that concern you. And how each notice went.",
        NotificationState(settings),
    )
    app.include_router(stream.router)  # before `/notices/{notice_id}`, which would take its path
    app.include_router(notices.router)
    app.include_router(preferences.router)
    app.include_router(deliveries.router)
    return app


def main() -> None:
    """Run the web process until it is stopped; settings come from the environment."""
    settings = from_environment(NotificationSettings)
    serve(SERVICE, settings, lambda: create_app(settings))


if __name__ == "__main__":
    main()
