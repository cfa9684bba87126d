"""What processes count: requests by route and never by person, timers, seals, attempts at mail; and the access log."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.referral.jobs import deadline_scheduler
from services.referral.jobs.disclosure_sealer import DisclosureSealer
from tests.builders import Town, small_town
from tests.events.backbone import counted
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue
from tests.flows.notifications_story import Story
from tests.moved_clock import at
from tests.platform import Platform
from tests.referring import at_work, sent_referral
from tests.web_process import web_process

REQUESTS = "luotsi_http_request_duration_seconds_count"


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


def requests(service: str, method: str, route: str, status: str) -> float:
    return counted(REQUESTS, service=service, method=method, route=route, status=status)


async def test_requests_are_counted_by_route(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    routes = [
        ("GET", "/referrals/{referral_id}", "200", f"/referrals/{sent['id']}"),
        ("HEAD", "/referrals/{referral_id}", "200", f"/referrals/{sent['id']}"),
        ("GET", "/referrals/{referral_id}", "404", f"/referrals/{town.advice}"),
        ("GET", "/referrals", "422", "/referrals?unknown=Esimerkki"),
        ("GET", "none", "404", "/nowhere/Esimerkki"),
        ("other", "none", "404", "/nowhere/Esimerkki"),
    ]
    async with platform.client("referral", town.adviser) as adviser:
        for method, route, status, path in routes:
            before = requests("referral", method, route, status)
            answer = await adviser.request("BREW" if method == "other" else method, path)
            assert str(answer.status_code) == status
            assert requests("referral", method, route, status) == before + 1, (method, route)
    async with platform.client("referral") as nobody:
        before = requests("referral", "GET", "/referrals", "401")
        await nobody.get("/referrals")
        assert requests("referral", "GET", "/referrals", "401") == before + 1


async def test_pages_and_streams_are_counted_by_route(platform: Platform, town: Town) -> None:
    async with platform.client("portal") as browser:
        before = requests("portal", "GET", "/sign-in", "200")
        await browser.get("/sign-in?return_to=/referrals")
        assert requests("portal", "GET", "/sign-in", "200") == before + 1
    before = requests("notifications", "GET", "/notices/stream", "200")
    async with platform.client("notifications", town.adviser) as adviser:
        await adviser.get("/notices/stream", headers={"Accept": "text/event-stream"})
    assert requests("notifications", "GET", "/notices/stream", "200") == before + 1


async def test_no_label_is_made_by_what_a_caller_sends(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    async with platform.client("referral", town.adviser) as adviser:
        for path in (f"/referrals/{sent['id']}", "/nowhere/Esimerkki", f"/clients/{sent['id']}/report"):
            await adviser.get(path)
    labels = [set(sample.labels.values()) for each in REGISTRY.collect() for sample in each.samples]
    said = " ".join(value for values in labels for value in values)
    assert not [one for one in (sent["id"], "Esimerkki", str(town.adviser.id)) if one in said]


async def test_timers_that_fire_or_fail_are_counted(
    platform: Platform, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.clock.set(at("2027-01-11 10:00"))
    await sent_referral(platform, town)
    before = {kind: counted("luotsi_timers_fired_total", kind=kind) for kind in ("due_soon", "expire", "no_news")}
    for moment in ("2027-01-12 10:00", "2027-01-25 10:00"):
        platform.clock.set(at(moment))
        await platform.fire_due()
    after = {kind: counted("luotsi_timers_fired_total", kind=kind) - before[kind] for kind in before}
    assert after == {"due_soon": 1, "expire": 1, "no_news": 0}

    async def fails(*_: Any) -> None:
        raise RuntimeError("a rule's own fault")

    await sent_referral(platform, town)
    platform.clock.set(at("2027-02-25 10:00"))
    monkeypatch.setattr(deadline_scheduler, "fire_due", fails)
    failed = counted("luotsi_timer_failures_total")
    await platform.deadline_scheduler().step()
    assert counted("luotsi_timer_failures_total") == failed + 1


async def test_days_that_are_sealed_are_counted(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    await at_work(platform, town.desk).read(sent["id"])
    async with platform.owners["referral"].transaction() as tx:
        await tx.execute(text("UPDATE disclosures SET at = now() - interval '3 days'"))
    before = counted("luotsi_seals_made_total")
    sealer = DisclosureSealer(platform.databases["referral"], b"k" * 32, "one", lambda: datetime.now(UTC))
    made = await sealer.step()
    assert made >= 2
    assert counted("luotsi_seals_made_total") == before + made


async def test_attempts_at_mail_are_counted_by_what_came_of_them(platform: Platform, town: Town) -> None:
    def attempts(outcome: str) -> float:
        return counted("luotsi_delivery_attempts_total", channel="email", outcome=outcome)

    def mails(outcome: str) -> float:
        return counted("luotsi_mail_duration_seconds_count", outcome=outcome)

    clock = Clock()
    answers = [("failed", "failed", "450 later"), ("given_up", "refused", "550 no"), ("delivered", "sent", None)]
    for outcome, mail, answer in answers:
        await Story.of(platform, town).tell("sent", "source")
        await platform.settle()
        before = attempts(outcome), mails(mail)
        async with MailServer(refuse=answer) as server:
            clock.forward(timedelta(seconds=1))
            await delivery_queue(platform, clock, server).step()
        assert (attempts(outcome) > before[0], mails(mail) > before[1]) == (True, True), outcome


@pytest.mark.parametrize("wanted", ["true", "false"])
async def test_the_access_log_names_the_route_and_nobody(
    platform: Platform, town: Town, tmp_path: Path, wanted: str
) -> None:
    sent = await sent_referral(platform, town)
    log = tmp_path / "log"
    click = "0a7651f9-16cd-43dd-8448-eb211c80319c"
    with web_process(platform, "referral", log, ACCESS_LOG=wanted) as process:
        async with process.client(town.adviser, **{"X-Correlation-ID": click}) as adviser:
            await adviser.get(f"/referrals/{sent['id']}?unknown=Esimerkki")
            await adviser.get(f"/referrals/{sent['id']}")
            await adviser.get("/readyz")
    lines = [line for line in log.read_text().splitlines() if "shared.web.observing" in line]
    if wanted == "false":
        assert lines == []
        return
    assert [line.split('"message": "')[1].partition(" in ")[0] for line in lines] == [
        "GET /referrals/{referral_id} 422",
        "GET /referrals/{referral_id} 200",
    ]
    assert all(click in line for line in lines)
    personal = (sent["id"], "Esimerkki", town.adviser.email, str(town.adviser.id), "127.0.0.1")
    assert not [one for one in personal for line in lines if one in line]
