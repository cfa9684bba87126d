"""A channel is one file with one Protocol and a row in the registry: the queue claims, repeats and gives up for it."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.notifications.channels import registry
from services.notifications.channels.channel import Channel, DeliveryAttempt, NoAddress, Refused
from services.notifications.domain.channels import INBOX
from services.notifications.domain.retries import CLAIM, MAX_ATTEMPTS, RETRY_AFTER
from services.notifications.jobs.delivery_queue import ATTEMPT_LIMIT, DeliveryQueue
from services.notifications.use_cases import recipients
from services.notifications.worker import build_worker
from shared.events.notification import CHANNELS, DeliveryState
from shared.publishing.outbox import Outbox
from tests.builders import Town, small_town
from tests.flows.notifications_mailing import Clock, delivery_queue
from tests.flows.notifications_story import Story, count
from tests.platform import Platform


class JsonLines:
    """A channel of its own: each notice is a line of JSON in a file. `fault` is raised instead, when there is one."""

    name = "json_lines"

    def __init__(self, path: Path) -> None:
        self._path = path
        self.fault: BaseException | None = None

    async def deliver(self, attempt: DeliveryAttempt) -> str:
        if self.fault is not None:
            raise self.fault
        line = {"to": attempt.email, "about": attempt.notice.reference, "attempt": attempt.number}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return f"line:{attempt.delivery_id}"

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JsonLines:
    """The channel, and the rule by which everybody wants it beside the inbox."""
    monkeypatch.setattr(recipients, "channels_wanted", lambda *, by_mail: frozenset({JsonLines.name}))
    return JsonLines(tmp_path / "notices.jsonl")


@pytest.fixture
async def town(platform: Platform, channel: JsonLines) -> Town:
    """A referral was sent, so one delivery waits for the channel."""
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    return town


def queue(platform: Platform, channel: Channel, clock: Clock) -> DeliveryQueue:
    return DeliveryQueue(platform.databases["notifications"], Outbox("notifications"), channel, clock)


async def told(platform: Platform) -> list[str]:
    """What the platform was told of the channel's deliveries, oldest first."""
    published = await platform.published("notifications")
    return [event["type"] for event in published if event["data"]["channel"] == JsonLines.name]


async def test_a_delivery_is_retried_and_then_proven(platform: Platform, channel: JsonLines, town: Town) -> None:
    clock = Clock()
    deliveries = queue(platform, channel, clock)
    channel.fault = ConnectionError("away")
    assert await deliveries.step() == 1
    assert await deliveries.step() == 0, "not before its time"
    assert await count(platform, "deliveries", "status = 'failed' AND last_error = 'ConnectionError: away'") == 1
    channel.fault = None
    clock.forward(RETRY_AFTER[0])
    assert await deliveries.step() == 1
    assert channel.lines() == [{"to": town.desk.email, "about": "KUO-7F3K-92", "attempt": 2}]
    assert await count(platform, "deliveries", "status = 'delivered' AND message_id = 'line:' || id") == 1
    assert await told(platform) == ["notification.delivered.v1"]
    async with platform.client("notifications", town.desk) as client:
        shown = (await client.get("/deliveries")).json()["contents"]
    assert Counter((each["channel"], each["status"]) for each in shown) == {
        ("inbox", "delivered"): 1,
        (JsonLines.name, "delivered"): 1,
    }


async def test_an_attempt_that_hangs_is_ended_and_counts_as_failed(
    platform: Platform, channel: JsonLines, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(attempt: DeliveryAttempt) -> str:
        await asyncio.Event().wait()
        raise AssertionError("nothing ever wakes it")

    clock, database, outbox = Clock(), platform.databases["notifications"], Outbox("notifications")
    deliveries = DeliveryQueue(database, outbox, channel, clock, attempt_limit=timedelta(milliseconds=50))
    with monkeypatch.context() as hanging:
        hanging.setattr(channel, "deliver", hang)
        async with asyncio.timeout(10):
            assert await deliveries.step() == 1
    error = "TimeoutError: no answer within 0.05 seconds"
    assert await count(platform, "deliveries", "status = 'failed' AND last_error = :error", error=error) == 1
    clock.forward(RETRY_AFTER[0])
    assert await deliveries.step() == 1
    assert [line["attempt"] for line in channel.lines()] == [2]


def test_an_attempt_ends_before_its_claim() -> None:
    assert ATTEMPT_LIMIT < CLAIM


async def test_other_services_read_a_channel_that_they_have_never_heard_of(
    platform: Platform, channel: JsonLines, town: Town
) -> None:
    assert JsonLines.name not in CHANNELS
    await queue(platform, channel, Clock()).step()
    await platform.settle()
    query = "SELECT count(*) FROM deliveries WHERE channel = :channel AND status = 'delivered'"
    assert await platform.scalar("referral", query, channel=JsonLines.name) == 1
    events = await platform.published("notifications")
    assert DeliveryState.model_validate(events[-1]["data"]).channel == JsonLines.name


async def test_after_the_last_attempt_a_delivery_is_given_up(
    platform: Platform, channel: JsonLines, town: Town
) -> None:
    clock = Clock()
    deliveries = queue(platform, channel, clock)
    channel.fault = ConnectionError("away")
    for wait in RETRY_AFTER:
        assert await deliveries.step() == 1
        assert await told(platform) == []
        clock.forward(wait)
    assert await deliveries.step() == 1
    assert await count(platform, "deliveries", "status = 'exhausted' AND attempts = :n", n=MAX_ATTEMPTS) == 1
    assert await told(platform) == ["notification.delivery_failed.v1"]
    clock.forward(timedelta(days=30))
    assert await deliveries.step() == 0
    assert await count(platform, "notices") == 1, "the words about failures speak of mail, so none is made"


@pytest.mark.parametrize(("fault", "status"), [(Refused("unknown here"), "exhausted"), (NoAddress(), "withdrawn")])
async def test_what_will_never_arrive_is_not_tried_again(
    platform: Platform, channel: JsonLines, town: Town, fault: Exception, status: str
) -> None:
    channel.fault = fault
    assert await queue(platform, channel, Clock()).step() == 1
    assert await count(platform, "deliveries", "status = :status AND attempts = 1", status=status) == 1


async def test_a_claimed_delivery_is_left_alone_until_the_claim_is_over(
    platform: Platform, channel: JsonLines, town: Town
) -> None:
    clock = Clock()
    channel.fault = asyncio.CancelledError()  # as when the process dies within the attempt
    with pytest.raises(asyncio.CancelledError):
        await queue(platform, channel, clock).step()
    channel.fault = None
    successor = queue(platform, channel, clock)
    assert await successor.step() == 0
    clock.forward(CLAIM)
    assert await successor.step() == 1
    assert [line["attempt"] for line in channel.lines()] == [2]


async def test_a_queue_makes_the_deliveries_of_its_own_channel_alone(
    platform: Platform, channel: JsonLines, town: Town
) -> None:
    assert await delivery_queue(platform, Clock()).step() == 0
    assert await queue(platform, channel, Clock()).step() == 1


async def test_a_worker_delivers_by_every_channel_of_the_registry(
    platform: Platform, channel: JsonLines, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        registry, "CHANNEL_FACTORIES", {**registry.CHANNEL_FACTORIES, JsonLines.name: lambda _: channel}
    )
    worker = build_worker(platform.settings["notifications"])
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(60):
        while await count(platform, "deliveries", "status <> 'delivered'"):
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.wait([running])
    assert [line["to"] for line in channel.lines()] == [town.desk.email]


def test_the_contract_names_every_channel(platform: Platform) -> None:
    built = registry.build_channels(platform.settings["notifications"])
    assert {INBOX, *(each.name for each in built)} == set(CHANNELS)
    assert [each.name for each in built] == list(registry.CHANNEL_FACTORIES)
