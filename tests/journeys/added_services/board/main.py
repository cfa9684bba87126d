"""The web process of the board: one page, on the base of every web process alone."""

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy import text

from shared.settings import Settings, from_environment
from shared.web.base import State, create_web_app, serve, state_of


def main() -> None:
    """Run the web process until it is told to stop; settings come from the environment."""
    settings = from_environment(Settings)
    app = create_web_app(State("board", settings))

    @app.get("/", response_class=HTMLResponse)
    async def page(request: Request) -> str:
        async with state_of(request, State).database.engine.connect() as connection:
            return f"<!doctype html><p>{await connection.scalar(text('SELECT note FROM notes'))}"

    serve("board", settings, lambda: app)


if __name__ == "__main__":
    main()
