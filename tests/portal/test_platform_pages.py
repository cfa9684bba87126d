"""Pages of the platform's administrators: organisations that come, change and go, and whether all is well."""

from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from services.portal.clients.api import Away
from services.portal.pages.platform.findings import findings, in_order
from services.portal.pages.state import PortalApp
from shared.consuming.service_watch import ServiceWatch
from shared.key_check import keys_look
from shared.services import dead_stream
from shared.web.health import Readiness, as_readiness
from tests.builders import Someone
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.platform import Platform
from tests.portal.filled_form import complaints, fields_of, fill_in, post
from tests.portal.signed_in import portal_client

ADMIN = "admin@luotsi.example"
NEW: dict[str, Any] = {"name__fi": "Ompeluseura", "description__fi": "Ompelee.", "organization_type": "association"}


@pytest.fixture
async def town(platform: Platform) -> Kuopio:
    found = await kuopio(platform)
    await platform.settle()
    return found


async def test_an_organisation_comes_and_gets_an_administrator(platform: Platform, town: Kuopio) -> None:
    async with portal_client(platform, town.people[ADMIN], "en") as browser:
        entered = await fill_in(browser, "/platform/new", **NEW)
        assert entered.status_code == 303, entered.text
        page = (await browser.get(entered.headers["Location"])).text
        assert "The organisation was entered. Invite an administrator for it next." in page
        path = entered.headers["Location"].partition("?")[0]
        assert f'href="{path}/members/new?role=admin"' in page
        invite = await fill_in(browser, f"{path}/members/new?role=admin", email="boss@ompelu.example")
        assert invite.status_code == 303
        listed = (await browser.get("/platform", params={"query": "ompeluseura"})).text
        assert path in listed
    members = (await town.admin.get("/members", params={"organization_id": path.rpartition("/")[2]})).json()
    assert [(each["email"], each["roles"]) for each in members["contents"]] == [("boss@ompelu.example", ["admin"])]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name__fi": ""}, "name.fi"),
        ({"description__fi": ""}, "description.fi"),
        ({"slug": "Iso Nimi"}, "slug"),
        ({"organization_type": "club"}, "organization_type"),
        ({"parent_organization_id": "01a22a29-0343-77a4-883c-7cfcd508f831"}, "parent_organization_id"),
        ({"email": "x"}, "email"),
        ({"website": "x"}, "website"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_what_is_wrong_with_an_organisation_is_said_beside_its_field(
    platform: Platform, town: Kuopio, typed: dict[str, Any], field: str
) -> None:
    async with portal_client(platform, town.people[ADMIN], "fi") as browser:
        answer = await fill_in(browser, "/platform/new", **{**NEW, **typed})
    assert answer.status_code == 422, answer.headers.get("Location")
    assert list(complaints(answer.text)) == [field]


async def test_an_organisation_leaves_and_comes_back(platform: Platform, town: Kuopio) -> None:
    organization = await town.read("/organizations/business-kuopio")
    path = f"/platform/organizations/{organization['id']}"
    async with portal_client(platform, town.people[ADMIN], "en") as browser:
        before = await browser.get(f"{path}/deactivate")
        fields = fields_of(before.text, f"{path}/deactivate")
        assert "The access of 1 member ends at once." in before.text
        stale = [(name, '"99"' if name == "etag" else value) for name, value in fields]
        assert (await post(browser, f"{path}/deactivate", stale)).status_code == 422
        left = await post(browser, f"{path}/deactivate", fields)
        assert left.headers["Location"] == "/platform?left=1&done=organization-left"
        assert organization["id"] in (await browser.get(left.headers["Location"])).text
        page = f"/organizations/{organization['id']}"
        back = await fill_in(browser, page, f"{path}/activate")
        assert back.headers["Location"] == f"{page}?done=organization-returned"
        own = town.people[ADMIN].organization_id
        forged = await fill_in(browser, f"{path}/deactivate", f"{path}/deactivate")
        assert forged.status_code == 303
        version = (await town.admin.get("/organizations/luotsi")).headers["ETag"]
        token = dict(fields)["csrf_token"]
        refused = await browser.post(
            f"/platform/organizations/{own}/deactivate", data={"csrf_token": token, "etag": version}
        )
        assert "The organisation that runs the platform stays active." in refused.text


async def test_type_and_parent_are_the_platforms_to_change(platform: Platform, town: Kuopio) -> None:
    organization = await town.read("/organizations/business-kuopio")
    path = f"/organizations/{organization['id']}/details"
    async with portal_client(platform, town.people[ADMIN], "en") as browser:
        assert (await fill_in(browser, path, organization_type="association", slug="bk")).status_code == 303
        taken = await fill_in(browser, path, slug="kuopio")
        assert taken.status_code == 422
    now = await town.read(f"/organizations/{organization['id']}")
    assert (now["organization_type"], now["slug"]) == ("association", "bk")


async def test_health_shows_what_each_service_says_and_what_to_do(platform: Platform, town: Kuopio) -> None:
    await platform.redis.xadd(dead_stream("catalog.events", "notifications"), {"reason": "none"})
    async with platform.owners["referral"].engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO parked (event_id, waits_for, payload, parked_at) VALUES "
                "(gen_random_uuid(), 'member:1', '{}', now() - interval '2 hours')"
            )
        )
    async with portal_client(platform, town.people[ADMIN], "en") as browser:
        page = (await browser.get("/platform/health")).text
    assert "Notifications: 1 events could not be dealt with (catalog.events)" in page
    assert '<code class="wraps">luotsi events dead list</code>' in page
    assert "Referrals: 1 events wait for a fact, the oldest for 12" in page  # minutes
    assert '<code class="wraps">luotsi rebuild --all</code>' in page
    for service in ("Catalogue", "Referrals", "Notifications", "Portal"):
        assert f">{service}</th>" in page
    assert "PostgreSQL " in page
    assert platform.apps["referral"].version in page


async def test_a_key_of_the_portal_that_opens_nothing_is_shown(
    platform: Platform, town: Kuopio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def opens_nothing(*_: object, **__: object) -> bool:
        return False

    state: PortalApp = platform.apps["portal"].state.luotsi
    watch = ServiceWatch(state.service, state.database, state.redis, [keys_look("portal", opens_nothing)])

    async def readiness() -> Readiness:
        return as_readiness(await watch.look())

    monkeypatch.setitem(platform.apps["portal"].state._state, "readiness", readiness)
    async with portal_client(platform, town.people[ADMIN], "en") as browser:
        page = (await browser.get("/platform/health")).text
    assert "Portal: the keys open nothing of what is sealed" in page


async def test_a_service_that_does_not_answer_is_what_is_found(
    platform: Platform, town: Kuopio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("away", request=request)

    state: PortalApp = platform.apps["portal"].state.luotsi
    monkeypatch.setitem(state._http, "referral", httpx2.AsyncClient(transport=httpx2.MockTransport(away)))
    async with portal_client(platform, town.people[ADMIN], "en") as browser:
        answer = await browser.get("/platform/health")
    assert answer.status_code == 200
    assert "Referrals does not answer" in answer.text
    assert '<code class="wraps">luotsi doctor</code>' in answer.text


def test_findings_are_in_an_order_of_need() -> None:
    stream = {"stream": "catalog.events", "missing": False, "lag": 2000, "dead_letters": 0, "consumers": 1}
    said = {
        "findings": [
            {"piece": "parked", "well": False, "what": None},
            {"piece": "stream", "well": False, "what": "catalog.events"},
            {"piece": "mail", "well": False, "what": None},
            {"piece": "outbox", "well": True, "what": None},
            {"piece": "seals", "well": False, "what": None},
            {"piece": "keys", "well": False, "what": None},
        ],
        "streams": [stream],
        "parked": {"number": 2, "oldest_seconds": 7200.0},
        "seals": {"number": 3, "oldest_seconds": 180_000.0},
        "mail": {"failing": 0, "given_up": 0, "due": 4},
    }
    found = in_order([*findings("referral", said), *findings("catalog", Away("catalog"))])
    assert [each.kind for each in found] == ["away", "keys", "behind", "mail", "seals", "parked"]
    assert [each.values for each in found[1:]] == [
        {},
        {"what": "catalog.events", "number": 2000},
        {"number": 4},
        {"number": 3, "minutes": 3000},
        {"number": 2, "minutes": 120},
    ]
    nobody = {**said, "streams": [{**stream, "consumers": 0, "dead_letters": 3}]}
    assert [each.kind for each in in_order(findings("referral", nobody))][:3] == ["keys", "unread", "dead"]


async def test_whoever_is_no_administrator_of_the_platform_sees_nothing_of_it(platform: Platform, town: Kuopio) -> None:
    boss: Someone = town.people[await town.enter_admin("business-kuopio")]
    await platform.settle()
    async with portal_client(platform, boss) as browser:
        for path in ("/platform", "/platform/new", "/platform/health"):
            assert (await browser.get(path)).status_code == 404
        assert "/platform" not in (await browser.get("/")).text
