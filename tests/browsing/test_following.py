"""A referral is followed in a browser: declined and sent on, written about, withdrawn; nothing is done twice."""

from collections.abc import Iterator
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import Page, expect

from tests.browser import Windows
from tests.journeys.running import ADVISER, DESK, Running
from tests.referring import CONSENT, JSON

pytestmark = pytest.mark.journey


class Side:
    """Somebody at the referral service over its API, for what a journey needs before it begins."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    def read(self, referral_id: str) -> JSON:
        """The referral as this side sees it."""
        found: JSON = self._http.get(f"/referrals/{referral_id}").raise_for_status().json()
        return found

    def refer(self, service_id: str) -> JSON:
        """A referral that was sent."""
        new = {
            "service_id": service_id,
            "client": {"language": "uk", "name": f"Kokeilu {uuid4().hex[:6]}"},
            "reason": "needs advice",
            "legal_basis": CONSENT,
        }
        answer = self._http.post("/referrals", json=new, headers={"Idempotency-Key": str(uuid4())})
        made: JSON = answer.raise_for_status().json()
        return made

    def give(self, command: str, referral_id: str, body: JSON | None = None) -> JSON:
        """A command on the present version."""
        headers = {"If-Match": f'"{self.read(referral_id)["version"]}"'}
        answer = self._http.post(f"/referrals/{referral_id}/{command}", json=body or {}, headers=headers)
        changed: JSON = answer.raise_for_status().json()
        return changed

    def messages(self, referral_id: str) -> list[str]:
        """What was written, oldest first."""
        found = self._http.get(f"/referrals/{referral_id}/messages").raise_for_status().json()["contents"]
        return [each["text"] for each in reversed(found)]


@pytest.fixture
def services(running_portal: Running) -> tuple[str, str]:
    """A service of the desk's, and one of somebody else's who could take the client."""
    return running_portal.service_of("business-kuopio"), running_portal.service_of("kompassi")


@pytest.fixture
def adviser(running_portal: Running) -> Iterator[Side]:
    with running_portal.client("referral", ADVISER) as client:
        yield Side(client)


@pytest.fixture
def desk(running_portal: Running) -> Iterator[Side]:
    with running_portal.client("referral", DESK) as client:
        yield Side(client)


async def press_twice(page: Page, selector: str) -> None:
    """A double click, as of somebody who is used to double clicks."""
    await page.locator(selector).dblclick()
    await page.wait_for_load_state()


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_declined_referral_is_sent_on_in_two_clicks(
    windows: Windows, adviser: Side, desk: Side, services: tuple[str, str], *, javascript: bool
) -> None:
    sent = adviser.refer(services[0])
    desk.give("decline", sent["id"], {"reason": {"code": "not_eligible"}, "suggested_service_id": services[1]})
    page = await windows.signed_in(ADVISER, javascript=javascript)
    await page.goto(f"/referrals/{sent['id']}")
    await page.locator("#step-send-suggested").click()
    await page.locator("#take").click()
    await page.wait_for_url("**/referrals/*?done=send-suggested")
    followed = adviser.read(sent["id"])["followed_by"]
    assert followed["id"] in page.url
    assert adviser.read(followed["id"])["service"]["id"] == services[1]
    assert adviser.read(sent["id"])["closed_at"] is not None


async def test_back_and_forward_send_nothing_again(
    windows: Windows, adviser: Side, desk: Side, services: tuple[str, str]
) -> None:
    sent = adviser.refer(services[0])
    page = await windows.signed_in(ADVISER)
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    await page.goto(f"/referrals/{sent['id']}")
    await page.locator("#text").fill("Is Tuesday all right?")
    await page.locator("#send-message").click()
    await expect(page.locator("#messages")).to_contain_text("Is Tuesday all right?")
    assert len(posted) == 1
    await page.go_back()
    await page.go_forward()
    await page.reload()
    await expect(page.locator("#messages")).to_contain_text("Is Tuesday all right?")
    assert len(posted) == 1
    assert desk.messages(sent["id"]) == ["Is Tuesday all right?"]


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_double_click_does_once(
    windows: Windows, adviser: Side, desk: Side, services: tuple[str, str], *, javascript: bool
) -> None:
    sent = adviser.refer(services[0])
    page = await windows.signed_in(ADVISER, javascript=javascript)
    await page.goto(f"/referrals/{sent['id']}")
    await page.locator("#text").fill("Once")
    await press_twice(page, "#send-message")
    await expect(page.locator("#messages")).to_contain_text("Once")
    assert desk.messages(sent["id"]) == ["Once"]
    desk.give("decline", sent["id"], {"reason": {"code": "no_capacity"}})
    await page.goto(f"/referrals/{sent['id']}")
    await press_twice(page, "#step-close")
    await expect(page.locator("#done")).to_be_visible()
    assert adviser.read(sent["id"])["closed_at"] is not None


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_consent_is_withdrawn_knowing_what_ends(
    windows: Windows, adviser: Side, desk: Side, services: tuple[str, str], *, javascript: bool
) -> None:
    sent = adviser.refer(services[0])
    desk.give("accept", sent["id"])
    page = await windows.signed_in(ADVISER, javascript=javascript)
    await page.goto(f"/referrals/{sent['id']}")
    await page.locator("#step-withdraw-consent").click()
    await expect(page.locator("#ends")).to_contain_text(sent["reference"])
    await expect(page.locator("#seen")).to_contain_text("Business Kuopio")
    await page.locator("#take").click()
    await expect(page.locator("#done")).to_be_visible()
    assert adviser.read(sent["id"])["status"] == "cancelled"
    assert desk.read(sent["id"])["client"] is None


async def test_what_changed_meanwhile_is_said_and_what_was_typed_stays(
    windows: Windows, adviser: Side, desk: Side, services: tuple[str, str]
) -> None:
    sent = adviser.refer(services[0])
    page = await windows.signed_in(ADVISER, width=320, height=640)
    await page.goto(f"/referrals/{sent['id']}/cancel")
    await page.locator("[id='reason.text']").fill("moved away")
    await page.locator("label[for='reason.code-5']").click()
    desk.give("accept", sent["id"])
    await page.locator("#take").click()
    await expect(page.locator("#problems")).to_be_focused()
    await expect(page.locator("#changes")).to_contain_text("Hyväksytty")
    await expect(page.locator("[id='reason.text']")).to_have_value("moved away")
    await page.locator("#take").click()
    await expect(page.locator("#done")).to_be_visible()
    assert adviser.read(sent["id"])["status"] == "cancelled"
