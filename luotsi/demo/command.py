"""The command itself: where it plays, where its words go, and its exit code."""

import asyncio
from typing import Annotated

import typer


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    edge: Annotated[
        str | None, typer.Option(metavar="URL", help="Play on the running platform behind this address.")
    ] = None,
) -> None:
    """Play a referral from end to end; exit code 0 only if everyone concerned was really told."""
    from luotsi.demo.play import play

    if not asyncio.run(play(edge, as_json=as_json)):
        raise typer.Exit(1)
