"""The watchdog: what makes it end a worker that runs and consumes nothing."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.exceptions import ResponseError

from shared.consuming import watchdog
from shared.consuming.inbox import Consumer
from shared.consuming.watchdog import StoppedConsuming, Watchdog
from tests.events.backbone import GROUP, STREAM, TYPE, Backbone, note


@dataclass
class Subscriber:
    """What the watchdog asks of FastStream's subscriber."""

    running: bool = True


def watching(backbone: Backbone, subscriber: Subscriber, heartbeat: Path | None = None) -> Watchdog:
    """A watchdog over the backbone's consumer."""
    consumer = Consumer(GROUP, STREAM, {TYPE: note})
    return Watchdog(backbone.consuming, backbone.consumer, [(consumer, subscriber)], heartbeat)


async def test_a_worker_that_reads_all_there_is_stays(backbone: Backbone, tmp_path: Path) -> None:
    await backbone.tell()
    await backbone.publish()
    await backbone.read()
    await watching(backbone, Subscriber(), tmp_path / "heartbeat").look()
    assert (tmp_path / "heartbeat").exists()


async def test_a_subscriber_that_stopped_is_noticed(backbone: Backbone, tmp_path: Path) -> None:
    await backbone.read()
    with pytest.raises(StoppedConsuming, match="the subscriber has stopped"):
        await watching(backbone, Subscriber(running=False), tmp_path / "heartbeat").look()
    assert not (tmp_path / "heartbeat").exists()


@pytest.mark.parametrize("command", [f"DEL {STREAM}", f"XGROUP DESTROY {STREAM} {GROUP}"])
async def test_a_group_that_is_gone_is_noticed(backbone: Backbone, command: str) -> None:
    await backbone.read()
    await backbone.operator.execute_command(*command.split())
    with pytest.raises(StoppedConsuming, match="group referral is gone"):
        await watching(backbone, Subscriber()).look()


async def test_what_redis_refuses_otherwise_is_not_taken_for_a_group_that_is_gone(backbone: Backbone) -> None:
    await backbone.operator.set(STREAM, "something else")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await watching(backbone, Subscriber()).look()


async def test_a_worker_that_works_off_what_it_has_read_stays(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backbone.tell(3)
    await backbone.publish()
    in_hand = await backbone.read(count=2)
    dog = watching(backbone, Subscriber())
    monkeypatch.setattr(watchdog, "_STUCK_AFTER_SECONDS", 0.0)
    await dog.look()
    for entry in in_hand:
        await backbone.reader().take_one(entry)
        await dog.look()
    with pytest.raises(StoppedConsuming):
        await dog.look()


async def test_entries_that_wait_and_are_never_read_are_noticed(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backbone.read()
    dog = watching(backbone, Subscriber())
    monkeypatch.setattr(watchdog, "_STUCK_AFTER_SECONDS", 0.0)
    await backbone.tell()
    await backbone.publish()
    await dog.look()  # from now on it counts
    with pytest.raises(StoppedConsuming, match="entries wait and none was read or done"):
        await dog.look()
    await backbone.read()
    await dog.look()
