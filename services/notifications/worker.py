"""The worker of the notification service: reads both streams, and sends mail."""

from services.notifications.consumers import build_consumers
from services.notifications.deliverer import Deliverer
from services.notifications.mail import build_mailer
from services.notifications.settings import NotificationSettings
from shared.db import Database
from shared.outbox import Outbox
from shared.settings import from_environment
from shared.wake import UNHURRIED
from shared.worker import Worker, run

SERVICE = "notifications"


def build_worker(settings: NotificationSettings) -> Worker:
    """The worker, ready to run."""
    database = Database(settings.database_url.get_secret_value())
    outbox = Outbox(SERVICE, settings.epoch)
    deliverer = Deliverer(database, outbox, build_mailer(settings), settings)
    return Worker(SERVICE, settings, database, build_consumers(outbox), [deliverer.run], UNHURRIED)


def main() -> None:
    """Run the worker until it is told to stop; settings come from the environment."""
    settings = from_environment(NotificationSettings)
    run(SERVICE, settings, lambda: build_worker(settings))


if __name__ == "__main__":
    main()
