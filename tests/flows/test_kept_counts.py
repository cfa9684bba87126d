"""What filters would leave is counted once for each state of the catalogue, and is never that of another state."""

from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event, text

from services.catalog.queries.found_services import ServiceFilter
from services.catalog.queries.pages import PageWanted
from services.catalog.queries.service_list import KeptCounts
from services.catalog.queries.service_search import search_services
from shared.clock import day_in_kuopio, utc_now
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.plans import from_indexes, plans_of, rows_read
from tests.platform import Platform

MANY = 3_000


def more_services(count: int) -> str:
    """Enters so many services like one that is there, with other names."""
    return (
        "INSERT INTO services SELECT (jsonb_populate_record(like_it, jsonb_build_object("
        "'id', gen_random_uuid(), 'slug', 'more-' || n, 'sort_keys', jsonb_build_object("
        "'fi', md5('fi' || n), 'sv', md5('sv' || n), 'en', md5('en' || n))))).* "
        f"FROM services AS like_it, generate_series(1, {count}) AS n WHERE like_it.slug = 'business-advice'"
    )


CHANGES = {
    "a service is entered": more_services(1),
    "services change": "UPDATE services SET languages = '{so}'",
    "an organisation closes": "UPDATE organizations SET active = false WHERE slug = 'business-kuopio'",
    "another type": "UPDATE organizations SET organization_type = 'other'",
    "members leave": "UPDATE members SET active = false",
    "members are gone": "DELETE FROM members",
    "all are closed": "INSERT INTO closures (id, organization_id, note, starts_on, ends_on) "
    "SELECT gen_random_uuid(), id, '{}', '2020-01-01', '2040-01-01' FROM organizations",
    "a city has another name": "UPDATE locations SET city = 'Siilinjärvi'",
    "services move out": "DELETE FROM service_at_locations",
}


@pytest_asyncio.fixture
async def town(platform: Platform) -> Kuopio:
    """The seeded catalogue, of which everybody who is to be counted has been counted."""
    town = await kuopio(platform)
    assert await told(town) == await counted_anew(platform)
    return town


async def told(town: Kuopio, **params: str) -> dict[str, Any]:
    """What somebody who reads Finnish is told: how many, and of each filter how many by value."""
    answer = await town.client().get("/services", params=params, headers={"Accept-Language": "fi"})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    facets = {name: {each["value"]: each["count"] for each in values} for name, values in found["facets"].items()}
    return {"total": found["total_items"], **facets}


async def counted(platform: Platform, kept: KeptCounts, day: date) -> dict[str, Any]:
    """The same, on a day, by who has counted what is kept."""
    async with platform.databases["catalog"].transaction() as tx:
        found = await search_services(tx, kept, PageWanted(1, 50), "fi", ServiceFilter(), day)
    return {"total": found.total, **found.facets}


async def counted_anew(platform: Platform) -> dict[str, Any]:
    """The same, today, by who has counted nothing before."""
    return await counted(platform, KeptCounts(), day_in_kuopio(utc_now()))


async def by_hand(platform: Platform, statement: str) -> None:
    """A change that no code of ours makes."""
    async with platform.owners["catalog"].transaction() as tx:
        await tx.execute(text(statement))


@pytest.mark.parametrize("change", CHANGES)
async def test_whatever_changes_the_counts_are_those_of_now(platform: Platform, town: Kuopio, change: str) -> None:
    before = await told(town)
    await by_hand(platform, CHANGES[change])
    now = await counted_anew(platform)
    assert now != before, "it is counted"
    assert await told(town) == now


async def test_who_makes_a_change_sees_it_counted(platform: Platform, town: Kuopio) -> None:
    before = (await told(town))["accepting"]
    answer = await town.change("PUT", "/services/business-advice/capacity", {"status": "no-capacity"})
    assert answer.status_code == 200, answer.text
    now = (await told(town))["accepting"]
    assert (now["true"], now["false"]) == (before["true"] - 1, before.get("false", 0) + 1)
    assert (await told(town, accepting="true"))["total"] == now["true"]


async def test_another_day_is_counted_anew(platform: Platform, town: Kuopio) -> None:
    await by_hand(platform, CHANGES["all are closed"])
    kept, before = KeptCounts(), date(2019, 12, 31)
    assert "true" in (await counted(platform, kept, before))["accepting"]
    assert "true" not in (await counted(platform, kept, before + timedelta(days=1)))["accepting"]


async def test_what_is_not_committed_is_not_counted_and_then_it_is(platform: Platform, town: Kuopio) -> None:
    """Two change things at once, and whoever is asked meanwhile keeps no more than what was so."""
    before = await told(town)
    first, second = platform.owners["catalog"], platform.databases["catalog"]
    async with first.transaction() as late:
        await late.execute(text(CHANGES["another type"]))
        async with second.transaction() as early:
            await early.execute(text(CHANGES["a city has another name"]))
        between = await told(town)
        assert between == await counted_anew(platform) != before
    assert await told(town) == await counted_anew(platform) != between


async def test_one_transaction_changes_the_version_once(platform: Platform, town: Kuopio) -> None:
    version = "SELECT xmin::text || version FROM catalogue_version"
    before = await platform.scalar("catalog", version)
    async with platform.owners["catalog"].transaction() as tx:
        await tx.execute(text(CHANGES["services change"]))
        assert (await tx.execute(text(version))).scalar_one() == before, "at its very end, so that nobody waits for it"
    after = await platform.scalar("catalog", version)
    assert after != before
    assert await platform.scalar("catalog", "SELECT count(*) FROM catalogue_version") == 1
    assert await told(town)
    assert await platform.scalar("catalog", version) == after, "looking changes nothing"


async def test_nothing_is_counted_twice_and_a_page_is_read_from_an_index(platform: Platform, town: Kuopio) -> None:
    await by_hand(platform, more_services(MANY))
    async with platform.owners["catalog"].engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("VACUUM (ANALYZE) services")
    for language in ("fi", "sv", "en"):
        ran: list[str] = []

        async def ask(language: str = language) -> None:
            path = "/services?size=50&full=false"
            answer = await town.client().get(path, headers={"Accept-Language": language})
            assert answer.json()["total_items"] > MANY

        await ask()
        engine = platform.apps["catalog"].state.luotsi.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", lambda *told, ran=ran: ran.append(told[2]))
        plans = await plans_of(platform, "catalog", ask)
        assert plans
        assert all(from_indexes([node for node in nodes if node.get("Relation Name") == "services"]) for nodes in plans)
        assert sum(rows_read(nodes, "services") for nodes in plans) <= 3 * 50
        assert not [statement for statement in ran if "judged" in statement]
