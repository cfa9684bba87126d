"""Filters that combine, what further ones would leave, and why each service was found."""

from typing import Any

import pytest

from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.flows.test_catalog_details import DETAILS
from tests.platform import Platform


async def search(town: Kuopio, **params: str) -> Any:
    """What somebody who reads English finds."""
    answer = await town.client().get("/services", params=params, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def slugs(found: Any) -> list[str]:
    return [each["slug"] for each in found["contents"]]


async def test_a_hit_says_which_words_it_has_and_where(platform: Platform) -> None:
    town = await kuopio(platform)
    found = await search(town, query="volunteers avaruus yritysneuvonta")
    why = next(each["why"] for each in found["contents"] if each["slug"] == "business-advice")
    assert why["words"] == [{"word": "yritysneuvonta", "found": "yritysneuvonta", "language": "fi", "place": "name"}]
    assert why["missing"] == ["volunteers", "avaruus"]
    assert found["unknown"] == ["avaruus"]


@pytest.mark.parametrize(
    ("field", "text", "place"),
    [
        ("name", {"fi": "Zorbi"}, "name"),
        ("alternate_name", {"fi": "Zorbi"}, "name"),
        ("keywords", {"fi": ["zorbi"]}, "keywords"),
        ("description", {"fi": "Zorbi"}, "description"),
        ("eligibility_description", {"fi": "Zorbi"}, "description"),
    ],
)
async def test_every_place_is_named(platform: Platform, field: str, text: Any, place: str) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {field: text})
    [hit] = (await search(town, query="zorbi"))["contents"]
    assert [(word["found"], word["place"]) for word in hit["why"]["words"]] == [("zorbi", place)]


@pytest.mark.parametrize(
    ("slug", "place"),
    [("ngos", "organisation"), ("setlementti-puijola", "organisation"), ("uef", "about-organisation")],
)
async def test_names_and_texts_of_organisations_count_less(platform: Platform, slug: str, place: str) -> None:
    town = await kuopio(platform)
    field = "alternate_name" if place == "organisation" else "description"
    await town.change("PATCH", f"/organizations/{slug}", {field: {"fi": "Zorbi"}})
    found = await search(town, query="zorbi")
    assert found["contents"]
    assert {word["place"] for each in found["contents"] for word in each["why"]["words"]} == {place}


async def test_filters_that_do_not_fit_are_said_where_they_are_asked_for(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"languages": ["fi", "ar"]})
    both = await search(town, query="volunteers", language="ar")
    assert slugs(both) == ["volunteering"]
    [fact] = both["contents"][0]["why"]["facts"]
    assert fact == {"fact": "language", "wanted": "ar", "fits": True, "text": "serves in Arabic: yes"}
    asked = {"query": "volunteers", "language": "ar", "target_group": "families", "unfit": "true"}
    loose = await town.client().get("/services", params=asked, headers={"Accept-Language": "sv"})
    hits = {each["slug"]: each["why"]["facts"] for each in loose.json()["contents"]}
    assert {"volunteering", "integration-support-by-volunteers"} <= hits.keys()
    assert [(fact["fits"], fact["text"]) for fact in hits["volunteering"]] == [
        (True, "ger service på arabiska: ja"),
        (False, "avsedd för: familjer: nej"),
    ]


async def test_what_fits_comes_before_what_does_not(platform: Platform) -> None:
    town = await kuopio(platform)
    everything = slugs(await search(town, query="volunteers", size="100"))
    last = everything[-1]
    service = await town.read(f"/services/{last}")
    await town.change(
        "PATCH", f"/services/{last}", {"languages": [*(each["code"] for each in service["languages"]), "so"]}
    )
    asked = {"query": "volunteers", "language": "so", "unfit": "true", "size": "100"}
    loose = (await town.client().get("/services", params=asked)).json()
    assert set(slugs(loose)) >= set(everything[:3])
    assert slugs(loose)[0] == last


async def test_filters_combine_and_facets_say_what_each_would_leave(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"service_areas": [{"name": {"fi": "Siilinjärvi"}}]})
    client = town.client()
    answer = (await client.get("/services?size=100", headers={"Accept-Language": "en"})).json()
    facets = answer["facets"]
    assert set(facets) == {"language", "target_group", "area", "organization_type", "accepting"}
    for name, values in facets.items():
        for each in values:
            narrowed = (await client.get("/services", params={name: each["value"], "size": "100"})).json()
            assert narrowed["total_items"] == each["count"], (name, each)
    named = {each["value"]: each["name"] for each in facets["organization_type"]}
    assert named["higher-education"] == "higher education"
    assert {each["value"] for each in facets["area"]} == {"Kuopio", "Siilinjärvi"}
    # Beside one another: each facet counts as the others stand.
    one = (await client.get("/services?target_group=companies&size=100")).json()
    two = (await client.get("/services?target_group=companies&accepting=true&area=kuopio&size=100")).json()
    assert 0 < two["total_items"] < one["total_items"]
    groups = {each["value"]: each["count"] for each in two["facets"]["target_group"]}
    assert groups["companies"] == two["total_items"]
    assert len(groups) > 1, "the other groups that could be chosen instead"


async def test_facets_count_what_was_searched_for(platform: Platform) -> None:
    town = await kuopio(platform)
    found = await search(town, query="savonia")
    assert found["facets"]["organization_type"] == [
        {"value": "higher-education", "name": "higher education", "count": found["total_items"]}
    ]
    nothing = await search(town, query="xylophone")
    assert not any(nothing["facets"].values())


async def test_without_a_text_and_filters_there_is_no_why(platform: Platform) -> None:
    town = await kuopio(platform)
    found = await town.read("/services?size=2")
    assert not any("why" in each for each in found["contents"])
    assert (found["showing"], found["unknown"]) == ([], [])


async def test_a_short_list_says_the_same_of_each_and_less(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", DETAILS)
    asked = {"query": "neuvonta", "language": "ar", "unfit": "true", "size": "100"}
    for params in (asked, {"size": "100"}):
        whole = await town.client().get("/services", params=params, headers={"Accept-Language": "sv"})
        short = await town.client().get(
            "/services", params=params | {"full": "false"}, headers={"Accept-Language": "sv"}
        )
        assert short.headers["Content-Language"] == whole.headers["Content-Language"]
        found, listed = whole.json(), short.json()
        assert {**found, "contents": []} == {**listed, "contents": []}
        pairs = list(zip(found["contents"], listed["contents"], strict=True))
        assert [each | less for each, less in pairs] == found["contents"]
        left = {name for each, less in pairs for name in each.keys() - less}
        assert left >= {"phones", "service_at_locations", "attributes", "translations", "keywords"}
        assert left.isdisjoint({"why", "facts", "alternate_name", "capacity"})
