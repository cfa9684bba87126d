"""The worker of the portal: copies who may sign in."""

from services.portal.consumers import build_consumers
from shared.consuming.worker import Worker, run
from shared.database.connections import Database
from shared.settings import Settings, from_environment

SERVICE = "portal"


def build_worker(settings: Settings) -> Worker:
    """The worker, ready to run."""
    return Worker(SERVICE, settings, Database(settings.database_url.get_secret_value()), build_consumers())


def main() -> None:
    """Run the worker until it is stopped; settings come from the environment."""
    settings = from_environment(Settings)
    run(SERVICE, settings, lambda: build_worker(settings))


if __name__ == "__main__":
    main()
