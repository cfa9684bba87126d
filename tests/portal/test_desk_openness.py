"""Room and closures beside the queues: an administrator of the desk's organisation says them, others see them."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest_asyncio

from tests.builders import Someone
from tests.platform import Platform
from tests.portal.forms_on import form_on
from tests.portal.seeded import Seeded, seeded_platform
from tests.portal.signed_in import portal_client
from tests.portal.test_referral_page import text_of


@pytest_asyncio.fixture
async def seeded(platform: Platform) -> AsyncIterator[Seeded]:
    """The seeded catalogue."""
    yield await seeded_platform(platform)


async def made_admin(seeded: Seeded) -> Someone:
    """The desk's member, made an administrator of the organisation too."""
    who = seeded.people["recipient"]
    operator = seeded.platform.client("catalog", seeded.people["platform"])
    member = await operator.get(f"/members/{who.id}")
    headers = {"If-Match": member.headers["ETag"]}
    answer = await operator.patch(f"/members/{who.id}", json={"roles": ["recipient", "admin"]}, headers=headers)
    assert answer.status_code == 200, answer.text
    await seeded.platform.settle()
    return replace(who, roles=("recipient", "admin"))


async def service(seeded: Seeded) -> httpx2.Response:
    return await seeded.platform.client("catalog").get(f"/services/{seeded.values['service_id']}")


async def test_who_is_no_administrator_sees_it_and_is_told_whom_to_ask(seeded: Seeded) -> None:
    async with portal_client(seeded.platform, seeded.people["recipient"]) as browser:
        page = await browser.get("/desk")
        own = (await service(seeded)).json()
        assert own["translations"]["en"]["name"] in text_of(page)
        assert "/desk/capacity/" not in page.text
        assert "administrator makes changes" in text_of(page)
        assert form_on(page, "/sign-out")["csrf_token"]
        refused = await browser.post(
            f"/desk/capacity/{own['id']}",
            data={
                "csrf_token": form_on(page, "/sign-out")["csrf_token"],
                "etag": f'"{own["version"]}"',
                f"capacity-{own['id']}": "no-capacity",
            },
        )
    assert refused.status_code == 403
    assert (await service(seeded)).json()["capacity"]["status"] == own["capacity"]["status"]


async def test_an_administrator_says_whether_there_is_room(seeded: Seeded) -> None:
    admin, service_id = await made_admin(seeded), seeded.values["service_id"]
    async with portal_client(seeded.platform, admin) as browser:
        action = f"/desk/capacity/{service_id}"
        fields = form_on(await browser.get("/desk?queue=mine"), action)
        wrong = await browser.post(action, data=fields | {f"available-{service_id}": ["many"]})
        assert wrong.status_code == 422
        assert f'id="available-{service_id}-error"' in wrong.text
        assert 'value="many"' in wrong.text
        full = {f"capacity-{service_id}": ["no-capacity"], f"available-{service_id}": ["0"]}
        answer = await browser.post(f"{action}?queue=mine", data=fields | full)
        assert answer.headers["Location"] == "/desk?queue=mine&openness=changed#openness"
        assert "one service is full" in text_of(await browser.get("/desk"))
        stale = await browser.post(action, data=fields | {f"capacity-{service_id}": ["waitlist"]})
        assert stale.status_code == 412
        assert form_on(stale, action)[f"capacity-{service_id}"] == ["waitlist"], "what was chosen is kept"
        assert form_on(stale, action)["etag"] != fields["etag"]
    capacity = (await service(seeded)).json()["capacity"]
    assert (capacity["status"], capacity["available"]) == ("no-capacity", 0)


async def test_an_administrator_says_when_it_is_closed_and_open_again(seeded: Seeded) -> None:
    admin = await made_admin(seeded)
    async with portal_client(seeded.platform, admin) as browser:
        fields = form_on(await browser.get("/desk"), "/desk/closures")
        wrong = await browser.post(
            "/desk/closures", data=fields | {"starts_on": ["2027-02-03"], "ends_on": ["2027-02-01"]}
        )
        assert wrong.status_code == 422
        assert 'value="2027-02-03"' in wrong.text
        for day in ("2027-02-01", "2027-07-01"):
            fresh = form_on(await browser.get("/desk"), "/desk/closures?")
            sent = fresh | {"starts_on": [day], "ends_on": [""], "note": ["training"]}
            assert (await browser.post("/desk/closures", data=sent)).status_code == 303
        page = await browser.get("/desk")
        assert text_of(page).count("training") == 2
        gone = form_on(page, "/desk/closures/remove")
        assert (await browser.post("/desk/closures/remove", data=gone)).status_code == 303
    organization = await seeded.platform.client("catalog").get(f"/organizations/{admin.organization_id}")
    left = [f"{each['starts_on']}/{each['ends_on']}" for each in organization.json()["closures"]]
    assert gone["gone"][0] not in left
    assert "2027-07-01/2027-07-01" in left
