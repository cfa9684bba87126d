"""Lists that are sorted by name: in the order of the Finnish alphabet, page by page, and after a change as well."""

import pytest
from sqlalchemy import text

from tests.builders import small_town
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.platform import Platform
from tests.referring import CONSENT, at_work, new_referral

IN_ORDER = [
    "Aalto",
    "Édition",
    "Eesti",
    "Lehto",
    "Łódź",
    "Luoto 2",
    "Luoto 10",
    "Vaara",
    "Waara",
    "Über",
    "Yli",
    "Zeta",
]
IN_ORDER += ["Åbo", "Ägäis", "Öljymäki", "Øst", "Москва"]


async def enter_all(town: Kuopio, field: str = "fi") -> None:
    """Enter an organisation, and a service of it, by each name, the last one first."""
    for number, name in enumerate(reversed(IN_ORDER)):
        new = {"slug": f"x-{number}", "name": {field: name}, "description": "x"}
        entered = await town.admin.post("/organizations", json=new)
        assert entered.status_code == 201, entered.text
        service = {**new, "organization_id": entered.json()["id"]}
        assert (await town.admin.post("/services", json=service)).status_code == 201


async def names(town: Kuopio, path: str, language: str = "fi", size: int = 7) -> list[str]:
    """The names in a list, page after page."""
    found: list[str] = []
    last = False
    while not last:
        params = {"page": str(len(found) // size + 1), "size": str(size)}
        page = (await town.client().get(path, params=params, headers={"Accept-Language": language})).json()
        found += [each["name"] for each in page["contents"]]
        last = page["last_page"]
    return found


@pytest.mark.parametrize("path", ["/organizations", "/services"])
async def test_names_are_listed_in_the_order_of_the_finnish_alphabet(platform: Platform, path: str) -> None:
    town = await kuopio(platform)
    await enter_all(town)
    for language in ("fi", "sv", "en"):  # in which they have no other name
        listed = await names(town, path, language)
        assert len(set(listed)) == len(listed)
        assert [name for name in listed if name in IN_ORDER] == IN_ORDER


@pytest.mark.parametrize("path", ["/organizations", "/services"])
async def test_a_name_is_sorted_in_the_language_it_is_shown_in_and_anew_when_it_changes(
    platform: Platform, path: str
) -> None:
    town = await kuopio(platform)
    await enter_all(town)
    changed = await town.change("PATCH", f"{path}/x-0", {"name": {"fi": "Äaa", "sv": "Aaa"}})
    assert changed.status_code == 200
    finnish, swedish = [await names(town, path, language) for language in ("fi", "sv")]
    assert finnish[finnish.index("Äaa") + 1] == "Ägäis"
    assert swedish[swedish.index("Aaa") + 1] == "Aalto"
    assert (await town.change("PATCH", f"{path}/x-0", {"name": {"sv": None}})).status_code == 200
    assert "Äaa" in (listed := await names(town, path, "sv"))
    assert listed[listed.index("Äaa") + 1] == "Ägäis"


async def test_members_are_listed_by_address_in_one_order_on_every_server(platform: Platform) -> None:
    town = await kuopio(platform)
    boss = await town.enter_admin("uef", email="M@uef.example")
    for address in ("b-a@uef.example", "ba@uef.example", "b_a@uef.example", "B.a@uef.example", "z@uef.example"):
        assert (
            await town.client(boss).post("/members", json={"email": address, "roles": ["adviser"]})
        ).status_code == 201
    listed = (await town.client(boss).get("/members")).json()["contents"]
    addresses = [each["email"].lower() for each in listed]
    assert addresses == sorted(addresses)


async def test_overview_and_report_name_organisations_in_order(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, coordinator = at_work(platform, town.adviser), at_work(platform, town.coordinator)
    wanted = ["åbo-center", "ägg-center", "öl-center"]
    for slug in ("öl-center", "åbo-center", "ägg-center"):
        organization = await town.facts.organization(slug)
        await town.facts.member("desk@center.example", organization, "recipient")
        service = await town.facts.service(f"{slug}-service", organization)
        await platform.settle()
        for _ in range(5):
            new = new_referral(town, service_id=str(service), legal_basis=CONSENT)
            assert (await adviser.refer(new)).status_code == 201
    shown = [f"{slug.replace('-', ' ')} (fi)" for slug in wanted]
    rows = (await coordinator.client.get("/overview")).json()["contents"]
    assert [row["organization"]["name"]["fi"] for row in rows] == shown
    report = (await coordinator.client.get("/report", params={"by": "organization"})).json()["contents"]
    assert [row["organization"]["name"]["fi"] for row in report] == shown


async def test_each_name_has_its_keys(platform: Platform) -> None:
    town = await kuopio(platform)
    await enter_all(town, "sv")
    for table in ("organizations", "services"):
        lacking = f"SELECT count(*) FROM {table} WHERE NOT sort_keys ?& ARRAY['fi', 'sv', 'en']"
        async with platform.databases["catalog"].transaction() as tx:
            assert (await tx.execute(text(lacking))).scalar_one() == 0
