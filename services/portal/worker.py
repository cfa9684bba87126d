"""The worker of the portal: copies who may sign in, and removes what has come to its end."""

from services.portal.consumers import build_consumers
from services.portal.jobs.cleaner import Cleaner
from shared.consuming.worker import Worker, run
from shared.database.connections import Database
from shared.settings import Settings, from_environment

SERVICE = "portal"


def build_worker(settings: Settings) -> Worker:
    """The worker, ready to run."""
    database = Database.of(settings)
    return Worker(SERVICE, settings, database, build_consumers(), jobs=[Cleaner(database).run])


def main() -> None:
    """Run the worker until it is stopped; settings come from the environment."""
    settings = from_environment(Settings)
    run(SERVICE, settings, lambda: build_worker(settings))


if __name__ == "__main__":
    main()
