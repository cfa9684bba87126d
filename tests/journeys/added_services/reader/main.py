"""The web process of the reader: no route but those of health."""

from shared.settings import Settings, from_environment
from shared.web.base import State, create_web_app, serve


def main() -> None:
    """Run the web process until it is told to stop; settings come from the environment."""
    settings = from_environment(Settings)
    serve("reader", settings, lambda: create_web_app(State("reader", settings)))


if __name__ == "__main__":
    main()
