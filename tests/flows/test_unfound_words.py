"""What members look for and do not find: counted from the third on, for coordinators, without who it was."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import text

from luotsi.retention.registers import REGISTERS
from luotsi.retention.retention_run import RetentionRun
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.flows.operating import target
from tests.platform import Platform

SEEKERS = [
    "adviser@navigaattori.example",
    "adviser@kompassi.example",
    "desk@savonia.example",
    "desk@uef.example",
    "desk@ngos.example",
    "desk@talenthub.example",
]
COORDINATOR = "coordinator@kuopio.example"


async def look_for(town: Kuopio, query: str, who: str | None) -> None:
    answer = await town.client(who).get("/services", params={"query": query})
    assert answer.status_code == 200


async def unfound(town: Kuopio, who: str = COORDINATOR) -> dict[str, int]:
    answer = await town.client(who).get("/unfound-words")
    assert answer.status_code == 200, answer.text
    return {each["word"]: each["searches"] for each in answer.json()["contents"]}


async def kept(platform: Platform) -> list[tuple[bytes, str | None, int, int]]:
    async with platform.databases["catalog"].transaction() as tx:
        rows = await tx.execute(text("SELECT digest, word, members, searches FROM unfound_words"))
        return [(row.digest, row.word, row.members, row.searches) for row in rows]


async def test_a_word_can_be_read_when_three_members_have_looked_for_it(platform: Platform) -> None:
    town = await kuopio(platform)
    for _ in range(4):
        await look_for(town, "hammaslääkäri", SEEKERS[0])
    assert await unfound(town) == {}, "one member, however often"
    await look_for(town, "Hammaslääkäri neuvonta", SEEKERS[1])
    [(_, word, members, searches)] = await kept(platform)
    assert (word, searches) == (None, 5), "nor can anybody read it in the table"
    assert members.bit_count() <= 2
    for who in SEEKERS[2:]:  # two may share a bit, and count as one then
        await look_for(town, "hammaslääkäri", who)
    assert await unfound(town) == {"hammaslääkäri": 9}
    [(_, word, members, _)] = await kept(platform)
    assert (word, members) == ("hammaslääkäri", 0), "who it was is gone"
    assert await unfound(town, "admin@luotsi.example") == {"hammaslääkäri": 9}


async def test_who_looks_without_a_token_or_finds_something_is_not_counted(platform: Platform) -> None:
    town = await kuopio(platform)
    await look_for(town, "hammaslääkäri", None)
    await look_for(town, "neuvonta", SEEKERS[0])
    await look_for(town, "volonteering", SEEKERS[0])
    bad = await town.client(Authorization="Bearer nonsense").get("/services?query=parturi")
    assert bad.status_code == 200, "a public route stays public"
    async with town.client(SEEKERS[0]) as client:
        await client.head("/services?query=parturi")
        await client.get("/services?query=parturi&page=2")
    assert await kept(platform) == []


async def test_nothing_is_kept_of_what_looks_like_a_name_or_address(platform: Platform) -> None:
    town = await kuopio(platform)
    for query in ("Zzyra Qwombo", "zzyra@posti.example", "Zzyrakatu", "zzyra 0401234567"):
        await look_for(town, query, SEEKERS[0])
    assert await kept(platform) == []


async def test_the_same_word_in_two_quarters_cannot_be_put_together(platform: Platform) -> None:
    town = await kuopio(platform)
    app = platform.apps["catalog"].state.luotsi
    before = app.clock
    try:
        for month in (3, 4):
            app.clock = lambda month=month: datetime(2027, month, 15, 12, tzinfo=UTC)
            await look_for(town, "hammaslääkäri", SEEKERS[0])
    finally:
        app.clock = before
    assert len({digest for digest, *_ in await kept(platform)}) == 2


async def test_others_do_not_see_them(platform: Platform) -> None:
    town = await kuopio(platform)
    assert (await town.client(SEEKERS[0]).get("/unfound-words")).status_code == 403
    boss = await town.enter_admin("savonia")
    assert (await town.client(boss).get("/unfound-words")).status_code == 403
    assert (await town.client().get("/unfound-words")).status_code == 401


async def test_old_counts_leave(platform: Platform) -> None:
    town = await kuopio(platform)
    await look_for(town, "hammaslääkäri", SEEKERS[0])
    async with platform.databases["catalog"].transaction() as tx:
        old = text("INSERT INTO unfound_words (digest, word, members, searches, last_on) VALUES (:d, 'x', 0, 3, :day)")
        await tx.execute(old, {"d": uuid4().bytes, "day": datetime(2025, 1, 1, tzinfo=UTC).date()})
    run = RetentionRun(target(platform), platform.owners, datetime.now(UTC), 365)
    register = REGISTERS["unfound_words"]
    due = await register.due(run)
    assert due.rows == 1
    assert await register.remove(run) == due
    assert [searches for *_, searches in await kept(platform)] == [1]
