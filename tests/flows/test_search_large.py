"""A search reads of a frequent word only some that have it, and nothing is missed for that."""

from typing import Any

import pytest
from sqlalchemy import text

from services.catalog.queries.found_services import ServiceFilter
from services.catalog.queries.pages import PageWanted
from services.catalog.queries.ranking import MOST_FOUND, MOST_READ, MOST_READ_ALONE
from services.catalog.queries.service_list import KeptCounts
from services.catalog.queries.service_search import search_services
from services.catalog.tables import Organization, Service
from services.catalog.tables.search import ServiceWord
from services.catalog.use_cases.search_index import index_what_is_not
from shared.clock import day_in_kuopio, utc_now
from shared.database.transaction import Transaction
from shared.ids import new_id
from tests.platform import Platform


async def crowd(platform: Platform) -> None:
    """Enter more services with a word in their names than are read, and one that has it in a poorer place."""
    named = {"en": "Crowd"}
    owner = Organization(
        id=new_id(), slug="crowd", organization_type="other", name=named, sort_keys=named, description={"en": ""}
    )

    def service(slug: str, name: str, language: str, description: str) -> Service:
        return Service(
            id=new_id(), slug=slug, organization_id=owner.id, name={"en": name}, sort_keys={"en": name},
            description={"en": description}, languages=[language], target_groups=["everyone"],
        )  # fmt: skip

    many = [service(f"zorbi-{number}", "Zorbi", "fi", "") for number in range(MOST_READ + 100)]
    poor = service("quagga", "Quagga", "so", "Zorbi")
    async with platform.databases["catalog"].transaction() as tx:
        tx.insert(owner, *many, poor)
        await index_what_is_not(tx)


async def search(platform: Platform, **params: str) -> Any:
    """What somebody who reads English finds."""
    answer = await platform.client("catalog").get("/services", params=params, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def by_hand(platform: Platform, statement: str) -> None:
    """Something of the owner's about who has which words."""
    async with platform.owners["catalog"].engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"{statement} {ServiceWord.__tablename__}"))


async def words_read(tx: Transaction) -> int:
    """How many words of services were read on this connection, out of the table or one of its indexes.

    What earlier transactions read is in it until the server reports it, once a second: only differences say something.
    """
    count = text(
        "SELECT sum(pg_stat_get_xact_tuples_returned(id)) FROM (SELECT CAST(:table AS regclass) AS id UNION ALL "
        "SELECT indexrelid FROM pg_index WHERE indrelid = CAST(:table AS regclass)) AS relations"
    )
    return int((await tx.execute(count, {"table": ServiceWord.__tablename__})).scalar_one())


@pytest.mark.parametrize(
    ("query", "total", "most"),
    [
        ("zorbi", MOST_FOUND, MOST_READ_ALONE),
        ("zorbi quagga", 1, MOST_READ + 2),
    ],  # two: quagga, and whether it is zorbi
)
async def test_of_a_frequent_word_some_are_read(platform: Platform, query: str, total: int, most: int) -> None:
    # New files: what other tests have deleted is read as well as what is there, and makes indexes large.
    await by_hand(platform, "TRUNCATE")
    await crowd(platform)
    await by_hand(platform, "ANALYZE")  # as the server does by itself within a minute
    async with platform.databases["catalog"].transaction() as tx:
        before = await words_read(tx)
        found = await search_services(
            tx, KeptCounts(), PageWanted(1, 20), "en", ServiceFilter(query), day_in_kuopio(utc_now())
        )
        assert found.total == total
        assert 0 < await words_read(tx) - before <= most


async def test_what_a_rarer_word_finds_has_the_frequent_one_too(platform: Platform) -> None:
    await crowd(platform)
    for query in ("zorbi quagga", "quagga zorbi"):
        first = (await search(platform, query=query))["contents"][0]
        assert first["slug"] == "quagga"
        assert {each["word"]: each["place"] for each in first["why"]["words"]} == {
            "quagga": "name",
            "zorbi": "description",
        }


async def test_a_filter_is_held_against_all_that_have_a_frequent_word(platform: Platform) -> None:
    await crowd(platform)
    found = await search(platform, query="zorbi", language="so")
    assert [each["slug"] for each in found["contents"]] == ["quagga"]
