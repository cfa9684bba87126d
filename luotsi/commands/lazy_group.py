"""Groups of commands whose code is loaded when one of them is called, so that `luotsi up` does not wait for it."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group


def lazy_group(module: str, about: str) -> typer.Typer:
    """A group of the commands of `app` in the module, which is loaded when they are asked for; `about` is its help."""

    class LazyGroup(TyperGroup):
        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            self._load()
            return super().get_command(ctx, cmd_name)

        def list_commands(self, ctx: Any) -> list[str]:
            self._load()
            return super().list_commands(ctx)

        def _load(self) -> None:
            if not self.commands:
                self.commands = get_group(import_module(module).app).commands

    return typer.Typer(cls=LazyGroup, help=about, no_args_is_help=True)
