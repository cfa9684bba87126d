"""`luotsi rebuild`: copies of other services' facts, made anew out of the logs of those who own them."""

import asyncio

import typer

from luotsi.platform.copies import chosen
from luotsi.platform.rebuilding import now_and_then, rebuild
from luotsi.platform.target import Target


def run(target: Target, name: str | None, *, everything: bool, anew: bool) -> None:
    """Rebuild one copy or all, and say how it goes. PlatformError for a copy that does not exist."""
    for each in chosen(name, everything=everything):
        done = asyncio.run(rebuild(target, each, anew=anew, say=now_and_then(each, _on_stderr)))
        print(f"{each}: {done.rows} rows, {f'{done.mended} mended' if done.mended else 'all as they were'}")


def _on_stderr(line: str) -> None:
    typer.echo(line, err=True)


__all__ = ["run"]
