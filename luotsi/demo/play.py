"""One run of the demo, from the platform's start to the verdict."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console

from luotsi.demo.checks import check_all, check_told
from luotsi.demo.mailbox import Mailbox
from luotsi.demo.people import StoryBroke, gather_cast, wait_until_known
from luotsi.demo.platform import DemoPlatform, behind, own_platform
from luotsi.demo.record import Check, Record, Step
from luotsi.demo.stage import Stage
from luotsi.demo.story import chapters_for
from luotsi.demo.timeline import Show, as_document
from luotsi.platform.process import PlatformError


async def play(edge: str | None, *, as_json: bool) -> bool:
    """Play the story and show it; returns whether everyone concerned was told, and nobody else.

    With `as_json` one JSON document goes to standard output, and what is for people to standard error.
    Raises PlatformError when there is no platform to play on, or when stopped before the end.
    """
    _end_in_order_on_signals()
    try:
        async with _demo_platform(edge) as platform:
            show = Show(Console(stderr=as_json, highlight=False), mail_is_read=platform.mail_dir is not None)
            show.begin(platform)
            record = await _play_on(platform, show)
            show.end(record)
    except asyncio.CancelledError:
        raise PlatformError("the demo was stopped before its end") from None
    if as_json:
        print(json.dumps(as_document(platform, record), ensure_ascii=False, indent=2))
    return record.well


@asynccontextmanager
async def _demo_platform(edge: str | None) -> AsyncIterator[DemoPlatform]:
    if edge is not None:
        yield behind(edge)
    else:
        async with own_platform() as platform:
            yield platform


async def _play_on(platform: DemoPlatform, show: Show) -> Record:
    chapters = chapters_for(ahead=platform.clock_file is not None)
    expected = tuple(each for chapter in chapters for each in chapter.expected)
    record = Record(expected, mail_is_read=platform.mail_dir is not None, alone=platform.own)
    mailbox = Mailbox(platform.mail_dir)
    begun = time.monotonic()
    watching = asyncio.create_task(mailbox.watch())
    try:
        async with gather_cast(platform) as cast:
            await wait_until_known(cast)
            set_clock = platform.set_clock if platform.clock_file else None
            stage = Stage(cast, mailbox, record, lambda step: show.step(step, _reference(record, step)), set_clock)
            for chapter in chapters:
                await chapter.play(stage)
            ends = {which: end for chapter in chapters for which, end in chapter.ends.items()}
            await check_all(record, cast, mailbox, ends, stage.secrets)
    except StoryBroke as broke:
        record.checks.append(Check("The story was played to its end", [str(broke)]))
        record.checks += check_told(record)
    finally:
        record.seconds = time.monotonic() - begun
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    return record


def _reference(record: Record, step: Step) -> str | None:
    return record.referrals[step.referral]["reference"] if step.referral else None


def _end_in_order_on_signals() -> None:
    """Let SIGTERM and SIGHUP end the run as Ctrl-C does: the platform is stopped and removed first."""
    task = asyncio.current_task()
    assert task is not None
    for name in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
