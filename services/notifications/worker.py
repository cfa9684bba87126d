"""The worker of the notification service: reads both streams, and makes the deliveries of every channel."""

from services.notifications.channels.registry import build_channels
from services.notifications.consumers import build_consumers
from services.notifications.jobs.delivery_queue import DeliveryQueue
from services.notifications.queries.health import mail
from services.notifications.settings import NotificationsSettings
from shared.consuming.worker import Worker, run
from shared.database.connections import Database
from shared.publishing.notify_listener import BATCH_DELAY
from shared.publishing.outbox import Outbox
from shared.settings import from_environment

SERVICE = "notifications"


def build_worker(settings: NotificationsSettings) -> Worker:
    """The worker, ready to run."""
    database = Database.of(settings)
    outbox = Outbox(SERVICE, settings.epoch)
    queues = [DeliveryQueue(database, outbox, channel) for channel in build_channels(settings)]
    jobs = [queue.run for queue in queues]
    return (
        Worker(SERVICE, settings, database, build_consumers(outbox), jobs, BATCH_DELAY).watching(mail).packing_events()
    )


def main() -> None:
    """Run the worker until it is stopped; settings come from the environment."""
    settings = from_environment(NotificationsSettings)
    run(SERVICE, settings, lambda: build_worker(settings))


if __name__ == "__main__":
    main()
