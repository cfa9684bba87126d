"""What the catalogue answers, held against the official JSON schemas of HSDS 3.1."""

import pytest

from services.catalog.domain.texts import LANGUAGES
from tests import hsds
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform

pytestmark = pytest.mark.skipif(not hsds.at_hand(), reason=f"no schemas of HSDS 3.1 in {hsds.FOLDER}")


async def test_every_seeded_service_and_organisation_fits(platform: Platform) -> None:
    town = await kuopio(platform)
    for language in LANGUAGES:
        for kind, path in (
            ("service", "/services?size=100"),
            ("service", "/services?size=100&full=false"),
            ("organization", "/organizations?size=100"),
        ):
            page = await town.read(path, **{"Accept-Language": language})
            assert page["contents"]
            for each in page["contents"]:
                assert hsds.faults(kind, each) == [], each["slug"]


async def test_the_schemas_say_no_to_what_does_not_fit(platform: Platform) -> None:
    town = await kuopio(platform)
    service = await town.read("/services/talent-matching")
    assert hsds.faults("service", service | {"status": "open"})
    [first, *rest] = service["attributes"]
    del first["taxonomy_term"]["description"]
    assert hsds.faults("service", service | {"attributes": [first, *rest]})
