"""Search by text and filters, on the seeded catalogue and on words of a test's own."""

import asyncio

import pytest

from services.catalog.domain.search import MOST_WORDS, typed_words
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
    "xylophone": None,
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


async def test_words_are_optional_and_what_has_all_of_them_comes_first(platform: Platform) -> None:
    town = await kuopio(platform)
    assert (await town.slugs("/services", query="yritysneuvonta avaruusmatka"))[0] == "business-advice"
    both = {"name": {"fi": "Avaruus"}, "alternate_name": {"fi": "Zorbi"}}
    await town.change("PATCH", "/services/volunteering", {"description": {"fi": "Avaruus ja zorbi."}})
    await town.change("PATCH", "/services/business-advice", both)
    await town.change("PATCH", "/services/talent-matching", {"name": {"fi": "Avaruus avaruus"}})
    assert await town.slugs("/services", query="zorbi avaruus") == [
        "business-advice",  # both in its name
        "volunteering",  # both
        "talent-matching",  # one, though in its name
    ]


async def test_the_rarer_word_counts_more(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"description": {"fi": "Zorbi."}})
    for slug in ("business-advice", "talent-matching", "settlement-activities"):
        await town.change("PATCH", f"/services/{slug}", {"description": {"fi": "Avaruus."}})
    assert (await town.slugs("/services", query="avaruus zorbi"))[0] == "volunteering"


async def test_the_asker_s_language_comes_first_and_the_others_are_searched(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"description": {"fi": "Zorbi."}})
    await town.change("PATCH", "/services/business-advice", {"description": {"en": "Zorbi."}})
    for language, first in (("fi", "volunteering"), ("en", "business-advice")):
        answer = await town.client().get("/services?query=zorbi", headers={"Accept-Language": language})
        assert answer.json()["contents"][0]["slug"] == first
        assert answer.json()["total_items"] == 2


async def test_stop_words_are_not_looked_for_unless_there_is_nothing_else(platform: Platform) -> None:
    town = await kuopio(platform)
    assert await town.slugs("/services", query="and with the volunteering och ja") == await town.slugs(
        "/services", query="volunteering"
    )
    await town.change("PATCH", "/services/volunteering", {"alternate_name": {"en": "To and from"}})
    assert (await town.slugs("/services", query="to and from"))[0] == "volunteering"


@pytest.mark.parametrize(("typed", "meant"), [("volonteering", "volunteering"), ("yritysnuevonta", "yritysneuvonta")])
async def test_an_unknown_word_shows_what_resembles_it_and_the_way_back(
    platform: Platform, typed: str, meant: str
) -> None:
    town = await kuopio(platform)
    found = await town.read(f"/services?query={typed}")
    assert found["showing"] == [{"for": meant, "instead_of": typed}]
    assert found["contents"][0]["slug"] == (await town.slugs("/services", query=meant))[0]
    exactly = await town.read(f"/services?query={typed}&exactly=true")
    assert (exactly["contents"], exactly["showing"], exactly["unknown"]) == ([], [], [typed])
    assert (await town.read(f"/services?query={meant}"))["showing"] == []


@pytest.mark.parametrize(
    "query", ["hammaslääkäri", "tandläkare", "eläinlääkäri", "ajokortti", "parturi", "poliisi", "mentor"]
)
async def test_what_merely_resembles_is_not_shown(platform: Platform, query: str) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"keywords": {"fi": ["lääkäri"], "sv": ["läkare"]}})
    found = await town.read(f"/services?query={query}")
    assert (found["contents"], found["showing"], found["unknown"]) == ([], [], [query])


async def test_an_organisation_is_found_by_a_misspelt_name(platform: Platform) -> None:
    town = await kuopio(platform)
    found = await town.read("/organizations?query=Savvonia")
    assert [each["slug"] for each in found["contents"]] == ["savonia"]
    assert found["showing"] == [{"for": "savonia", "instead_of": "savvonia"}]
    assert (await town.read("/organizations?query=Savvonia&exactly=true"))["contents"] == []


async def test_a_keyword_of_two_parts_is_found_by_the_word_put_together(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"description": {"fi": "Zorbi ja kurssi."}})
    assert await town.slugs("/services", query="zorbikurssille") == ["volunteering"]
    await town.change("PATCH", "/services/volunteering", {"description": {"fi": "Zorbi."}})
    assert await town.slugs("/services", query="zorbikurssille") == [], "both parts must be there"


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
    assert (await town.slugs("/organizations", query="business kuopio"))[0] == "business-kuopio"
    for query in ("business kuopio", "uusyrityskeskus"):
        assert "business-advice" in await town.slugs("/services", query=query)


async def test_what_was_changed_is_found_by_its_new_words_only(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"description": {"en": "Zorbi."}})
    assert await town.slugs("/services", query="zorbi") == ["volunteering"]
    text_now = {"eligibility_description": {"fi": "Talkooväelle"}, "description": {"en": "Join in."}}
    await town.change("PATCH", "/services/volunteering", {**text_now, "target_groups": ["families"]})
    assert await town.slugs("/services", query="talkoovaelle") == ["volunteering"]
    assert await town.slugs("/services", query="zorbi") == []
    assert await town.slugs("/services", query="zorbii") == [], "nor is a word shown that nobody has any more"
    assert "volunteering" not in await town.slugs("/services", query="residents")


async def test_a_renamed_parent_is_what_services_below_it_are_found_by(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/organizations/setlementti-puijola", {"alternate_name": {"fi": "Zorbila"}})
    assert "counselling-at-kompassi" in await town.slugs("/services", query="zorbila")


async def test_words_are_counted_as_they_are_whatever_changed(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"name": {"fi": "Zorbi"}, "keywords": {"fi": ["avaruus"]}})
    await town.change("PATCH", "/organizations/ngos", {"name": {"fi": "Zorbi ry"}})
    await town.change("PATCH", "/services/volunteering", {"name": {"fi": "Talkoot"}, "keywords": None})
    wrong = (
        "SELECT count(*) FROM search_words AS w WHERE (services, organizations) <> ("
        "(SELECT count(*) FROM service_search_words WHERE word_id = w.id), "
        "(SELECT count(*) FROM organization_search_words WHERE word_id = w.id)) OR services + organizations = 0"
    )
    assert await platform.scalar("catalog", wrong) == 0
    everything = "SELECT services FROM search_words WHERE word LIKE '*%'"
    assert await platform.scalar("catalog", everything) == await platform.scalar(
        "catalog", "SELECT count(*) FROM services"
    )


async def test_changes_at_the_same_time_count_right(platform: Platform) -> None:
    town = await kuopio(platform)
    slugs = ("volunteering", "business-advice", "talent-matching", "settlement-activities", "employment-guidance")
    changes = [town.change("PATCH", f"/services/{slug}", {"alternate_name": {"fi": "Zorbi"}}) for slug in slugs]
    assert [answer.status_code for answer in await asyncio.gather(*changes)] == [200] * len(slugs)
    assert sorted(await town.slugs("/services", query="zorbi")) == sorted(slugs)
    assert await platform.scalar("catalog", "SELECT services FROM search_words WHERE word = 'zorbi'") == len(slugs)


async def test_a_language_without_a_stemmer_is_found_as_it_is_written(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"alternate_name": {"fi": "Волонтёр مركز"}})
    assert await town.slugs("/services", query="ВОЛОНТЕР") == ["volunteering"]
    assert await town.slugs("/services", query="مركز") == ["volunteering"]


async def test_filters_narrow_together(platform: Platform) -> None:
    town = await kuopio(platform)
    business = (await town.read("/organizations/business-kuopio"))["id"]
    assert len(await town.slugs("/services", organization_id=business)) == 3
    found = await town.slugs("/services", organization_id=business, target_group="companies", query="markkina")
    assert found[0] == "internationalisation-of-companies"
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
    eight = "kuopio neuvonta yritys advice business starting new entrepreneurs"
    found = await town.slugs("/services", query=eight)
    assert await town.slugs("/services", query=f"{eight} volunteering") == found
    assert await town.slugs("/services", query=f"{eight} kuopio") == found
    assert len(typed_words(f"{eight} volunteering")) == MOST_WORDS


@pytest.mark.parametrize(
    ("typed", "looked_for"),
    [
        ("a", ["a"]),
        ("Työllisyys a", ["tyollisyys"]),
        ("neuvonta neuvonta ja Neuvonta", ["neuvonta"]),
        ("the of and", ["the", "of", "and"]),
        ("IT student", ["it", "student"]),
        ("it student", ["student"]),
        ("Savonia\u2019s", ["savonias"]),
        ("!", []),
        ("", []),
    ],
)
def test_what_is_typed_becomes_words(typed: str, looked_for: list[str]) -> None:
    assert [word.folded for word in typed_words(typed)] == looked_for
