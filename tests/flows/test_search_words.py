"""What advisers type and the catalogue has otherwise: halves of longer words, irregular forms, ways of asking."""

import pytest

from services.catalog.domain.irregular_forms import IRREGULAR_FORMS
from services.catalog.domain.search import words_of
from services.catalog.domain.stop_words import STOP_WORDS
from shared.values.folding import fold
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform


def test_an_irregular_form_is_its_word_in_finnish_and_where_the_language_is_not_known() -> None:
    for form, word in IRREGULAR_FORMS.items():
        assert form == fold(form)
        assert not {form, word} & STOP_WORDS
        assert word not in IRREGULAR_FORMS
    for language, folded in ((None, "tyo"), ("fi", "tyo"), ("sv", "toita"), ("en", "toita")):
        [found] = words_of("Töitä", language)
        assert (found.folded, found.written) == (folded, "töitä")
    assert words_of("toista")[0].folded == "toista", "another, and seldom out of work"


async def test_halves_that_stand_in_longer_words_alone_are_put_together_sooner_than_nothing(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"description": {"fi": "Zorbipuhe, ja muovikurssi."}})
    assert await town.slugs("/services", query="zorbikurssi") == ["volunteering"]
    assert (await town.slugs("/services", query="rahavaikeudet"))[0] == "support-in-life-changes"
    assert await town.slugs("/services", query="zorbikurssi", exactly="true") == []
    await town.change("PATCH", "/services/volunteering", {"description": {"fi": "Zorbipuhe."}})
    assert await town.slugs("/services", query="zorbikurssi") == [], "both parts must be there"


@pytest.mark.parametrize(
    ("typed", "word"), [("töitä", "työ"), ("Töihin", "työ"), ("lapset", "lapsi"), ("velat", "velka"), ("luvat", "lupa")]
)
async def test_a_short_word_finds_and_is_found_in_forms_that_share_no_stem(
    platform: Platform, typed: str, word: str
) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"keywords": {"fi": [word]}})
    await town.change("PATCH", "/services/business-advice", {"keywords": {"fi": [typed]}})
    found = await town.slugs("/services", query=typed)
    assert {"volunteering", "business-advice"} <= set(found)
    assert found == await town.slugs("/services", query=word)


@pytest.mark.parametrize(
    "query", ["asiakkaalle vapaaehtoistyö", "etsii vapaaehtoistyötä", "find volunteering", "klienten volontär"]
)
async def test_that_an_adviser_seeks_something_for_a_client_is_not_looked_for(platform: Platform, query: str) -> None:
    town = await kuopio(platform)
    [worth] = [each for each in query.split() if each.startswith("v")]
    assert await town.slugs("/services", query=query) == await town.slugs("/services", query=worth)
