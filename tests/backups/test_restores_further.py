"""Restores of what hangs together: chains that ended below, and the portal's sessions."""

from sqlalchemy import text

from shared.ids import new_id
from tests.backups.backed_up import BackedUp, lose
from tests.chains import WITHDRAWAL, organizations_in_a_row


async def test_a_withdrawal_reaches_what_was_passed_on_again(losable: BackedUp) -> None:
    platform = losable.platform
    row = await organizations_in_a_row(platform)
    first = await row.begin()
    child = await row.pass_on(first, 1)
    await platform.settle()
    await losable.make()
    read = await row.at(0).read(first["id"])
    await row.at(0).done("withdraw-consent", read, WITHDRAWAL)
    await platform.settle()
    await losable.luotsi("backup", "ledger")
    published = [event["id"] for event in await platform.published("referral")]
    await lose(platform, "referral")
    done = await losable.luotsi("restore", "one", "referral", "--identity", str(losable.identity))
    assert "2 consents withdrawn" in done.stdout
    async with platform.databases["referral"].transaction() as tx:
        found = await tx.execute(text("SELECT id, status, reason_code, withdrawal_told_by FROM referrals"))
        states = {str(row.id): (row.status, row.reason_code, row.withdrawal_told_by) for row in found}
        timeline = set((await tx.execute(text("SELECT event_id FROM timeline"))).scalars())
    ended = ("cancelled", "consent_withdrawn", "client")
    assert (states[first["id"]], states[child["id"]]) == (ended, ended)
    events = await platform.published("referral")
    assert [event["id"] for event in events] == published, "the events that were lost, by their own ids"
    assert [event["epoch"] for event in events[-2:]] == [2, 2]
    assert {event["id"] for event in events[-2:]} <= set(map(str, timeline))


async def test_sessions_end_with_a_restore_of_the_portal(losable: BackedUp) -> None:
    platform = losable.platform
    row = await organizations_in_a_row(platform, 2)
    values = {"id": new_id(), "member": row.town.adviser.id}
    insert = text(
        "INSERT INTO sessions (id, secret_digest, member_id, method, device, created_at, last_seen_at) "
        "VALUES (:id, '\\x00', :member, 'mail', '', now(), now())"
    )
    async with platform.databases["portal"].transaction() as tx:
        await tx.execute(insert, values)
    await losable.make()
    await lose(platform, "portal")
    await losable.luotsi("restore", "one", "portal", "--identity", str(losable.identity))
    assert await platform.scalar("portal", "SELECT count(*) FROM sessions") == 0
    assert await platform.scalar("portal", "SELECT count(*) FROM members") == len(await members(losable))


async def members(losable: BackedUp) -> set[str]:
    """Whom the catalogue has told of."""
    told = await losable.platform.published("catalog")
    return {event["subject"] for event in told if event["type"] == "catalog.member_changed.v1"}
