"""An organisation's own figures and how notices to it went, in the portal."""

import httpx2
import pytest
from sqlalchemy import text

from services.portal.pages.state import PortalApp
from tests.platform import Platform
from tests.portal.seeded import Seeded, seeded_platform
from tests.portal.signed_in import portal_client

GIVEN_UP = """
UPDATE deliveries SET status = 'exhausted', next_attempt_at = NULL, attempts = 12,
    last_error = '550 <b>no such user</b>'
WHERE id = (SELECT d.id FROM deliveries d JOIN notices n ON n.id = d.notice_id
            WHERE d.channel = 'email' AND n.recipient_member_id = :member AND n.referral_id IS NOT NULL
            ORDER BY d.id LIMIT 1)
"""


@pytest.fixture
async def seeded(platform: Platform) -> Seeded:
    return await seeded_platform(platform)


async def test_figures_are_shown_as_a_picture_a_table_and_a_file(platform: Platform, seeded: Seeded) -> None:
    boss = seeded.people["admin"]
    path = f"/organizations/{boss.organization_id}/figures"
    async with portal_client(platform, boss, "fi") as browser:
        page = (await browser.get(path)).text
        assert "Saapuneet ohjaukset" in page
        assert '<svg viewBox="0 0 100 10"' in page
        assert f'href="{path}/report.csv?box=received&amp;by=service"' in page
        file = await browser.get(f"{path}/report.csv?box=received&by=service")
        assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert file.headers["Content-Disposition"] == 'attachment; filename="report.csv"'
        headings, *_, total = file.text.splitlines()
        assert "Organisaatio (tunniste);Organisaatio (suomeksi);" in headings
        assert "_" not in headings, "each in words"
        assert ";yhteensä;" in total
        none = (await browser.get(f"{path}?box=sent&by=language")).text
        assert "Lukuja ei ole vielä" in none
        wrong = await browser.get(f"{path}?from=2027-01-01&to=2026-01-01")
        assert wrong.status_code == 422
        assert 'id="to-error"' in wrong.text
        assert (await browser.get(f"{path}?box=x&by=y&from=%22%3Cscript%3E")).status_code in (200, 422)


async def test_notices_that_did_not_arrive_come_first_with_the_reason(platform: Platform, seeded: Seeded) -> None:
    boss, desk = seeded.people["admin"], seeded.people["recipient"]
    path = f"/organizations/{boss.organization_id}/deliveries"
    async with portal_client(platform, boss, "fi") as browser:
        assert "Kaikki ilmoitukset ovat perillä" in (await browser.get(path)).text
        async with platform.owners["notifications"].engine.begin() as connection:
            changed = await connection.execute(text(GIVEN_UP), {"member": desk.id})
            assert changed.rowcount == 1
        page = (await browser.get(path)).text
        assert "Ei mennyt perille" in page
        assert "550 &lt;b&gt;no such user&lt;/b&gt;" in page
        assert desk.email in page
        everything = (await browser.get(f"{path}?show=all")).text
        assert everything.count('data-label="Kanava"') > page.count('data-label="Kanava"') == 1
        assert (await browser.get(f"{path}?after=x")).status_code == 404
    found = await platform.client("notifications", desk).get("/deliveries", params={"status": "exhausted"})
    assert {each["status"] for each in found.json()["contents"]} == {"exhausted"}
    assert (await platform.client("notifications", desk).get("/deliveries?status=lost")).status_code == 422


async def test_figures_and_notices_of_others_stay_theirs(platform: Platform, seeded: Seeded) -> None:
    path = f"/organizations/{seeded.values['organization_id']}"
    async with portal_client(platform, seeded.people["platform"], "en") as browser:
        assert "Only the organisation itself sees these figures" in (await browser.get(f"{path}/figures")).text
        assert "Only the organisation itself sees this" in (await browser.get(f"{path}/deliveries")).text
        assert (await browser.get(f"{path}/figures/report.csv")).status_code == 404


async def test_what_is_away_is_said_and_the_rest_is_shown(
    platform: Platform, seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("away", request=request)

    state: PortalApp = platform.apps["portal"].state.luotsi
    for service in ("referral", "notifications"):
        monkeypatch.setitem(state._http, service, httpx2.AsyncClient(transport=httpx2.MockTransport(away)))
    path = f"/organizations/{seeded.values['organization_id']}"
    async with portal_client(platform, seeded.people["admin"], "en") as browser:
        assert "The figures can&#39;t be had right now." in (await browser.get(f"{path}/figures")).text
        assert "How notices went can&#39;t be had right now." in (await browser.get(f"{path}/deliveries")).text
        assert (await browser.get(path)).status_code == 200
