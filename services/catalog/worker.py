"""The catalogue's worker: its relay and watchdog. It consumes nothing yet."""

from shared.db import Database
from shared.settings import Settings, from_environment
from shared.worker import Worker, run


def build_worker(settings: Settings) -> Worker:
    """The worker of this service."""
    return Worker("catalog", settings, Database(settings.database_url.get_secret_value()), consumers=[])


if __name__ == "__main__":
    process_settings = from_environment(Settings)
    run("catalog", process_settings, lambda: build_worker(process_settings))
