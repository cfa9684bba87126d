"""Service facts: what the network learns of a service, from referrals over events to the catalogue's search."""

from datetime import timedelta
from typing import Any

from services.referral.jobs.statistics_publisher import StatisticsPublisher
from services.referral.vault import Vault
from shared.clock import Clock, utc_now
from shared.publishing.outbox import Outbox
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.platform import Platform
from tests.referring import CLIENT, CONSENT, SECRETS, Desk, at_work

JSON = dict[str, Any]
EVENT = "referral.service_facts.v1"


def publisher(platform: Platform, clock: Clock = utc_now, holder: str = "referral-test") -> StatisticsPublisher:
    """The statistics publisher of a referral worker; the clock may be moved."""
    return StatisticsPublisher(
        platform.databases["referral"], Outbox("referral"), Vault(bytes(32), bytes(32)), holder, clock
    )


class Network:
    """Navigaattori's adviser and Business Kuopio's desk, and one service of the latter."""

    def __init__(self, town: Kuopio, service_id: str) -> None:
        self.platform = town.platform
        self.adviser: Desk = at_work(town.platform, town.people["adviser@navigaattori.example"])
        self.desk: Desk = at_work(town.platform, town.people["desk@businesskuopio.example"])
        self.service_id = service_id

    async def refer(self, count: int) -> list[JSON]:
        """So many referrals, as the desk sees them."""
        request = {"service_id": self.service_id, "client": CLIENT, "reason": "bakery plan", "legal_basis": CONSENT}
        made = [await self.adviser.refer(request) for _ in range(count)]
        assert {answer.status_code for answer in made} == {201}
        return [await self.desk.read(answer.json()["id"]) for answer in made]

    async def learn(self, clock: Clock = utc_now) -> int | None:
        """Let the publisher look, and the events travel; how many services were told of."""
        told = await publisher(self.platform, clock).step()
        await self.platform.settle()
        return told

    async def nights(self, count: int = 40, after: int = 0) -> int:
        """Let the publisher look on each of the days to come, and the events travel; how often the service was told of.

        That no lot falls on a service in forty days happens once in a million million times.
        """
        before = len(await self.told())
        for day in range(after + 1, after + count + 1):
            await publisher(self.platform, lambda day=day: utc_now() + timedelta(days=day)).step()  # type: ignore[misc]
        await self.platform.settle()
        return len(await self.told()) - before

    async def shown(self) -> JSON:
        """The service as the public sees it."""
        found: JSON = (await self.platform.client("catalog").get(f"/services/{self.service_id}")).json()
        return found

    async def told(self) -> list[JSON]:
        """What was told of the service, oldest first."""
        log = await self.platform.published("referral")
        return [event for event in log if event["type"] == EVENT and event["subject"] == self.service_id]


async def network(platform: Platform) -> Network:
    """The seeded ecosystem, known to all."""
    town = await kuopio(platform)
    await platform.settle()
    business = str(town.people["desk@businesskuopio.example"].organization_id)
    services = await platform.client("catalog").get("/services", params={"organization_id": business})
    return Network(town, services.json()["contents"][0]["id"])


async def test_the_catalogue_shows_what_the_network_has_learnt(platform: Platform) -> None:
    place = await network(platform)
    assert (await place.shown())["facts_status"] == "unknown"
    referrals = await place.refer(9)
    for referral in referrals[:3]:
        await place.desk.done("accept", referral)
    for referral in referrals[3:8]:
        await place.desk.done("decline", referral, {"reason": {"code": "no_capacity"}})
    await place.learn()
    shown = await place.shown()
    assert shown["facts_status"] == "shown"
    facts = shown["facts"]
    assert (facts["referrals"], facts["open"], facts["overdue"]) == (5, 0, 0), "nine and four, in fives"
    assert facts["acceptance_rate"] == 0.4, "three of the eight that were answered, in tenths"
    assert facts["median_working_hours_to_answer"] == 0
    assert facts["decline_reasons"] == [{"code": "no_capacity", "referrals": 5}]
    listed = (await platform.client("catalog").get("/services", params={"size": 100})).json()["contents"]
    beside = {each["id"]: each.get("facts") for each in listed}
    assert beside.pop(place.service_id) == facts, "search shows it beside the service"
    assert set(beside.values()) == {None}


async def test_below_five_referrals_nothing_travels_but_that_it_is_suppressed(platform: Platform) -> None:
    place = await network(platform)
    for referral in await place.refer(4):
        await place.desk.done("accept", referral)  # or it would be overdue one day, which is told too
    services = await platform.scalar("catalog", "SELECT count(*) FROM services")
    assert await place.learn() == services, "services without any referral look the same"
    (event,) = await place.told()
    assert {name: value for name, value in event["data"].items() if value not in (None, [])} == {
        "service_id": place.service_id,
        "suppressed": True,
    }
    shown = await place.shown()
    assert ("facts" in shown, shown["facts_status"]) == (False, "suppressed")
    for referral in await place.refer(1):
        await place.desk.done("accept", referral)
    assert await place.learn() == 0, "once a day at most"
    assert await place.nights() >= 1
    assert (await place.shown())["facts"]["referrals"] == 5


async def test_it_is_told_only_when_it_has_changed_and_each_time_with_the_next_number(platform: Platform) -> None:
    place = await network(platform)
    *accepted, waiting = await place.refer(9)
    for referral in accepted:
        await place.desk.done("accept", referral)
    await place.learn()
    shown = (await place.shown())["facts"]
    await place.desk.done("decline", waiting, {"reason": {"code": "other", "text": "needs a ramp"}})
    await place.refer(1)
    assert await place.nights() == 0, "one or two are too few to show"
    assert (await place.shown())["facts"] == shown
    for referral in await place.refer(5):
        await place.desk.done("decline", referral, {"reason": {"code": "no_capacity"}})
    assert await place.nights(after=40) >= 1, "each figure on a day of its own"
    told = await place.told()
    assert [event["sequence"] for event in told] == list(range(1, len(told) + 1))
    assert (told[-1]["data"]["referrals"], told[-1]["data"]["acceptance_rate"]) == (15, 0.6)
    assert told[-1]["data"]["decline_reasons"] == [{"code": "no_capacity", "referrals": 5}], "one of six is left"
    assert not [secret for secret in SECRETS if secret in str(told)]


async def test_open_referrals_whose_answer_is_late_are_overdue(platform: Platform) -> None:
    place = await network(platform)
    referrals = await place.refer(11)
    await place.desk.done("accept", referrals[0])
    await place.learn()
    assert (await place.shown())["facts"]["overdue"] == 0
    await place.nights()
    facts = (await place.shown())["facts"]
    assert (facts["open"], facts["overdue"]) == (10, 10), "what was answered is late no more"


async def test_one_worker_at_a_time_keeps_the_facts(platform: Platform) -> None:
    place = await network(platform)
    await place.refer(5)
    assert await publisher(platform, holder="one").step()
    assert await publisher(platform, holder="two").step() is None
    assert await publisher(platform, holder="one").step() == 0, "all were looked at today"


async def test_rare_reasons_are_told_as_other(platform: Platform) -> None:
    place = await network(platform)
    referrals = await place.refer(10)
    codes = ["not_eligible"] * 5 + ["no_capacity"] * 3 + ["outside_area"] * 2
    for referral, code in zip(referrals, codes, strict=True):
        await place.desk.done("decline", referral, {"reason": {"code": code}})
    await place.learn()
    assert (await place.shown())["facts"]["decline_reasons"] == [
        {"code": "not_eligible", "referrals": 5},
        {"code": "other", "referrals": 5},
    ]


async def test_referrals_leave_the_figures_after_a_year_unless_they_are_open(platform: Platform) -> None:
    place = await network(platform)
    referrals = await place.refer(8)
    for referral in referrals[:6]:
        await place.desk.done("decline", referral, {"reason": {"code": "no_capacity"}})
    mistake = {"reason": {"code": "other", "text": "x"}}
    await place.adviser.done("mark-error", await place.adviser.read(referrals[7]["id"]), mistake)
    await place.learn()
    assert (await place.shown())["facts"]["referrals"] == 5, "a mistake never counts"
    assert await place.nights(after=366) >= 1
    assert (await place.shown())["facts_status"] == "suppressed", "one is still open"
