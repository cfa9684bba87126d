"""Keywords of services: read, found by, changed, published, and seeded where nobody has said any."""

from typing import Any

import pytest
from sqlalchemy import text

from services.catalog.domain.keywords import LONGEST_KEYWORD, MOST_KEYWORDS
from services.catalog.domain.texts import LANGUAGES
from services.catalog.schemas.seed_file import read_data
from services.catalog.use_cases.seed import seed_into
from shared.values.folding import fold
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform

MATCHING = "/services/talent-matching"


def test_every_seeded_service_has_keywords_in_each_language() -> None:
    services = [service for entry in read_data() for service in entry.services]
    for service in services:
        for language in LANGUAGES:
            words = getattr(service.keywords, language)
            assert 8 <= len(words) <= 25, (service.slug, language)
            assert len({fold(word) for word in words}) == len(words), (service.slug, language)


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("koodari", "digital-skills-contacts"),
        ("avioero", "support-in-life-changes"),
        ("skilsmässa", "support-in-life-changes"),
        ("Kela-hakemus", "counselling-at-kompassi"),
        ("CV", "employment-guidance"),
        ("työlupa", "international-recruitment"),
        ("starttiraha", "business-advice"),
        ("language café", "integration-support-by-volunteers"),
    ],
)
async def test_everyday_words_find_services(platform: Platform, query: str, slug: str) -> None:
    town = await kuopio(platform)
    assert slug in await town.slugs("/services", query=query)


async def test_keywords_are_terms_of_a_taxonomy_in_the_language_of_the_answer(platform: Platform) -> None:
    town = await kuopio(platform)
    for language in LANGUAGES:
        service = await town.read("/services/digital-skills-contacts", **{"Accept-Language": language})
        shown = [each for each in service["attributes"] if each["link_type"] == "keyword"]
        assert [each["taxonomy_term"]["name"] for each in shown] == service["keywords"][language]
        assert {each["taxonomy_term"]["language"] for each in shown} == {language}
        assert {each["taxonomy_term"]["taxonomy"] for each in shown} == {"urn:luotsi:keywords"}
    assert len({each["id"] for each in service["attributes"]}) == len(service["attributes"])
    everybody_s = await town.read("/services/employment-guidance", **{"Accept-Language": "en"})
    same = [each["taxonomy_term"]["id"] for each in everybody_s["attributes"] if each["label"] == "CV"]
    other = await town.read(MATCHING, **{"Accept-Language": "en"})
    assert same == [each["taxonomy_term"]["id"] for each in other["attributes"] if each["label"] == "CV"]


async def test_where_there_are_none_in_a_language_those_of_another_are_shown(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", MATCHING, {"keywords": {"fi": ["työ"], "sv": None, "en": []}})
    service = await town.read(MATCHING, **{"Accept-Language": "sv"})
    assert service["keywords"] == {"fi": ["työ"]}
    [shown] = [each["taxonomy_term"] for each in service["attributes"] if each["link_type"] == "keyword"]
    assert (shown["name"], shown["language"]) == ("työ", "fi")


async def test_an_administrator_of_the_organisation_changes_keywords(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("north-savo-talent-hub")
    before = await town.read(MATCHING)
    change = {"keywords": {"fi": [" rekrymessut ", "Rekrymessut", "urapäivä"]}}
    answer = await town.change("PATCH", MATCHING, change, who=boss)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"'), answer.text
    assert answer.json()["keywords"] == {**before["keywords"], "fi": ["rekrymessut", "urapäivä"]}
    assert await town.slugs("/services", query="rekrymessut") == ["talent-matching"]
    assert "talent-matching" not in await town.slugs("/services", query="osaamiskartoitus")
    state = (await town.last_event("catalog.service_changed.v1"))["data"]
    assert state["keywords"] == answer.json()["keywords"]
    again = await town.change("PATCH", MATCHING, change, who=boss)
    assert again.headers["ETag"] == '"2"', "no change, no version"
    none = await town.change("PATCH", MATCHING, {"keywords": None}, who=boss)
    assert none.json()["keywords"] == {}
    state = (await town.last_event("catalog.service_changed.v1"))["data"]
    assert state["keywords"] == {"fi": [], "sv": [], "en": []}
    other = await town.change("PATCH", "/services/business-advice", change, who=boss)
    assert other.status_code == 403


async def test_a_service_is_entered_with_keywords(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("kompassi")
    new = {"name": "Ompelupiiri", "keywords": {"fi": ["ompelukone"], "en": ["sewing"]}}
    made = await town.client(boss).post("/services", json=new)
    assert made.status_code == 201, made.text
    assert made.json()["keywords"] == {"fi": ["ompelukone"], "en": ["sewing"]}
    assert await town.slugs("/services", query="sewing") == [made.json()["slug"]]


BAD: list[tuple[Any, str]] = [
    ({}, "keywords"),
    ("koodari", "keywords"),
    (["koodari"], "keywords"),
    ({"de": ["Arbeit"]}, "keywords.de"),
    ({"fi": "koodari"}, "keywords.fi"),
    ({"fi": [""]}, "keywords.fi.0"),
    ({"fi": ["   "]}, "keywords.fi.0"),
    ({"fi": ["työ", "?!"]}, "keywords.fi.1"),
    ({"fi": ["kaksi\nriviä"]}, "keywords.fi.0"),
    ({"fi": ["x" * (LONGEST_KEYWORD + 1)]}, "keywords.fi.0"),
    ({"fi": [7]}, "keywords.fi.0"),
    ({"fi": [None]}, "keywords.fi.0"),
    ({"fi": [f"sana{number}" for number in range(MOST_KEYWORDS + 1)]}, "keywords.fi"),
    ({"fi": ["131052-308T"]}, "keywords.fi.0"),
]


@pytest.mark.parametrize(("keywords", "field"), BAD)
async def test_keywords_that_cannot_be_are_refused(platform: Platform, keywords: Any, field: str) -> None:
    town = await kuopio(platform)
    answer = await town.change("PATCH", MATCHING, {"keywords": keywords})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert (await town.read(MATCHING))["version"] == 1


async def test_seeding_gives_keywords_to_what_never_had_any(platform: Platform) -> None:
    """As after an upgrade: what was there before keywords were."""
    town = await kuopio(platform)
    seeded = (await town.read(MATCHING))["keywords"]
    renamed = {"slug": "jobs-for-talent", "keywords": {"fi": ["oma"], "sv": None, "en": None}}
    assert (await town.change("PATCH", "/services/business-advice", renamed)).status_code == 200
    assert (await town.change("PATCH", "/services/volunteering", {"keywords": None})).status_code == 200
    assert (await town.change("PATCH", "/services/employment-guidance", {"slug": "job-guidance"})).status_code == 200
    async with platform.databases["catalog"].transaction() as tx:
        before = "UPDATE services SET keywords = NULL WHERE slug IN ('talent-matching', 'job-guidance')"
        await tx.execute(text(before))
        await tx.execute(text("DELETE FROM service_search_words"))
    events = await town.count_events()
    async with platform.databases["catalog"].transaction() as tx:
        report = await seed_into(tx)
    assert (report.services, report.filled) == (0, 2)
    assert await town.count_events() == events + 2
    service = await town.read(MATCHING)
    assert (service["keywords"], service["version"]) == (seeded, 2)
    assert "talent-matching" in await town.slugs("/services", query="osaamiskartoitus")
    assert "CV" in (await town.read("/services/job-guidance"))["keywords"]["fi"]
    assert (await town.read("/services/jobs-for-talent"))["keywords"] == {"fi": ["oma"]}
    assert (await town.read("/services/volunteering"))["keywords"] == {}, "somebody said that there are none"
    async with platform.databases["catalog"].transaction() as tx:
        assert (await seed_into(tx)).filled == 0
