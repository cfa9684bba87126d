"""No list reads more than a few pages' worth of rows, on a platform filled as by years of work."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import pytest_asyncio

from bench.filling import Size, fill
from bench.growth.place import ADVISER, DESK, SEEN_ALL, Place
from bench.growth.routes import LISTS, OF_NOTIFICATIONS
from luotsi.embedded.servers import Servers
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.service_statistics import count_statistics
from shared.clock import utc_now
from shared.publishing.outbox import Outbox
from tests.plans import plans_on, rows_read

JSON = dict[str, Any]
SIZE: Final = Size(10_000, organizations=40, services=80, at_work=300)
PAGE: Final = 51
MOST: Final = 6 * PAGE
"""A page, what hangs on each of its rows, and what is looked at beside. The busy organisations have 1,000 referrals."""

GROWING: Final = (
    "referrals",
    "messages",
    "timers",
    "timeline",
    "disclosures",
    "notices",
    "deliveries",
    "outbox",
    "inbox",
)
"""The tables that grow with every referral."""

_ASKED: Final = {name: ("referral", who, f"/referrals{query}") for name, (who, query) in LISTS.items()} | {
    name: ("notifications", who, path) for name, (who, path) in OF_NOTIFICATIONS.items()
}


@pytest_asyncio.fixture(scope="module")
async def place(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """A platform with ten thousand referrals."""
    folder: Path = tmp_path_factory.mktemp("growth")
    made = Place(servers, folder, SIZE.referrals)
    await _truncate(servers)
    await fill(servers.owner_urls, SIZE, made.vault)
    await made.open()
    yield made
    await made.close()
    await _truncate(servers)


async def _truncate(servers: Servers) -> None:
    """Empty all databases; row by row it would take longer than the tests."""
    for url in servers.owner_urls.values():
        connection = await asyncpg.connect(url)
        found = await connection.fetch(
            "SELECT quote_ident(tablename) AS name FROM pg_tables "
            "WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
        await connection.execute(f"TRUNCATE {', '.join(each['name'] for each in found)} RESTART IDENTITY")
        await connection.close()


async def _rows_read(place: Place, service: str, who: str, path: str) -> tuple[JSON, float]:
    """The answer to a GET, and how many rows of growing tables it looks at, found or not."""
    answers = []

    async def ask() -> None:
        answers.append(await place.ask(service, who, "GET", path))

    plans = await plans_on(place.apps[service].state.luotsi.database.engine, ask)
    assert answers[0].is_success, answers[0].text
    assert plans, "no statement was seen"
    return answers[0].json(), sum(rows_read(nodes, table) for nodes in plans for table in GROWING)


@pytest.mark.parametrize("name", _ASKED)
async def test_a_list_reads_no_more_than_a_few_pages(place: Place, name: str) -> None:
    answer, read = await _rows_read(place, *_ASKED[name])
    assert read <= MOST, str(answer)[:300]


@pytest.mark.parametrize("who", [ADVISER, DESK])
async def test_counting_reads_what_is_counted(place: Place, who: str) -> None:
    """Of a queue never more than a thousand and one; the desk's longest here is that of all that has ended."""
    answer, read = await _rows_read(place, "referral", who, "/referrals/counts")
    counted = {each["queue"]: each["count"] for each in answer["contents"]}
    assert read <= sum(counted.values()) + PAGE, counted


async def test_who_looks_after_nothing_has_a_short_list(place: Place) -> None:
    nobody = place.members["adviser1@o1.example"].id
    answer, read = await _rows_read(place, "referral", DESK, f"/referrals?assigned={nobody}")
    assert answer["contents"] == []
    assert read <= MOST


@pytest.mark.parametrize(("who", "to"), [(ADVISER, "adviser2@o0.example"), (DESK, SEEN_ALL)])
async def test_handing_over_reads_what_is_open(place: Place, who: str, to: str) -> None:
    """What one has had, and has closed, is not looked through."""
    answer, read = await _rows_read(place, "referral", who, f"/handover?to={place.members[to].id}")
    assert answer["contents"]
    assert read <= MOST


async def test_statistics_of_services_read_a_year_once_and_from_its_index(place: Place) -> None:
    """Not the rows themselves, with what is sealed in them, and not the years before."""
    now = utc_now()

    async def ask() -> None:
        async with place.database.transaction() as tx:
            portions = await count_statistics(UnitOfWork(tx, Outbox("referral"), place.vault, now))
            assert sum(map(len, portions)) == SIZE.services

    plans = await plans_on(place.database.engine, ask)
    scans = [node for nodes in plans for node in nodes if node.get("Relation Name") == "referrals"]
    assert {node["Node Type"] for node in scans if node.get("Index Name") == "ix_referrals_figures"} == {
        "Index Only Scan"
    }
    read = sum(rows_read(nodes, "referrals") for nodes in plans)
    year = SIZE.referrals * 365 / SIZE.days
    assert year * 0.9 < read < year + 2 * SIZE.at_work
