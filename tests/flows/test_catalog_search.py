"""Search by text and filters, on the seeded catalogue and on words of a test's own."""

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from services.catalog.domain.search import MOST_WORDS, TypedWords
from services.catalog.queries.search import Query
from services.catalog.tables import ServiceWords
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform
from tests.statements import count_statements

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


ODD = [
    "½" * 148,
    "ﷺ" * 50,
    "ﷻ" * 200,
    "㌖" * 200,
    "㍿" * 200,
    "a" * 200,
    "å" * 200,
    "ß" * 200,
    "ﬃ" * 200,
    "a " * 100,
    "ä̈" * 100,
    "\U0001d482\U0001d483 " * 50,
    "e\u0301" * 100,
    "\u200d" * 200,
    "\u2800" * 200,
    "! & | ( ) : * < -> <-> \\ ' \"",
    "a:*", "a:D", "a <-> b", "'a' & 'b", "!neuvonta", "a\\'b", "%", "_", "%%__", "neuvonta%", "the of and", "\x00a\x00",
    "क् षि", "1\u20442", "1e5 -3 0x1F", "a-b/c@d.e", "http://a.example/b?c=d", "💥" * 200, "\ud7ff\ue000", "zq zqa",
]  # fmt: skip
"""What grows when it is folded, what has no words, and what means something to PostgreSQL."""


@pytest.mark.parametrize("path", ["/services", "/organizations"])
async def test_whatever_is_typed_is_answered(platform: Platform, path: str) -> None:
    town = await kuopio(platform)
    for query in ODD:
        answer = await town.client().get(path, params={"query": query})
        assert answer.status_code == 200, (query, answer.text)
    surrogate = await town.client().get(f"{path}?query=%ED%A0%80")
    assert surrogate.status_code == 200
    assert (await town.client().get(path, params={"query": "a" * 201})).status_code == 422


async def test_the_statements_are_the_same_however_many_words_there_are(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement that differs is compiled and prepared, and kept in memory, once more."""
    town = await kuopio(platform)
    given = count_statements(monkeypatch)

    async def statements(query: str, size: int) -> list[str]:
        given.clear()
        for path in ("/services", "/organizations"):
            assert (await town.client().get(path, params={"query": query, "size": str(size)})).status_code == 200
        return list(given)

    first = await statements("kuopio", 1)
    assert len(first) > 10
    many = [
        "k",
        "kuopio o",
        "the kuopio",
        "yliopisto",
        "½" * 148,
        " ".join("abcdefgh"),
        "a b c d e f g h i j k l m n o p",
    ]
    for number, query in enumerate(many, start=2):
        assert await statements(query, number) == first, query


async def test_the_first_eight_different_words_count(platform: Platform) -> None:
    """A sentence that is pasted finds what its beginning finds, and is no error."""
    town = await kuopio(platform)
    eight = "kuopio neuvonta yritys advice business for new entrepreneurs"
    assert len(set(eight.split())) == MOST_WORDS
    found = await town.slugs("/services", query=eight)
    assert await town.slugs("/services", query=f"{eight} avaruusmatka") == found
    assert await town.slugs("/services", query=f"{eight} kuopio") == found
    assert await town.slugs("/services", query="avaruusmatka") == []
    nine = TypedWords(f"{eight} ninth")
    assert {number for number, _ in nine.forms} == set(range(MOST_WORDS))
    assert not [form for _, form in nine.forms if form.endswith(":*")], "the eighth is a whole word then"


@pytest.mark.parametrize(
    ("typed", "forms"),
    [
        ("a", [(0, "a:*")]),
        ("Työllisyys a", [(0, "tyollisyys"), (0, "zqtyollisyys"), (1, "a:*")]),
        ("a b a", [(0, "a:*"), (1, "b")]),
        ("b" * 101 + " a", [(0, "b" * 100 + ":*"), (0, "zq" + "b" * 98 + ":*"), (1, "a:*")]),
        ("!", []),
    ],
)
def test_what_is_typed_becomes_operands(typed: str, forms: list[tuple[int, str]]) -> None:
    assert TypedWords(typed).forms == forms
