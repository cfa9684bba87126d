"""The catalogue's worker: tells what has changed, and learns how the network fares with its services."""

from services.catalog.consumers import build_consumers
from shared.db import Database
from shared.settings import Settings, from_environment
from shared.worker import Worker, run


def build_worker(settings: Settings) -> Worker:
    """The worker of this service."""
    return Worker("catalog", settings, Database(settings.database_url.get_secret_value()), build_consumers())


if __name__ == "__main__":
    process_settings = from_environment(Settings)
    run("catalog", process_settings, lambda: build_worker(process_settings))
