"""Response clocks as the people of both sides live through them: reminders, closures, expiry, silence."""

import pytest
from sqlalchemy import text

from shared.events.catalog import Closure
from tests.builders import Town, small_town
from tests.flows.notifications_story import notices, told
from tests.moved_clock import at, fired, shown, wait_until
from tests.platform import Platform
from tests.referring import CLIENT, JSON, SECRETS, at_work, new_referral, sent_referral


async def sent_at(platform: Platform, town: Town, text: str, **changes: object) -> JSON:
    """A referral sent at that moment, and everybody told."""
    platform.clock.set(at(text))
    referral = await sent_referral(platform, town, **changes)
    await platform.settle()
    return referral


async def closed(platform: Platform, town: Town, *spans: tuple[str, str]) -> None:
    """Business Kuopio tells when it is closed, all of it."""
    closures = tuple(Closure.model_validate({"starts_on": first, "ends_on": last}) for first, last in spans)
    await town.facts.organization("business-kuopio", organization_id=town.business, closures=closures)
    await platform.settle()


async def test_a_referral_that_nobody_answers(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_at(platform, town, "2027-01-11 10:00")  # a Monday
    assert shown(referral["respond_by"]) == "2027-01-13 10:00"
    await wait_until(platform, "2027-01-12 09:59")
    assert await fired(platform) == []
    await wait_until(platform, "2027-01-12 10:00")
    assert await fired(platform) == ["due_soon"]
    await wait_until(platform, "2027-01-13 10:00")
    await wait_until(platform, "2027-01-14 10:00")
    assert await fired(platform) == ["due_soon", "overdue"]
    await wait_until(platform, "2027-01-15 10:00")
    await wait_until(platform, "2027-01-25 10:00")
    assert await fired(platform) == ["due_soon", "overdue", "overdue_again", "expired"]

    assert await told(platform, town.desk, town.coordinator, town.adviser, town.bystander) == {
        "desk@businesskuopio.example": ["sent", "due_soon", "overdue", "overdue_again"],
        "coordinator@kuopio.example": ["overdue_again"],
        "adviser@navigaattori.example": ["expired"],
        "adviser@kompassi.example": [],
    }
    events = [event for event in await platform.published("referral") if event["type"] == "referral.expired.v1"]
    (event,) = events
    assert (event["data"]["status"], event["data"]["business_status"]) == ("cancelled", "expired")
    assert (event["data"]["by_side"], event["actor"]) == (None, "system")


async def test_an_expired_referral_is_seen_and_closed_by_its_source_and_tells_the_target_no_more(
    platform: Platform,
) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    sent = await sent_at(platform, town, "2027-01-11 10:00")
    await wait_until(platform, "2027-01-13 10:00")
    await wait_until(platform, "2027-01-26 10:00")
    expired = await adviser.read(str(sent["id"]))
    assert (expired["status"], expired["business_status"], expired["status_reason"]) == ("cancelled", "expired", None)
    sequences = {event["type"]: event["sequence"] for event in await platform.published("referral")}
    assert (sequences["referral.overdue.v1"], sequences["referral.expired.v1"]) == (2, 3), "reminders raise no version"
    at_target = await desk.client.get(f"/referrals/{sent['id']}")
    assert (at_target.json()["business_status"], at_target.json()["client"]) == ("expired", None)
    assert not any(secret in at_target.text for secret in SECRETS)
    assert at_target.json()["next_best_services"] == []
    assert (await desk.give("accept", at_target.json())).status_code == 409
    bundle = (await adviser.client.get(f"/referrals/{sent['id']}/fhir")).json()
    (task,) = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Task"]
    assert (task["status"], task["businessStatus"]["coding"][0]["code"]) == ("cancelled", "expired")
    closed_now = await adviser.done("close", await adviser.read(str(sent["id"])))
    assert closed_now["closed_at"] is not None
    entries = (await adviser.client.get(f"/referrals/{sent['id']}/timeline")).json()["contents"]
    (entry,) = [each for each in entries if each["event_type"] == "referral.expired.v1"]
    assert (entry["side"], entry["member_id"], entry["status"]) == (None, None, "cancelled")


async def test_nobody_can_give_the_command_of_the_clock(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    for who in (town.adviser, town.desk):
        answer = await at_work(platform, who).give("expire", referral)
        assert answer.status_code == 404, answer.text


async def test_an_answer_stops_the_clock(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    declined = await sent_at(platform, town, "2027-01-11 10:00")
    cancelled = await sent_at(platform, town, "2027-01-11 10:00")
    await desk.done("decline", await desk.read(str(declined["id"])), {"reason": {"code": "no_capacity"}})
    adviser = at_work(platform, town.adviser)
    await adviser.done(
        "cancel", await adviser.read(str(cancelled["id"])), {"reason": {"code": "client_not_interested"}}
    )
    await wait_until(platform, "2027-03-01 10:00")
    assert await fired(platform) == []
    assert await platform.scalar("referral", "SELECT count(*) FROM timers") == 0


@pytest.mark.parametrize(
    ("sent", "urgency", "due_soon", "overdue", "overdue_again", "expired"),
    [
        # Midsummer Eve is Friday 25 June; a Saturday follows, and a Sunday.
        ("2027-06-23 14:00", "routine", "2027-06-24 14:00", "2027-06-28 14:00", "2027-06-30 14:00", "2027-07-08 14:00"),
        # Christmas, New Year's Day and Epiphany.
        ("2026-12-22 09:00", "routine", "2026-12-23 09:00", "2026-12-28 09:00", "2026-12-30 09:00", "2027-01-11 09:00"),
        # The night of Sunday 28 March has an hour less, Good Friday is the 26th, Easter Monday the 29th.
        ("2027-03-24 16:30", "routine", "2027-03-25 16:30", "2027-03-30 16:30", "2027-04-01 16:30", "2027-04-09 16:30"),
        # The night of Sunday 31 October has an hour more.
        ("2027-10-28 16:30", "routine", "2027-10-29 16:30", "2027-11-01 16:30", "2027-11-03 16:30", "2027-11-11 16:30"),
        # One working day for an urgent one, and the reminder half way.
        ("2027-06-24 08:00", "urgent", "2027-06-24 20:00", "2027-06-28 08:00", "2027-06-29 08:00", "2027-07-09 08:00"),
        # Sent on a Saturday: it counts from Monday.
        ("2027-01-16 18:00", "urgent", "2027-01-18 12:00", "2027-01-19 00:00", "2027-01-20 00:00", "2027-02-01 00:00"),
    ],
)
async def test_clocks_over_feasts_and_changes_of_the_clocks(
    platform: Platform, sent: str, urgency: str, due_soon: str, overdue: str, overdue_again: str, expired: str
) -> None:
    town = await small_town(platform)
    referral = await sent_at(platform, town, sent, urgency=urgency)
    assert shown(referral["respond_by"]) == overdue
    expected: list[str] = []
    for name, moment in (
        ("due_soon", due_soon),
        ("overdue", overdue),
        ("overdue_again", overdue_again),
        ("expired", expired),
    ):
        before = at(moment).timestamp() - 1
        platform.clock.set(at(moment).fromtimestamp(before, at(moment).tzinfo))
        await platform.fire_due()
        assert await fired(platform) == expected, f"a second before {name}"
        await wait_until(platform, moment)
        expected.append(name)
        assert await fired(platform) == expected


async def test_a_service_has_days_of_its_own_and_keeps_to_what_it_promised(platform: Platform) -> None:
    town = await small_town(platform)
    days: JSON = {"response_days": 4, "urgent_response_days": 3, "expiry_days": 6}
    await town.facts.service("advice-for-starting-a-business", town.business, service_id=town.advice, **days)
    await platform.settle()
    referral = await sent_at(platform, town, "2027-01-11 10:00")
    urgent = await sent_at(platform, town, "2027-01-11 10:00", urgency="urgent")
    assert shown(referral["respond_by"]) == "2027-01-15 10:00"
    assert shown(str(urgent["respond_by"])) == "2027-01-14 10:00"
    await town.facts.service("advice-for-starting-a-business", town.business, service_id=town.advice)
    await platform.settle()
    later = await sent_at(platform, town, "2027-01-11 10:00")
    assert shown(str(later["respond_by"])) == "2027-01-13 10:00"
    kept = await at_work(platform, town.adviser).read(referral["id"])
    assert shown(kept["respond_by"]) == "2027-01-15 10:00", "what was sent before keeps its terms"
    await wait_until(platform, "2027-01-18 10:00")
    assert await fired(platform, referral["id"]) == ["overdue_again"], "half way to expiry"
    await wait_until(platform, "2027-01-19 10:00")
    assert await fired(platform, referral["id"]) == ["overdue_again", "expired"]


async def test_closures_stop_the_clock_also_when_they_come_later(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    referral = await sent_at(platform, town, "2027-01-11 10:00")
    await closed(platform, town, ("2027-01-12", "2027-01-19"))
    moved = await adviser.read(referral["id"])
    assert (shown(moved["respond_by"]), moved["version"]) == ("2027-01-21 10:00", referral["version"])
    await wait_until(platform, "2027-01-20 09:59")
    assert await fired(platform) == []
    await closed(platform, town)
    back = await adviser.read(referral["id"])
    assert shown(back["respond_by"]) == "2027-01-13 10:00", "taken away again"
    await platform.fire_due()
    assert await fired(platform) == ["overdue_again"]
    await closed(platform, town, ("2027-01-21", "2027-02-28"))
    await wait_until(platform, "2027-03-02 09:59")
    assert await fired(platform) == ["overdue_again"], "two working days before expiry were left"
    await wait_until(platform, "2027-03-03 10:00")
    assert await fired(platform) == ["overdue_again", "expired"]


async def test_the_sender_is_told_before_sending(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    await closed(platform, town, ("2027-06-28", "2027-07-30"))
    platform.clock.set(at("2027-07-01 12:00"))
    asked = {"service_id": str(town.advice), "urgency": "routine"}
    answer = await adviser.client.post("/referrals/check", json=asked)
    assert answer.status_code == 200, answer.text
    told_before = {name: answer.json()[name] for name in ("closed_until", "capacity", "accepting")}
    assert told_before == {"closed_until": "2027-07-30", "capacity": "capacity", "accepting": False}
    assert shown(answer.json()["respond_by"]) == "2027-08-04 00:00"

    draft = (await adviser.refer(new_referral(town, send=False))).json()
    assert draft["respond_by"] is None
    assert draft["before_sending"] == {name: answer.json()[name] for name in draft["before_sending"]}
    sent = await adviser.done("send", draft)
    assert shown(sent["respond_by"]) == "2027-08-04 00:00", "as was told before"
    assert sent["before_sending"] is None

    platform.clock.set(at("2027-08-02 12:00"))
    urgent = (await adviser.client.post("/referrals/check", json={**asked, "urgency": "urgent"})).json()
    assert (urgent["closed_until"], urgent["accepting"]) == (None, True)
    assert shown(urgent["respond_by"]) == "2027-08-03 12:00"


async def test_reminders_go_to_the_desk_and_the_assigned_member(platform: Platform) -> None:
    town = await small_town(platform)
    handler = await town.facts.member("handler@businesskuopio.example", town.business, "adviser")
    await platform.settle()
    referral = await sent_at(platform, town, "2027-01-11 10:00")
    async with platform.databases["referral"].transaction() as tx:
        # Assigned once, and no recipient any more: not of the desk, and still told.
        await tx.execute(text("UPDATE referrals SET assigned_member_id = :id"), {"id": handler.id})
    for moment in ("2027-01-12 10:00", "2027-01-13 10:00", "2027-01-15 10:00"):
        await wait_until(platform, moment)
    assert await told(platform, town.desk, handler) == {
        "desk@businesskuopio.example": ["sent", "due_soon", "overdue", "overdue_again"],
        "handler@businesskuopio.example": ["due_soon", "overdue", "overdue_again"],
    }
    assert referral["status"] == "requested"


async def test_a_coordinator_is_shown_no_more_than_the_overview(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_at(platform, town, "2027-01-11 10:00")
    await wait_until(platform, "2027-01-15 10:00")
    (notice,) = await notices(platform, town.coordinator)
    assert notice["link"].endswith("/overview")
    assert notice["reference"] == referral["reference"]
    assert not any(secret in str(notice) for secret in (*SECRETS, CLIENT["name"]))
    (at_desk, _) = await notices(platform, town.desk)
    assert at_desk["link"].endswith(f"/referrals/{referral['id']}")
    assert at_desk["title"] != notice["title"]
    refused = await at_work(platform, town.coordinator).client.get(f"/referrals/{referral['id']}")
    assert refused.status_code == 404
    proof = (await at_work(platform, town.adviser).client.get(f"/referrals/{referral['id']}/timeline")).json()
    sides = {told["side"] for item in proof["contents"] for told in item["told"]}
    assert sides == {"target", "coordinator"}


async def test_accepted_and_not_started(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    late = await sent_at(platform, town, "2027-06-21 09:00")
    prompt = await sent_at(platform, town, "2027-06-21 09:00")
    for referral in (late, prompt):
        await desk.done("accept", await desk.read(referral["id"]))
    platform.clock.set(at("2027-06-28 08:00"))
    await desk.done("start", await desk.read(str(prompt["id"])))
    await wait_until(platform, "2027-06-29 08:59")
    assert await fired(platform) == [], "Midsummer Eve does not count"
    await wait_until(platform, "2027-06-29 09:00")
    assert await fired(platform, str(late["id"])) == ["not_started"]
    assert await fired(platform, str(prompt["id"])) == []
    assert (await told(platform, town.coordinator)) == {"coordinator@kuopio.example": ["not_started"]}
    assert (await notices(platform, town.desk))[0]["event_type"] == "referral.not_started.v1"


async def test_silence_is_told_once_and_news_begins_it_anew(platform: Platform) -> None:
    town = await small_town(platform)
    desk, adviser = at_work(platform, town.desk), at_work(platform, town.adviser)
    referral = await sent_at(platform, town, "2027-02-01 09:00")
    await desk.done("start", await desk.done("accept", await desk.read(referral["id"])))
    platform.clock.set(at("2027-02-10 12:00"))
    written = await adviser.client.post(f"/referrals/{referral['id']}/messages", json={"text": "How does it go?"})
    assert written.status_code == 201
    await wait_until(platform, "2027-03-10 11:59")
    assert await fired(platform) == []
    await wait_until(platform, "2027-03-10 12:00")
    await wait_until(platform, "2027-04-30 12:00")
    assert await fired(platform) == ["no_news"], "once a silence"
    held = await desk.done("hold", await desk.read(referral["id"]), {"reason": {"code": "could_not_contact"}})
    await wait_until(platform, "2027-05-28 12:00")
    assert await fired(platform) == ["no_news"]
    await wait_until(platform, "2027-05-31 12:00")  # Ascension Day lies between
    assert await fired(platform) == ["no_news", "no_news"]
    assert (await told(platform, town.coordinator)) == {"coordinator@kuopio.example": ["no_news", "no_news"]}
    await desk.done("fail", held, {"reason": {"code": "could_not_contact"}})
    await wait_until(platform, "2028-05-31 12:00")
    assert await fired(platform) == ["no_news", "no_news"]


async def test_the_overview_shows_what_is_overdue(platform: Platform) -> None:
    town = await small_town(platform)
    coordinator = at_work(platform, town.coordinator)
    overdue = await sent_at(platform, town, "2027-01-11 10:00")
    waiting = await sent_at(platform, town, "2027-01-12 10:00")
    platform.clock.set(at("2027-01-13 10:00"))
    (row,) = (await coordinator.client.get("/overview")).json()["contents"]
    assert (row["waiting"], row["overdue"]) == (2, 1)
    for asked, expected in (("true", overdue), ("false", waiting)):
        (only,) = (await coordinator.client.get(f"/overview/referrals?overdue={asked}")).json()["contents"]
        assert (only["id"], only["respond_by"]) == (expected["id"], expected["respond_by"])
    await wait_until(platform, "2027-02-01 10:00")
    (row,) = (await coordinator.client.get("/overview")).json()["contents"]
    assert (row["waiting"], row["overdue"]) == (0, 0)
    listed = (await coordinator.client.get("/overview/referrals?overdue=false")).json()["contents"]
    assert {each["business_status"] for each in listed} == {"expired"}
