"""Search by text and filters, on the seeded catalogue and on words of a test's own."""

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from services.catalog.queries.search import Query
from services.catalog.tables import ServiceWords
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform

FOUND_BY = {
    "yritysneuvonta": "business-advice",
    "YRITYSNEUVONTAA": "business-advice",
    "företagsrådgivning": "business-advice",
    "foretagsradgivning": "business-advice",
    "advice entrepreneur": "business-advice",
    "neuvonta yritys": "business-advice",
    "yritysneu": "business-advice",
    "Työllisyysohjaus": "employment-guidance",
    "tyollisyysohjaus": "employment-guidance",
    "ohjaus työllisyys": "employment-guidance",
    "international student": "career-start-for-international-students",
    "volunteers": "volunteering",
    "vapaaehtoiset": "integration-support-by-volunteers",
    "the matching of talent": "talent-matching",
    "": "business-advice",
    "   ": "business-advice",
    "lifestyle": None,
    "!?%&|'()<->:*": None,
    "\x00": None,
}
"""What somebody types → a service that must be among those found; None: nothing is found."""


async def test_words_find_services(platform: Platform) -> None:
    town = await kuopio(platform)
    for query, wanted in FOUND_BY.items():
        slugs = await town.slugs("/services", query=query, size="100")
        assert (wanted in slugs) if wanted else slugs == [], query


async def test_the_name_counts_more_than_the_description(platform: Platform) -> None:
    town = await kuopio(platform)
    slugs = await town.slugs("/services", query="vapaaehtoiseksi")
    assert slugs[0] == "volunteering"
    assert (await town.slugs("/services", query="talent matching"))[0] == "talent-matching"


async def test_every_word_must_be_found(platform: Platform) -> None:
    town = await kuopio(platform)
    assert await town.slugs("/services", query="yritysneuvonta avaruusmatka") == []


async def test_services_are_found_by_their_organisation(platform: Platform) -> None:
    town = await kuopio(platform)
    for query, wanted in (("talent hub", "talent-matching"), ("kuopion yliopistollinen", "research-openings-at-kys")):
        assert wanted in await town.slugs("/services", query=query)


async def test_services_are_found_by_their_target_group(platform: Platform) -> None:
    town = await kuopio(platform)
    assert "digital-skills-contacts" in await town.slugs("/services", query="kansainväliset osaajat")
    assert "digital-skills-contacts" in await town.slugs("/services", target_group="international-talent")
    assert await town.slugs("/services", target_group="no-such") == []


async def test_a_former_name_finds_the_organisation_and_its_services(platform: Platform) -> None:
    town = await kuopio(platform)
    new = {"name": {"fi": "Uusyrityskeskus", "sv": "Nyföretagarcentrum", "en": "Enterprise Agency"}}
    answer = await town.change("PATCH", "/organizations/business-kuopio", new)
    assert answer.status_code == 200
    [alias] = answer.json()["aliases"]
    assert alias["name"] == "Business Kuopio"
    assert await town.slugs("/organizations", query="business kuopio") == ["business-kuopio"]
    for query in ("business kuopio", "uusyrityskeskus"):
        assert "business-advice" in await town.slugs("/services", query=query)


async def test_what_was_changed_is_found_by_its_new_words_only(platform: Platform) -> None:
    town = await kuopio(platform)
    assert await town.slugs("/services", query="voluntary work") == ["volunteering"]
    text_now = {"eligibility_description": {"fi": "Talkooväelle"}, "description": {"en": "Join in."}, "keywords": None}
    await town.change("PATCH", "/services/volunteering", {**text_now, "target_groups": ["families"]})
    assert await town.slugs("/services", query="talkoovaelle") == ["volunteering"]
    assert await town.slugs("/services", query="voluntary association") == []
    assert "volunteering" not in await town.slugs("/services", query="residents")


async def test_a_language_without_a_stemmer_is_found_as_it_is_written(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"alternate_name": {"fi": "Волонтёр مركز"}})
    assert await town.slugs("/services", query="ВОЛОНТЕР") == ["volunteering"]
    assert await town.slugs("/services", query="مركز") == ["volunteering"]


async def test_filters_narrow_together(platform: Platform) -> None:
    town = await kuopio(platform)
    business = (await town.read("/organizations/business-kuopio"))["id"]
    assert len(await town.slugs("/services", organization_id=business)) == 3
    assert await town.slugs("/services", organization_id=business, target_group="companies", query="markkina") == [
        "internationalisation-of-companies"
    ]
    swedish = await town.slugs("/services", language="sv", size="100")
    assert "guidance-for-newcomers" in swedish
    assert "talent-matching" not in swedish
    assert await town.slugs("/services", language="sv", organization_id=business) == []
    assert await town.slugs("/services", language="SV", size="100") == swedish
    assert await town.slugs("/services", organization_id="01a20000-0000-7000-8000-000000000000") == []


@pytest.mark.parametrize(
    "query", ["language=%27", "organization_id=nowhere", "accepting=perhaps", "status=open", f"query={'a' * 201}"]
)
async def test_filters_that_say_nothing_sensible_are_problems(platform: Platform, query: str) -> None:
    answer = await platform.client("catalog").get(f"/services?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_personal_identity_code_is_not_searched_for(platform: Platform) -> None:
    answer = await platform.client("catalog").get("/services", params={"query": "131052-308T"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:luotsi:problem:personal-identity-code"
    assert "131052" not in answer.text


async def test_the_index_answers_a_search(platform: Platform) -> None:
    await kuopio(platform)
    typed = select(ServiceWords.service_id).where(Query("advice for comp").matches(col(ServiceWords.words)))
    database = platform.databases["catalog"]
    spelled = typed.compile(database.engine.sync_engine, compile_kwargs={"literal_binds": True})
    async with database.transaction() as tx:
        await tx.execute(text("SET LOCAL enable_seqscan = off"))
        plan = (await tx.execute(text(f"EXPLAIN {spelled}"))).scalars().all()
    assert any("ix_service_words_words" in line for line in plan), plan
