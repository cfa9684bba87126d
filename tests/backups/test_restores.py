"""Restores: of all databases and of one, onto what is empty, with what the ledger knows, and quietly."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from luotsi.backup import sealing
from luotsi.restore import restoring
from services.notifications.jobs.delivery_queue import DeliveryQueue
from shared.clock import utc_now
from shared.services import service_names
from tests.backups.backed_up import BackedUp, lose, reset_epochs
from tests.builders import Town, small_town
from tests.flows.notifications_mailing import delivery_queue
from tests.flows.notifications_story import told
from tests.packing import pack_all
from tests.platform import Platform
from tests.referring import CLIENT, at_work, sent_referral

JSON = dict[str, Any]
OTHER = {**CLIENT, "name": "Toinen Asiakas", "email": "second@mail.example", "phone": "050 111 2222"}
ALL = ("restore", "all", "--identity")


def mailing(platform: Platform) -> DeliveryQueue:
    """A queue that sends all that is due."""
    return delivery_queue(platform, lambda: utc_now() + timedelta(hours=1))  # type: ignore[arg-type]


async def deliver(platform: Platform) -> None:
    """Carry events around, and send all mail."""
    await platform.settle()
    queue = mailing(platform)
    while await queue.step():
        pass
    await platform.settle()


def mails(platform: Platform) -> Counter[str]:
    """Each mail that was ever sent, by address and subject with the reference in it."""
    return Counter(path.read_text(errors="replace") for path in platform.mail.rglob("*.eml"))


@dataclass
class Year:
    """What happened before a backup and after it. All five were open and unread when it was made."""

    town: Town
    withdrawn: JSON
    wrong: JSON
    erased: JSON
    going_on: JSON
    later: JSON
    mails: int


async def a_year(backed_up: BackedUp, *, is_packed: bool = False) -> Year:
    """Four referrals, a backup with mail still to send, and then what the backup does not know.

    `is_packed`: no event that the ledger is made of is in an outbox any more.
    """
    platform = backed_up.platform
    town = await small_town(platform)
    first = [await sent_referral(platform, town, client={**OTHER, "phone": f"050 111 22{n}0"}) for n in range(4)]
    await platform.settle()
    await backed_up.make()
    await deliver(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    withdrawal = {"withdrawal": {"told_by": "client", "told_on": utc_now().date().isoformat()}}
    accepted = await desk.done("accept", await desk.read(first[0]["id"]))
    withdrawn = await adviser.done("withdraw-consent", accepted, withdrawal)
    wrong = await adviser.done("mark-error", first[1], {"reason": {"code": "other", "text": "the wrong person"}})
    gone = await desk.done("accept", await desk.read(first[2]["id"]))
    gone = await desk.done("complete", gone, {"outcome": {"code": "services_received"}})
    later = await sent_referral(platform, town, client=CLIENT)
    await deliver(platform)
    if is_packed:
        for service in ("referral", "notifications"):
            assert await pack_all(platform.databases[service]) > 0
    await backed_up.luotsi("client", "erase", gone["id"] and gone["reference"], "--yes")
    await backed_up.luotsi("backup", "ledger")
    return Year(town, withdrawn, wrong, gone, first[3], later, sum(mails(platform).values()))


async def rows(platform: Platform, service: str, query: str) -> list[Any]:
    """What a query finds."""
    async with platform.databases[service].transaction() as tx:
        return list((await tx.execute(text(query))).all())


async def statuses(platform: Platform) -> dict[str, tuple[str, str | None]]:
    """Reference → status and reason, in the database."""
    found = await rows(platform, "referral", "SELECT reference, status, reason_code FROM referrals")
    return {row.reference: (row.status, row.reason_code) for row in found}


async def test_total_loss_and_nobody_is_told_twice(losable: BackedUp, tmp_path: Path) -> None:
    platform = losable.platform
    year = await a_year(losable)
    before = await told(platform, year.town.desk, year.town.adviser)
    await lose(platform, *service_names())
    await platform.redis.flushall()
    report = tmp_path / "report.json"
    done = await losable.luotsi(*ALL, str(losable.identity), "--report", str(report))
    assert "1 erased, 1 consents withdrawn, 1 marked in error, 0 expired" in done.stdout

    await deliver(platform)
    assert sum(mails(platform).values()) == year.mails, "no mail is sent twice"
    assert await statuses(platform) == {
        year.withdrawn["reference"]: ("cancelled", "consent_withdrawn"),
        year.wrong["reference"]: ("entered-in-error", "other"),
        year.erased["reference"]: ("completed", None),
        year.going_on["reference"]: ("requested", None),
    }
    (gone,) = await rows(platform, "referral", "SELECT * FROM clients WHERE erased_at IS NOT NULL")
    assert gone.details == b""
    assert await platform.scalar("referral", "SELECT count(*) FROM client_keys WHERE client_id = :id", id=gone.id) == 0
    adviser, desk = at_work(platform, year.town.adviser), at_work(platform, year.town.desk)
    hidden = await desk.read(year.withdrawn["id"])
    assert hidden.get("client") is None or "name" not in hidden["client"]
    after = await told(platform, year.town.desk, year.town.adviser)
    for who, events in after.items():
        assert Counter(events) <= Counter(before[who]), "no notice is new"

    lost = json.loads(report.read_text())["lost"]
    by_reference = {each["reference"]: [one["what"] for one in each["done"]] for each in lost}
    assert by_reference[None] == ["referral.created.v1", "referral.sent.v1"], "the one that the backup does not know"
    (new,) = [each for each in lost if each["reference"] is None]
    assert {year.town.adviser.email, "business-kuopio", "navigaattori"} <= set(new["tell"])
    assert (await adviser.client.get(f"/referrals/{year.later['id']}")).status_code == 404

    accepted = await desk.done("accept", await desk.read(year.going_on["id"]))
    assert accepted["status"] == "accepted"
    await deliver(platform)
    newest = (await platform.published("referral"))[-1]
    assert (newest["type"], newest["epoch"]) == ("referral.accepted.v1", 2)
    assert (await told(platform, year.town.adviser))[year.town.adviser.email][-1] == "accepted"
    assert sum(mails(platform).values()) == year.mails + 2, "first viewed, and accepted"


@pytest.mark.parametrize(("is_packed", "ahead"), [(False, 0), (True, 0), (False, 10)])
async def test_the_referral_database_alone(
    losable: BackedUp, is_packed: bool, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of whoever restores may be minutes `ahead` of the databases'."""
    monkeypatch.setattr(restoring, "utc_now", lambda: utc_now() + timedelta(minutes=ahead))
    platform = losable.platform
    year = await a_year(losable, is_packed=is_packed)
    before = await told(platform, year.town.desk, year.town.adviser)
    newcomer = await year.town.facts.member("new@business-kuopio.example", year.town.business, "recipient")
    await platform.settle()
    await lose(platform, "referral")
    await losable.luotsi("restore", "one", "referral", "--identity", str(losable.identity))
    await deliver(platform)
    assert sum(mails(platform).values()) == year.mails
    assert await told(platform, year.town.desk, year.town.adviser) == before, "nobody is told anything anew"
    found = await statuses(platform)
    assert found[year.withdrawn["reference"]][0] == "cancelled"
    assert found[year.wrong["reference"]][0] == "entered-in-error"
    assert await platform.scalar("referral", "SELECT count(*) FROM members WHERE id = :id", id=newcomer.id) == 1
    assert await platform.scalar("referral", "SELECT count(*) FROM clients WHERE erased_at IS NOT NULL") == 1


@pytest.mark.parametrize("is_packed", [False, True])
async def test_the_notification_database_alone(losable: BackedUp, is_packed: bool) -> None:
    platform = losable.platform
    year = await a_year(losable, is_packed=is_packed)
    before = await told(platform, year.town.desk, year.town.adviser)
    await lose(platform, "notifications")
    await losable.luotsi("restore", "one", "notifications", "--identity", str(losable.identity))
    await deliver(platform)
    assert sum(mails(platform).values()) == year.mails, "what was mailed before is not mailed again"
    after = await told(platform, year.town.desk, year.town.adviser)
    assert {who: Counter(events) for who, events in after.items()} == {
        who: Counter(events) for who, events in before.items()
    }, "every notice is in its inbox again, once"
    proofs = "SELECT cause_id, channel, member_id, organization_id, count(*) FROM deliveries GROUP BY 1, 2, 3, 4"
    states = {row.count for row in await rows(platform, "referral", proofs)}
    assert states <= {1, 2}


async def test_without_a_ledger_mail_that_may_have_been_sent_is_held_back_and_named(losable: BackedUp) -> None:
    platform = losable.platform
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    await platform.settle()
    await losable.make()
    await deliver(platform)
    sent = sum(mails(platform).values())
    await lose(platform, "notifications")
    done = await losable.luotsi("restore", "one", "notifications", "--identity", str(losable.identity))
    assert "there is no ledger" in done.stdout
    assert f"{sent} held back, 0 still to be sent" in done.stdout
    assert referral["reference"] in done.stdout
    await deliver(platform)
    assert sum(mails(platform).values()) == sent


async def test_mail_of_what_happened_after_the_loss_is_sent(losable: BackedUp) -> None:
    platform = losable.platform
    town = await small_town(platform)
    await platform.settle()
    await losable.make()
    before = utc_now()
    referral = await sent_referral(platform, town)
    while await platform.relay("referral").step():
        pass
    await lose(platform, "notifications")
    one = ("restore", "one", "notifications", "--identity", str(losable.identity))
    await losable.luotsi(*one, "--lost-at", before.isoformat())
    await deliver(platform)
    assert [referral["reference"] in mail for mail in mails(platform)] == [True]


async def test_reminders_and_expiry_that_were_told_are_not_told_again(losable: BackedUp) -> None:
    platform = losable.platform
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    await deliver(platform)
    await losable.make()
    platform.clock.set(utc_now() + timedelta(days=60))
    await platform.fire_due()
    await deliver(platform)
    platform.clock.set(None)
    await losable.luotsi("backup", "ledger")
    sent = sum(mails(platform).values())
    await lose(platform, "referral")
    done = await losable.luotsi("restore", "one", "referral", "--identity", str(losable.identity))
    assert "1 expired" in done.stdout
    assert (await statuses(platform))[referral["reference"]][0] == "cancelled"
    platform.clock.set(utc_now() + timedelta(days=60))
    await platform.fire_due()
    await deliver(platform)
    assert sum(mails(platform).values()) == sent


async def test_the_catalogue_alone_and_new_changes_overrule(losable: BackedUp) -> None:
    platform = losable.platform
    town = await small_town(platform)
    await platform.settle()
    await losable.make()
    await town.facts.deactivate(town.colleague)
    unknown = await town.facts.member("later@navigaattori.example", town.navigaattori, "adviser")
    await platform.settle()
    await losable.luotsi("backup", "ledger")
    active = "SELECT active FROM members WHERE id = :id"
    assert await platform.scalar("portal", active, id=town.colleague.id) is False
    await lose(platform, "catalog")
    done = await losable.luotsi("restore", "one", "catalog", "--identity", str(losable.identity))
    assert "left: deactivate again" in done.stdout.replace("\n", " ")
    for service in ("referral", "notifications", "portal"):
        assert await platform.scalar(service, active, id=town.colleague.id) is True
        assert await platform.scalar(service, active, id=unknown.id) is None
    town.facts._versions[town.colleague.id] = 1  # as the restored catalogue knows the member
    await town.facts.deactivate(town.colleague)
    await platform.settle()
    for service in ("referral", "notifications", "portal"):
        assert await platform.scalar(service, active, id=town.colleague.id) is False


async def test_what_cannot_be_restored_is_refused_and_nothing_is_touched(losable: BackedUp, tmp_path: Path) -> None:
    platform = losable.platform
    town = await small_town(platform)
    await sent_referral(platform, town)
    await platform.settle()
    name = await losable.make()
    assert await platform.scalar("portal", "SELECT count(*) FROM sessions") == 0
    said = await losable.refused(*ALL, str(losable.identity), "--replace")
    for service in ("portal", "catalog", "referral", "notifications"):
        assert f"{service} is at work in its database: stop {service}-web and {service}-worker first" in said
    await lose(platform, "catalog", "portal")
    said = await losable.refused(*ALL, str(losable.identity))
    assert "the database referral is not empty: --replace" in said
    other = tmp_path / "other.txt"
    other.write_text(sealing.new_identity()[0])
    assert "opens none of it" in await losable.refused(*ALL, str(other), "--replace")
    foreign = await losable.refused(*ALL, str(losable.identity), "--replace", MASTER_KEY="A" * 43 + "=")
    assert "MASTER_KEY opens no client of this backup" in foreign
    manifest = losable.target / "backups" / name / "manifest.json"
    written = manifest.read_text()
    newer = json.loads(written)
    newer["databases"]["referral"]["schema_revision"] = "9999"
    manifest.write_text(json.dumps(newer))
    assert "made by a newer version of Luotsi" in await losable.refused(*ALL, str(losable.identity), "--replace")
    manifest.write_text(written)
    dump = losable.target / "backups" / name / "catalog.dump.age"
    whole = dump.read_bytes()
    dump.write_bytes(whole[:-1])
    assert "is damaged" in await losable.refused(*ALL, str(losable.identity), "--replace")
    dump.unlink()
    assert "half a set" in await losable.refused(*ALL, str(losable.identity), "--replace")
    assert "no such service" in await losable.refused("restore", "one", "weather", "--identity", str(losable.identity))
    dump.write_bytes(whole)
    for service in ("catalog", "portal"):
        count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert await platform.scalar(service, count) == 0, "nothing was half done"
    await lose(platform)
    await losable.luotsi(*ALL, str(losable.identity), "--replace")
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 1


async def test_a_second_restore_of_one_backup_overrules_the_first(losable: BackedUp) -> None:
    platform = losable.platform
    await small_town(platform)
    await platform.settle()
    await losable.make()
    for _ in range(2):
        await lose(platform, *service_names())
        await losable.luotsi(*ALL, str(losable.identity))
        await reset_epochs(platform)  # the machine is another one
    records = [json.loads(path.read_text()) for path in sorted((losable.target / "restores").iterdir())]
    assert [record["epochs"]["referral"] for record in records] == [2, 3]
