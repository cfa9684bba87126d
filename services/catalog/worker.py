"""The catalogue's worker: publishes its events, and copies the statistics of its services."""

from services.catalog.consumers import build_consumers
from shared.consuming.worker import Worker, run
from shared.database.connections import Database
from shared.settings import Settings, from_environment


def build_worker(settings: Settings) -> Worker:
    """The worker of this service."""
    return Worker("catalog", settings, Database.of(settings), build_consumers())


def main() -> None:
    """Run the worker until it is stopped; settings come from the environment."""
    settings = from_environment(Settings)
    run("catalog", settings, lambda: build_worker(settings))


if __name__ == "__main__":
    main()
