"""What the routes share: the application's state."""

from collections.abc import Sequence

from services.notifications.api.notice_feed import NoticeFeed
from services.notifications.queries.health import mail
from services.notifications.settings import NotificationsSettings
from shared.consuming.catalog_copy import find_member
from shared.figures import Look
from shared.web.json_api import ApiState


class NotificationsApp(ApiState):
    """What the requests share, and what wakes the open streams of notices among them."""

    settings: NotificationsSettings

    def __init__(self, settings: NotificationsSettings) -> None:
        super().__init__("notifications", settings, find_member)
        self.settings = settings
        self.notice_feed = NoticeFeed(self.database)

    def looks(self) -> Sequence[Look]:
        """How mail goes."""
        return (mail,)
