"""The worker of the reader, which has nothing to publish."""

from shared.consuming.worker import Worker, run
from shared.database.connections import Database
from shared.settings import Settings, from_environment

from .consumers import example_consumers


def main() -> None:
    """Run the worker until it is told to stop; settings come from the environment."""
    settings = from_environment(Settings)
    database = Database(settings.database_url.get_secret_value())
    run("reader", settings, lambda: Worker("reader", settings, database, example_consumers()))


if __name__ == "__main__":
    main()
