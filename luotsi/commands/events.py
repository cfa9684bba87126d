"""`luotsi events`: how far events have come, dead letters, and publishing events again."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from luotsi.commands import backlog
from luotsi.platform.operator_database import operator_database
from luotsi.platform.process import PlatformError
from luotsi.platform.target import DEFAULT_DATA, DataOption, Target, find_target
from shared.consuming import dead_letters
from shared.publishing import packs
from shared.publishing.republishing import publish_again
from shared.redis import RawRedis, connect
from shared.services import SERVICES, groups_of, publishers, stream_of, streams

app = typer.Typer(no_args_is_help=True)
dead = typer.Typer(help="Events that a consumer could not handle.", no_args_is_help=True)
app.add_typer(dead, name="dead")

Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]


@app.command()
def lag(data: DataOption = DEFAULT_DATA, as_json: Json = False) -> None:
    """What waits where. Exit code 1 when something is dead, stuck, has waited for too long, or is read by nobody."""
    groups, services = asyncio.run(_look(find_target(data)))
    if as_json:
        found = {
            "groups": [asdict(group) | {"missing": group.missing, "well": group.well} for group in groups],
            "services": [asdict(service) | {"well": service.well} for service in services],
        }
        print(json.dumps(found))
    else:
        backlog.show(groups, services)
    if not (all(group.well for group in groups) and all(service.well for service in services)):
        raise typer.Exit(1)


@dead.command("list")
def dead_list(data: DataOption = DEFAULT_DATA, as_json: Json = False) -> None:
    """The dead letters of every group."""
    letters = asyncio.run(_letters(find_target(data)))
    if as_json:
        print(json.dumps([_summary(stream, group, letter) for stream, group, letter in letters]))
        return
    table = Table("id", "stream", "group", "type", "failures", "since", "reason")
    for stream, group, letter in letters:
        event_type = str(_event(letter).get("type", "?"))
        table.add_row(letter.id, stream, group, event_type, str(letter.failures), letter.at, letter.reason)
    Console().print(table if letters else "no dead letters")


@dead.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `dead list` shows it.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """One dead letter, with the reason and the event (or the bare bytes, where it is none)."""
    for stream, group, letter in asyncio.run(_letters(find_target(data), letter_id)):
        print(json.dumps(_summary(stream, group, letter) | {"event": _event(letter) or None}, indent=2))
        if not _event(letter):
            for name, value in letter.fields.items():
                print(f"{name!r}: {value!r}")


@dead.command()
def replay(
    letter_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="As `dead list` shows it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Put dead letters back onto their streams; consumers that have handled the event already pass it over."""
    if everything == (letter_id is not None):
        raise PlatformError("name one dead letter, or all of them with --all")
    print(f"{asyncio.run(_replay(find_target(data), letter_id))} replayed")


@app.command()
def republish(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join(publishers())}.")],
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Recorded from then on (ISO 8601, UTC).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole log.")] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Let the relay of SERVICE publish events of its log again; consumers pass over those they have handled."""
    stream = _stream_of(service)
    if everything == bool(since):
        raise PlatformError("say from when on with --since, or the whole log with --all")
    moment = _moment(since) if since else None
    count = asyncio.run(_republish(find_target(data).database_url(service), stream, moment))
    print(f"{count} events are published again, behind all that is new; `events lag` says how many are left")


@app.command()
def unpack(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join(publishers())}.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Put events at rest, which are packed, back into the outbox of SERVICE: before a version that knows no packs.

    Set EVENTS_PACKED_AFTER_DAYS to 0 first and restart the workers, or they are packed again.
    """
    _stream_of(service)
    subjects = asyncio.run(_unpack(find_target(data).database_url(service)))
    print(f"the events about {subjects} things are in the outbox again")


def _stream_of(service: str) -> str:
    """The stream that it writes. PlatformError where it is no service that does."""
    if service not in publishers():
        raise PlatformError(f"no service that publishes events: {service} (there are {', '.join(publishers())})")
    return stream_of(service)


def _moment(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise PlatformError(f"{written} is no time as in 2026-03-02T09:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@asynccontextmanager
async def _redis(target: Target) -> AsyncIterator[RawRedis]:
    redis = connect(target.redis_url)
    try:
        yield redis
    finally:
        await redis.aclose()


async def _look(target: Target) -> tuple[list[backlog.GroupBacklog], list[backlog.ServiceBacklog]]:
    async with _redis(target) as redis:
        groups = await backlog.of_groups(redis)
    services = []
    for service in SERVICES:
        async with operator_database(target.database_url(service.name)) as database:
            services.append(await backlog.of_service(database, service))
    return groups, services


Letters = list[tuple[str, str, dead_letters.DeadLetter]]


async def _letters(target: Target, letter_id: str | None = None) -> Letters:
    """All dead letters with stream and group, or those of that id. PlatformError when there is none of that id."""
    async with _redis(target) as redis:
        found = [
            (stream, group, letter)
            for stream in streams()
            for group in groups_of(stream)
            for letter in await dead_letters.read_all(redis, stream, group)
            if letter_id in (None, letter.id)
        ]
    if letter_id is not None and not found:
        raise PlatformError(f"there is no dead letter {letter_id}")
    return found


async def _replay(target: Target, letter_id: str | None) -> int:
    letters = await _letters(target, letter_id)
    async with _redis(target) as redis:
        for stream, group, letter in letters:
            await dead_letters.replay(redis, stream, group, letter)
    return len(letters)


async def _republish(url: str, stream: str, since: datetime | None) -> int:
    async with operator_database(url) as database, database.transaction() as tx:
        return await publish_again(tx, stream, since)


async def _unpack(url: str) -> int:
    async with operator_database(url) as database:
        return await packs.bring_all_back(database)


def _event(letter: dead_letters.DeadLetter) -> dict[str, Any]:
    """The event in a dead letter; empty when it holds none."""
    try:
        event = json.loads(letter.fields[b"__data__"])
    except (KeyError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _summary(stream: str, group: str, letter: dead_letters.DeadLetter) -> dict[str, Any]:
    event = _event(letter)
    return {
        "id": letter.id,
        "stream": stream,
        "group": group,
        "reason": letter.reason,
        "failures": letter.failures,
        "at": letter.at,
        "entry": letter.entry or None,
        "type": event.get("type"),
        "subject": event.get("subject"),
    }
