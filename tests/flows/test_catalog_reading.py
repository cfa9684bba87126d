"""What the public reads: HSDS fields, pages, languages, former names, and whether a service accepts referrals."""

from datetime import UTC, datetime, timedelta
from itertools import product

import httpx2
import pytest
from sqlalchemy import text

from services.catalog.domain.services import CAPACITY_STATUSES, SERVICE_STATUSES
from services.catalog.main import create_app
from shared.clock import day_in_kuopio
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform


async def test_reading_takes_no_token_and_no_token_spoils_it(platform: Platform) -> None:
    town = await kuopio(platform)
    for path in ("/organizations", "/organizations/uef", "/services", "/services/talent-matching"):
        assert (await town.client().get(path)).status_code == 200
        assert (await town.client(Authorization="Bearer nonsense").get(path)).status_code == 200


async def test_a_list_is_a_page_as_hsds_has_it(platform: Platform) -> None:
    town = await kuopio(platform)
    everything = await town.read("/organizations?size=100")
    assert everything["total_items"] == len(everything["contents"]) == 19
    first = await town.read("/organizations?size=7")
    assert {key: value for key, value in first.items() if key != "contents"} == {
        "total_items": 19,
        "total_pages": 3,
        "page_number": 1,
        "size": 7,
        "first_page": True,
        "last_page": False,
        "empty": False,
    }
    last = await town.read("/organizations?size=7&page=3")
    assert (last["first_page"], last["last_page"], last["size"]) == (False, True, 5)
    beyond = await town.read("/organizations?size=7&page=4")
    assert (beyond["empty"], beyond["contents"], beyond["last_page"]) == (True, [], True)


async def test_pages_hold_each_row_once_in_the_order_of_names(platform: Platform) -> None:
    town = await kuopio(platform)
    names = []
    for page in range(1, 8):
        contents = (await town.read(f"/services?size=4&page={page}", **{"Accept-Language": "sv"}))["contents"]
        names += [each["name"] for each in contents]
    assert len(names) == len(set(names)) == 25
    assert names == sorted(names, key=str.lower)


@pytest.mark.parametrize("query", ["page=0", "size=0", "size=101", "page=x", "page=99999999999999999999"])
async def test_a_page_that_cannot_be_is_a_problem(platform: Platform, query: str) -> None:
    answer = await platform.client("catalog").get(f"/services?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"].startswith("query.")


async def test_an_organisation_has_the_fields_of_hsds_and_a_slug(platform: Platform) -> None:
    town = await kuopio(platform)
    kompassi = await town.read("/organizations/kompassi")
    assert {"id", "name", "description", "slug"} <= kompassi.keys()
    puijola = await town.read(f"/organizations/{kompassi['parent_organization_id']}")
    assert puijola["slug"] == "setlementti-puijola"
    assert [place["city"] for place in kompassi["locations"]] == ["Kuopio"]
    assert kompassi["locations"][0]["addresses"] == []
    assert "email" not in kompassi
    assert kompassi["organization_type"] == "meeting-place"


async def test_a_service_has_the_fields_of_hsds_and_a_slug(platform: Platform) -> None:
    town = await kuopio(platform)
    service = await town.read("/services/talent-matching", **{"Accept-Language": "en"})
    assert service["organization"]["slug"] == "north-savo-talent-hub"
    assert service["organization_id"] == service["organization"]["id"]
    assert [(each["code"], each["name"]) for each in service["languages"]] == [("fi", "Finnish"), ("en", "English")]
    assert service["attributes"][0]["taxonomy_term"]["name"] == "international talent"
    assert service["target_groups"] == ["international-talent", "jobseekers", "newcomers"]
    assert service["status"] == "active"
    assert service["capacity"]["status"] == "capacity"
    assert service["capacities"] == []
    assert service["accepting"] is True
    by_id = await town.read(f"/services/{service['id']}", **{"Accept-Language": "en"})
    assert by_id == service


@pytest.mark.parametrize(
    ("asked", "language", "name"),
    [
        (None, "fi", "Kuopion kaupunki"),
        ("sv-FI, fi;q=0.8", "sv", "Kuopio stad"),
        ("en-US,en;q=0.9", "en", "City of Kuopio"),
        ("de", "fi", "Kuopion kaupunki"),
    ],
)
async def test_texts_come_in_the_language_asked_for(
    platform: Platform, asked: str | None, language: str, name: str
) -> None:
    town = await kuopio(platform)
    headers = {"Accept-Language": asked} if asked else {}
    answer = await town.client(**headers).get("/organizations/kuopio")
    assert answer.json()["name"] == name
    assert answer.headers["Content-Language"] == language
    assert answer.headers["Vary"] == "Accept-Language, Authorization"
    assert {tongue: texts["name"] for tongue, texts in answer.json()["translations"].items()} == {
        "fi": "Kuopion kaupunki",
        "sv": "Kuopio stad",
        "en": "City of Kuopio",
    }


async def test_the_successor_is_found_under_the_former_name_and_slug(platform: Platform) -> None:
    town = await kuopio(platform)
    successor = await town.read("/organizations/pohjois-savon-ely")
    assert successor["slug"] == "ita-suomen-elinvoimakeskus"
    [alias] = successor["aliases"]
    assert (alias["name"], alias["valid_until"]) == ("Pohjois-Savon ELY-keskus", "2025-12-31")
    assert await town.slugs("/organizations", query="ELY-keskus") == ["ita-suomen-elinvoimakeskus"]


@pytest.mark.parametrize(
    "path",
    [
        "/organizations/nowhere",
        "/organizations/01a20000-0000-7000-8000-000000000000",
        "/organizations/No%20Such",
        "/organizations/%00",
        "/services/nowhere",
        "/services/01a20000-0000-7000-8000-000000000000",
        "/services/%27%3B--",
        f"/organizations/{'a' * 101}",
        f"/services/{'a' * 5000}",
    ],
)
async def test_what_is_not_there_is_a_404_problem(platform: Platform, path: str) -> None:
    answer = await platform.client("catalog").get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:luotsi:problem:not-found"


async def test_the_etag_is_the_version(platform: Platform) -> None:
    town = await kuopio(platform)
    for path in ("/organizations/uef", "/services/talent-matching"):
        answer = await town.client().get(path)
        assert answer.headers["ETag"].startswith('"1-')
        assert answer.json()["version"] == 1


async def test_an_organisation_without_a_desk_does_not_accept(platform: Platform) -> None:
    town = await kuopio(platform)
    service = await town.read("/services/research-openings-at-kys")
    assert (service["accepting"], service["not_accepting_because"]) == (False, ["no_desk"])
    desk = town.people["desk@uef.example"]
    assert "international-student-services-at-uef" in await town.slugs("/services", accepting="true")
    await town.change("PATCH", f"/members/{desk.id}", {"active": False})
    assert "international-student-services-at-uef" in await town.slugs("/services", accepting="false")


async def test_the_filter_and_what_is_shown_agree_in_every_situation(platform: Platform) -> None:
    """The database filters by the same rule that `accepting` is shown by."""
    town = await kuopio(platform)
    uef = (await town.read("/organizations/uef"))["id"]
    services = sorted(await town.slugs("/services", size="100"))
    situations = dict(zip(services, product(SERVICE_STATUSES, CAPACITY_STATUSES), strict=False))
    for slug, (status, capacity) in situations.items():
        change = "UPDATE services SET organization_id = :uef, status = :status, capacity = :capacity WHERE slug = :slug"
        told = {"uef": uef, "status": status, "capacity": capacity, "slug": slug}
        await platform.scalar("catalog", f"{change} RETURNING 1", **told)
    for active, closed, desk in product((True, False), repeat=3):
        await bring_about(platform, active=active, closed=closed, desk=desk)
        found = {
            (status, wanted): await town.slugs(
                "/services", status=status, accepting=wanted, organization_id=uef, size="100"
            )
            for status in SERVICE_STATUSES
            for wanted in ("true", "false")
        }
        for slug, (status, capacity) in situations.items():
            expected = active and not closed and desk and status == "active" and capacity != "no-capacity"
            assert (await town.read(f"/services/{slug}"))["accepting"] is expected
            assert (slug in found[status, "true"]) is expected
            assert (slug in found[status, "false"]) is (active and not expected)


async def bring_about(platform: Platform, *, active: bool, closed: bool, desk: bool) -> None:
    """Make every organisation active, closed today and reachable, or not."""
    async with platform.databases["catalog"].transaction() as tx:
        await tx.execute(text("UPDATE organizations SET active = :it"), {"it": active})
        await tx.execute(text("UPDATE members SET active = :it"), {"it": desk})
        await tx.execute(text("DELETE FROM closures"))
        if closed:
            add = "INSERT INTO closures SELECT gen_random_uuid(), id, :day, :day, '{}' FROM organizations"
            await tx.execute(text(add), {"day": day_in_kuopio(datetime.now(UTC))})


async def test_closed_means_closed_on_the_day_in_finland(platform: Platform) -> None:
    town = await kuopio(platform)
    closure = {
        "closures": [{"starts_on": "2031-12-24", "ends_on": "2031-12-26", "note": {"fi": "Joulu", "en": "Christmas"}}]
    }
    assert (await town.change("PUT", "/organizations/business-kuopio/closures", closure)).status_code == 200
    moment = datetime(2031, 12, 23, 21, 59, tzinfo=UTC)
    app = create_app(platform.settings["catalog"], clock=lambda: moment)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://catalog") as client:
        assert (await client.get("/services/business-advice")).json()["accepting"] is True
        moment += timedelta(minutes=1)
        shut = (await client.get("/services/business-advice")).json()
        assert (shut["accepting"], shut["not_accepting_because"]) == (False, ["closed_today"])
        organization = (await client.get("/organizations/business-kuopio", headers={"Accept-Language": "en"})).json()
        assert (organization["closed_today"], organization["closures"][0]["note"]) == (True, "Christmas")
        moment = datetime(2031, 12, 26, 22, 0, tzinfo=UTC)
        assert (await client.get("/services/business-advice")).json()["accepting"] is True
    await app.state.luotsi.close()


async def test_services_of_what_is_inactive_are_not_listed_unless_asked_for(platform: Platform) -> None:
    town = await kuopio(platform)
    await town.change("PATCH", "/services/volunteering", {"status": "inactive"})
    await town.change("PATCH", "/services/talent-matching", {"status": "temporarily closed"})
    await town.change("PATCH", "/organizations/uef", {"active": False})
    listed = await town.slugs("/services", size="100")
    assert "volunteering" not in listed
    assert "international-student-services-at-uef" not in listed
    assert "talent-matching" in listed
    assert await town.slugs("/services", status="inactive") == ["volunteering"]
    for asked in ({"status": "active"}, {"status": "active", "accepting": "false"}, {"accepting": "false"}):
        assert "international-student-services-at-uef" not in await town.slugs("/services", size="100", **asked)
    assert "uef" not in await town.slugs("/organizations", size="100")
    assert (await town.read("/organizations/uef"))["active"] is False


async def test_openapi_says_which_routes_take_a_token_and_that_errors_are_problems(platform: Platform) -> None:
    document = (await platform.client("catalog").get("/openapi.json")).json()
    public = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation["security"] == []
    }
    assert public == {
        "GET /livez",
        "GET /readyz",
        "GET /metrics",
        "GET /organizations",
        "GET /organizations/{id}",
        "GET /services",
        "GET /services/{id}",
    }
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            if "requestBody" in operation:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                assert reference.rsplit("/", 1)[-1] in document["components"]["schemas"]
