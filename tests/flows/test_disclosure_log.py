"""The log of disclosures: nobody but its owner can change it, and who changes it all the same is found out."""

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import ProgrammingError

from luotsi.embedded.postgres import Postgres
from luotsi.embedded.servers import start_servers
from luotsi.platform.data_dir import DataDir
from luotsi.platform.process import PlatformError
from services.referral.domain.seals import Digest, newest_finished_day
from services.referral.jobs.disclosure_sealer import DisclosureSealer
from services.referral.queries.sealed_days import content_of, describing
from services.referral.use_cases import disclosure_log
from shared.clock import day_in_kuopio
from shared.database.migrations import upgrade
from shared.services import service_names
from tests.builders import small_town
from tests.flows.operating import luotsi, target
from tests.platform import Platform
from tests.referring import at_work, sent_referral

MIDNIGHT = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
"""When the 29th of March 2026 begins in Kuopio; that day has 23 hours."""

# Days are sealed by Helsinki's calendar: this many of its days earlier, also across a change of its clocks.
EARLIER = "(at AT TIME ZONE 'Europe/Helsinki' - CAST(:span AS interval)) AT TIME ZONE 'Europe/Helsinki'"


@pytest.mark.parametrize("table", ["disclosures", "audit_seals", "audit_cuts"])
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} DISABLE TRIGGER ALL"]
)
async def test_the_services_role_can_not_remove_from_the_log(platform: Platform, table: str, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with platform.databases["referral"].transaction() as tx:
            await tx.execute(text(statement.format(table)))


@pytest.mark.parametrize(
    "change", ["disclosures SET occasion = 'x'", "audit_seals SET rows = 0", "audit_cuts SET rows = 0"]
)
async def test_the_services_role_can_not_change_the_log(platform: Platform, change: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with platform.databases["referral"].transaction() as tx:
            await tx.execute(text(f"UPDATE {change}"))


async def test_the_services_role_can_not_give_itself_the_right(platform: Platform) -> None:
    async with platform.databases["referral"].transaction() as tx:
        await tx.execute(text("GRANT ALL ON disclosures TO referral"))  # it is only warned that nothing was given
    for statement in ("SET ROLE referral_owner", "CREATE TABLE own (id int)"):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            async with platform.databases["referral"].transaction() as tx:
                await tx.execute(text(statement))
    rights = "SELECT has_table_privilege('referral', 'disclosures', 'UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')"
    assert await platform.scalar("referral", rights) is False


async def a_sealed_week(platform: Platform) -> None:
    """Three days with showings of clients among them, each sealed after its end by the worker's job."""
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    for day in range(3):
        somebody = {"language": "fa", "contact_via": "adviser"}  # alike to nobody, so no duplicate is shown
        sent = await sent_referral(platform, town, client=somebody)
        accepted = await desk.done("accept", await desk.read(sent["id"]))
        await desk.read(accepted["id"])
        await shift(platform, day)
    await seal(platform, datetime.now(UTC))


def ago(days: int) -> timedelta:
    """So many days before today; one more in the first minutes of a day, in which yesterday is not sealed yet."""
    now = datetime.now(UTC)
    return timedelta(days=days - 1) + (day_in_kuopio(now) - newest_finished_day(now))


async def shift(platform: Platform, day: int) -> None:
    """Let what was shown just now have happened some days ago: five for the first of three, then three, then one."""
    async with platform.owners["referral"].transaction() as tx:
        recent = f"UPDATE disclosures SET at = {EARLIER} WHERE at > now() - interval '12 hours'"
        await tx.execute(text(recent), {"span": ago(5 - 2 * day)})


async def seal(platform: Platform, now: datetime, holder: str = "one") -> int:
    """What the worker's job does at that moment."""
    key = target(platform).key("AUDIT_KEY")
    return await DisclosureSealer(platform.databases["referral"], key, holder, lambda: now).step()


async def verified(platform: Platform, *arguments: str) -> tuple[int, str]:
    """Exit code and words of `luotsi audit verify`."""
    result = await asyncio.to_thread(luotsi, platform, "audit", "verify", *arguments)
    return result.exit_code, result.stdout


async def tamper(platform: Platform, statement: str, **values: Any) -> None:
    """Change the log as somebody who may do everything to the database, and does not have the key."""
    async with platform.owners["referral"].transaction() as tx:
        await tx.execute(text(statement), values)


async def test_a_day_is_sealed_as_it_always_was(platform: Platform) -> None:
    """By hand: a line of JSON for each row, in order of ids; also where there is no member, or an odd word."""
    await a_sealed_week(platform)
    odd = """INSERT INTO disclosures (id, client_id, organization_id, occasion, at)
        SELECT gen_random_uuid(), client_id, organization_id, :occasion, at + interval '1.000001 seconds'
        FROM disclosures LIMIT 1"""
    async with platform.owners["referral"].transaction() as tx:
        for occasion in ('käynti "a"\\ \t\n\x01\x7f/ \u2028\N{FIRE}', ""):
            await tx.execute(text(odd), {"occasion": occasion})
        rows = [dict(row) for row in (await tx.execute(text("SELECT * FROM disclosures ORDER BY id"))).mappings()]
        days = {day_in_kuopio(row["at"]) for row in rows}
        for day in (*days, MIDNIGHT.date()):
            of_day = [row for row in rows if day_in_kuopio(row["at"]) == day]
            assert await content_of(tx, day) == by_hand(of_day), day
    assert len(rows) > len(days)


def by_hand(rows: list[dict[str, Any]]) -> Digest:
    """What is said of the rows of a day."""
    running = hashlib.sha256()
    for row in rows:
        moment = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
        plain = {
            name: str(value) if isinstance(value, UUID) else value for name, value in (row | {"at": moment}).items()
        }
        running.update(json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
    return Digest(len(rows), rows[0]["id"] if rows else None, rows[-1]["id"] if rows else None, running.digest())


async def test_of_a_long_log_each_day_is_read_once_out_of_an_index(platform: Platform) -> None:
    async with platform.owners["referral"].transaction() as tx:
        await tx.execute(
            text("""INSERT INTO disclosures (id, client_id, organization_id, occasion, at)
                SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'viewed',
                CAST(:from AS timestamptz) + n * interval '4 minutes' FROM generate_series(1, 20000) AS n"""),
            {"from": MIDNIGHT},
        )
        await tx.execute(text("ANALYZE disclosures"))
        dialect: Any = postgresql.dialect()  # type: ignore[no-untyped-call]
        statement = describing(MIDNIGHT.date() + timedelta(days=30))
        sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        told = (await tx.execute(text("EXPLAIN (ANALYZE, FORMAT JSON) " + sql.replace(":", "\\:")))).scalar_one()
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    while "Relation Name" not in plan or plan.get("Plans"):
        (plan,) = plan["Plans"]
    assert "Index" in plan["Node Type"] or "Bitmap" in plan["Node Type"]
    assert plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) == 360, "every four minutes"


async def test_a_log_that_nobody_touched_holds(platform: Platform) -> None:
    await a_sealed_week(platform)
    code, said = await verified(platform)
    assert code == 0, said
    assert await platform.scalar("referral", "SELECT count(*) FROM audit_seals") == 5, (
        "days without rows are sealed too"
    )
    assert "5 sealed days with 9 rows" in said
    newest = (await platform.scalar("referral", "SELECT seal FROM audit_seals ORDER BY day DESC LIMIT 1")).hex()
    assert newest in said
    assert (await verified(platform, "--seal", newest))[0] == 0
    assert await seal(platform, datetime.now(UTC)) == 0, "nothing is sealed twice"


CHOSEN = "(SELECT id FROM disclosures ORDER BY id OFFSET 5 LIMIT 1)"
TAMPERED = {
    "a row changed": f"UPDATE disclosures SET occasion = 'search' WHERE id = {CHOSEN}",
    "a member exchanged": f"UPDATE disclosures SET member_id = gen_random_uuid() WHERE id = {CHOSEN}",
    "a row deleted": f"DELETE FROM disclosures WHERE id = {CHOSEN}",
    "a row added": "INSERT INTO disclosures SELECT gen_random_uuid(), client_id, referral_id, organization_id, "
    f"member_id, occasion, at FROM disclosures WHERE id = {CHOSEN}",
    "a row moved to another day": f"UPDATE disclosures SET at = at + interval '1 day' WHERE id = {CHOSEN}",
    "two rows in each other's place": "UPDATE disclosures d SET occasion = o.occasion FROM disclosures o "
    "WHERE date_trunc('day', o.at) = date_trunc('day', d.at) AND o.occasion <> d.occasion",
    "a seal changed": "UPDATE audit_seals SET rows = rows + 1 WHERE day = (SELECT min(day) FROM audit_seals)",
    "a seal taken out": "DELETE FROM audit_seals WHERE day = (SELECT min(day) + 1 FROM audit_seals)",
    "the first seal taken out": "DELETE FROM audit_seals WHERE day = (SELECT min(day) FROM audit_seals)",
    "all seals taken out": "DELETE FROM audit_seals",
    "the last seals taken out": "DELETE FROM audit_seals WHERE day > (SELECT max(day) - 2 FROM audit_seals)",
    "a removal that nobody recorded": "INSERT INTO audit_cuts SELECT max(day), 9, max(seal::text)::bytea, "
    "max(seal::text)::bytea, now() FROM audit_seals",
}


@pytest.mark.parametrize("way", TAMPERED)
async def test_whoever_changes_the_log_without_the_key_is_found_out(platform: Platform, way: str) -> None:
    await a_sealed_week(platform)
    await tamper(platform, TAMPERED[way])
    code, said = await verified(platform)
    assert code == 1, said
    assert "NOT AS SEALED" in said


async def test_the_first_day_that_does_not_match_is_named_first(platform: Platform) -> None:
    await a_sealed_week(platform)
    day = await platform.scalar("referral", "SELECT min(day) + 2 FROM audit_seals")
    await tamper(platform, f"DELETE FROM disclosures WHERE id = {CHOSEN}")
    _, said = await verified(platform)
    assert said.split("NOT AS SEALED: ")[1].startswith(f"{day}: has 2 rows, and had 3")


async def test_a_seal_seen_earlier_finds_a_log_that_was_sealed_anew(platform: Platform) -> None:
    await a_sealed_week(platform)
    newest = (await platform.scalar("referral", "SELECT seal FROM audit_seals ORDER BY day DESC LIMIT 1")).hex()
    await tamper(platform, "DELETE FROM audit_seals WHERE day = (SELECT max(day) FROM audit_seals)")
    await tamper(platform, "DELETE FROM disclosures WHERE id = (SELECT max(id::text)::uuid FROM disclosures)")
    assert await seal(platform, datetime.now(UTC)) == 1, "the worker, which has the key, seals what it finds"
    assert (await verified(platform))[0] == 0, "the chain alone cannot tell"
    code, said = await verified(platform, "--seal", newest)
    assert (code, "known from earlier" in said) == (1, True)


async def test_a_seal_is_written_in_hexadecimal(platform: Platform) -> None:
    with pytest.raises(PlatformError, match="written in hexadecimal"):
        await asyncio.to_thread(luotsi, platform, "audit", "verify", "--seal", "seven")


async def test_a_day_is_sealed_a_quarter_of_an_hour_after_its_end_in_kuopio(platform: Platform) -> None:
    town = await small_town(platform)
    await sent_referral(platform, town)
    noon = MIDNIGHT + timedelta(hours=12)
    await tamper(platform, "UPDATE disclosures SET at = :at", at=noon)
    end = MIDNIGHT + timedelta(hours=23)
    assert await seal(platform, end + timedelta(minutes=14)) == 0
    assert await seal(platform, end + timedelta(minutes=15), holder="another") == 0, "one of them has the lease"
    assert await seal(platform, end + timedelta(minutes=15)) == 1


async def test_a_row_that_comes_late_into_a_sealed_day_is_noticed(platform: Platform) -> None:
    await a_sealed_week(platform)
    async with platform.databases["referral"].transaction() as tx:
        late = TAMPERED["a row added"]
        await tx.execute(text(late))
    code, said = await verified(platform)
    assert (code, "has 4 rows, and had 3" in said) == (1, True)


async def test_rows_removed_on_purpose_are_vouched_for(platform: Platform) -> None:
    await a_sealed_week(platform)
    key, now = target(platform).key("AUDIT_KEY"), datetime.now(UTC)
    first = await platform.scalar("referral", "SELECT min(day) FROM audit_seals")
    async with platform.owners["referral"].transaction() as tx:
        assert await disclosure_log.remove_until(tx, key, first + timedelta(days=1), now) == 3
    code, said = await verified(platform)
    assert code == 0, said
    assert "5 sealed days with 6 rows" in said
    await tamper(platform, "DELETE FROM disclosures WHERE at < (SELECT min(at) + interval '1 hour' FROM disclosures)")
    assert (await verified(platform))[0] == 1


async def test_sealing_by_hand_catches_up_what_no_worker_did(platform: Platform) -> None:
    town = await small_town(platform)
    await sent_referral(platform, town)
    await tamper(platform, f"UPDATE disclosures SET at = {EARLIER}", span=ago(40))
    assert (await verified(platform))[0] == 1, "rows, and no seal"
    result = await asyncio.to_thread(luotsi, platform, "audit", "seal")
    assert "40 days sealed" in result.stdout
    assert (await verified(platform))[0] == 0


def test_a_cluster_of_an_older_version_is_brought_to_two_roles(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As it was: each service owned its database and all in it. The next start mends that, and loses nothing."""
    folder = tmp_path_factory.mktemp("older")
    with start_servers(folder, durable=True) as servers:
        for service in service_names():
            upgrade(service, servers.owner_urls[service])
        postgres = Postgres(DataDir(folder))
        postgres.port = int(servers.postgres_admin_url.rsplit(":", 1)[1].split("/")[0])
        for service in service_names():
            done = postgres._psql(
                f"\\connect {service}\nREASSIGN OWNED BY {service}_owner TO {service};\n"
                f"DROP OWNED BY {service}_owner;\nDROP ROLE {service}_owner;\n"
            )
            assert done.returncode == 0, done.stderr
    with start_servers(folder, durable=True) as servers:
        for service in service_names():
            upgrade(service, servers.owner_urls[service])
        rights = (
            "SELECT tableowner, has_table_privilege('referral', 'disclosures', 'DELETE'), "
            "has_table_privilege('referral', 'referrals', 'UPDATE') FROM pg_tables WHERE tablename = 'disclosures'"
        )
        assert asyncio.run(row(servers.database_urls["referral"], rights)) == ("referral_owner", False, True)


async def row(url: str, query: str) -> tuple[Any, ...]:
    connection = await asyncpg.connect(url)
    try:
        return tuple(await connection.fetchrow(query))
    finally:
        await connection.close()
