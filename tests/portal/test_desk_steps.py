"""The steps of a desk on a referral's page: answering, working with the client, assigning, passing on."""

import re
from html import unescape
from typing import Any

import httpx2
import pytest

from tests.builders import Town, small_town
from tests.platform import Platform
from tests.portal.forms_on import Fields, form_on
from tests.portal.signed_in import portal_client
from tests.portal.test_referral_page import part, steps_on, text_of
from tests.referring import CLIENT, JSON, at_work, sent_referral


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


async def accepted(platform: Platform, town: Town, **changes: Any) -> JSON:
    """A referral that the desk has taken."""
    desk = at_work(platform, town.desk)
    referral = await sent_referral(platform, town, **changes)
    return await desk.done("accept", await desk.read(referral["id"]))


async def step(browser: httpx2.AsyncClient, referral: JSON, command: str, **typed: str) -> httpx2.Response:
    """Open the form of a step and send it with what is typed."""
    path = f"/referrals/{referral['id']}/{command}"
    form = await browser.get(path)
    assert form.status_code == 200, form.text
    return await browser.post(path, data=_with(form_on(form, f"/{command}"), typed))


def _with(fields: Fields, typed: dict[str, str]) -> Fields:
    return fields | {name.replace("__", "."): [value] for name, value in typed.items()}


async def test_before_accepting_the_page_says_what_is_known_and_that_the_client_comes_after(
    platform: Platform, town: Town
) -> None:
    referral = await sent_referral(platform, town, urgency="urgent")
    async with portal_client(platform, town.desk) as browser:
        page = await browser.get(f"/referrals/{referral['id']}")
    words = text_of(page)
    assert {"accept", "decline", "assign"} <= steps_on(page)
    for known in ("mornings only", "Arabic", "Urgent", "You will see who the client is"):
        assert known in words, known
    assert CLIENT["name"] not in page.text


async def test_declining_is_a_press_on_the_reason_and_may_suggest_a_service(platform: Platform, town: Town) -> None:
    referral = await sent_referral(platform, town)
    async with portal_client(platform, town.desk) as browser:
        path = f"/referrals/{referral['id']}/decline"
        form = await browser.get(path)
        reasons = re.findall(r'<button type="submit"[^>]* name="reason.code" value="([a-z_]+)"', form.text)
        assert len(reasons) == 8
        fields = form_on(form, "/decline")
        other = await browser.post(path, data=fields | {"reason.code": ["other"]})
        assert other.status_code == 422
        assert 'id="reason.text-error"' in other.text
        more = {"reason.code": ["not_eligible"], "suggested_service_id": [str(town.guidance)]}
        answers = [await browser.post(path, data=form_on(form, "/decline") | more) for _ in range(2)]
        assert [each.headers.get("Location") for each in answers] == [f"/referrals/{referral['id']}?done=decline"] * 2
        assert "You declined the referral" in text_of(await browser.get(answers[0].headers["Location"]))
    declined = await at_work(platform, town.adviser).read(referral["id"])
    assert declined["status_reason"] == {"code": "not_eligible", "text": None}
    assert declined["suggested_service"]["id"] == str(town.guidance)


def queue_on(page: httpx2.Response) -> str:
    """The queue that the search on a step's page carries along."""
    found = re.search(r'id="find">\s*<input type="hidden" name="queue" value="([^"]*)">', page.text)
    assert found, page.text
    return unescape(found[1])


async def test_declined_out_of_a_row_the_queue_comes_again_and_says_so(platform: Platform, town: Town) -> None:
    referral, queue = await sent_referral(platform, town), "/desk?queue=unassigned&sort=sent_at"
    async with portal_client(platform, town.desk) as browser:
        path = f"/referrals/{referral['id']}/decline"
        form = await browser.get(path, headers={"Referer": f"http://localhost:8000{queue}"})
        searched = await browser.get(path, params={"query": "guidance", "queue": queue_on(form)})
        fields = form_on(searched, "/decline") | {"reason.code": ["no_capacity"]}
        answers = [await browser.post(path, data=fields) for _ in range(2)]
        assert [each.headers["Location"] for each in answers] == [f"{queue}&answered={referral['reference']}"] * 2
        page = await browser.get(answers[0].headers["Location"])
        assert referral["reference"] in part(page, "answered")
        assert "Declined" in text_of(page)
        elsewhere = await sent_referral(platform, town, client=CLIENT | {"name": "Somebody else"})
        path = f"/referrals/{elsewhere['id']}/decline"
        fields = form_on(await browser.get(path), "/decline") | {"reason.code": ["no_capacity"]}
        for queue in ("//elsewhere.example/desk", "https://elsewhere.example/desk"):
            away = await browser.post(path, data=fields | {"queue": [queue]})
            assert away.headers["Location"] == f"/referrals/{elsewhere['id']}?done=decline"


async def test_a_desk_has_the_steps_of_a_desk_and_calls_them_so(platform: Platform, town: Town) -> None:
    referral = await sent_referral(platform, town)
    path = f"/referrals/{referral['id']}"
    async with portal_client(platform, town.desk) as desk, portal_client(platform, town.adviser) as adviser:
        page = await desk.get(path)
        assert "cancel" not in steps_on(page), "where it has yet to answer, it declines"
        assert "cancel" in steps_on(await adviser.get(path))
        assert (await desk.get(f"{path}/cancel")).headers["Location"] == path
        assert 'href="/desk" aria-current="page"' in page.text, "what came in belongs to the desk"
        assert 'href="/referrals" aria-current="page"' in (await adviser.get(path)).text
        await at_work(platform, town.desk).done("accept", await at_work(platform, town.desk).read(referral["id"]))
        assert "End and give back to the sender" in part(await desk.get(path), "steps")
        form = await desk.get(f"{path}/cancel")
        assert "End and give back to the sender" in form.text
        assert 'href="/desk" aria-current="page"' in form.text
        assert "Cancel the referral" in part(await adviser.get(path), "steps")


async def test_the_work_with_the_client_from_beginning_to_end(platform: Platform, town: Town) -> None:
    referral = await accepted(platform, town)
    desk = at_work(platform, town.desk)
    async with portal_client(platform, town.desk) as browser:
        for command, status, typed in (
            ("start", "in-progress", {}),
            ("hold", "on-hold", {"reason__code": "missing_information", "reason__text": "waits for a certificate"}),
            ("resume", "in-progress", {}),
            ("complete", "completed", {"outcome__code": "enrolled", "outcome__text": "course begins in May"}),
        ):
            page = await browser.get(f"/referrals/{referral['id']}")
            assert command in steps_on(page)
            answer = await step(browser, referral, command, **typed)
            assert answer.headers.get("Location") == f"/referrals/{referral['id']}?done={command}", answer.text
            assert (await desk.read(referral["id"]))["status"] == status
        page = await browser.get(f"/referrals/{referral['id']}")
        assert steps_on(page) & {"start", "hold", "complete", "fail", "assign", "forward"} == set()
    outcome = (await at_work(platform, town.adviser).read(referral["id"]))["outcome"]
    assert outcome == {"code": "enrolled", "text": "course begins in May"}


async def test_what_could_not_be_is_said_with_a_reason(platform: Platform, town: Town) -> None:
    referral = await accepted(platform, town)
    async with portal_client(platform, town.desk) as browser:
        without = await step(browser, referral, "fail")
        assert without.status_code == 422
        assert 'href="#reason.code"' in without.text
        assert 'id="reason.code-error"' in without.text
        nothing = await step(browser, referral, "complete", outcome__text="came twice")
        assert nothing.status_code == 422
        assert 'id="outcome.code-error"' in nothing.text
        assert "came twice" in nothing.text
        assert (await step(browser, referral, "fail", reason__code="could_not_contact")).status_code == 303
    assert (await at_work(platform, town.adviser).read(referral["id"]))["status"] == "failed"


async def test_a_referral_is_given_to_me_and_back_to_all(platform: Platform, town: Town) -> None:
    referral = await sent_referral(platform, town)
    desk = at_work(platform, town.desk)
    async with portal_client(platform, town.desk) as browser:
        row = await browser.get("/desk")
        took = await browser.post(f"/referrals/{referral['id']}/assign", data=form_on(row, f"{referral['id']}/assign"))
        assert took.status_code == 303, took.text
        assert (await desk.read(referral["id"]))["assigned_member_id"] == str(town.desk.id)
        assert ">Me<" in re.sub(r"\s", "", (await browser.get("/desk?queue=mine")).text)
        assert (await step(browser, referral, "assign", member_id="")).status_code == 303
        assert (await desk.read(referral["id"]))["assigned_member_id"] is None
        foreign = await step(browser, referral, "assign", member_id=str(town.adviser.id))
        assert foreign.status_code == 422
        assert 'id="member_id-error"' in foreign.text


async def test_a_referral_is_passed_on_with_a_basis_of_its_own(platform: Platform, town: Town) -> None:
    referral = await accepted(platform, town)
    async with portal_client(platform, town.desk) as browser:
        lacking = await step(browser, referral, "forward", shareable_note="speaks some Finnish")
        assert lacking.status_code == 422
        assert 'href="#service_id"' in lacking.text
        assert "speaks some Finnish" in lacking.text
        chosen = {"service_id": str(town.guidance), "shareable_note": "speaks some Finnish"}
        no_statute = await step(browser, referral, "forward", **chosen, legal_basis__kind="statute")
        assert no_statute.status_code == 422
        assert 'id="legal_basis.statute-error"' in no_statute.text
        answer = await step(browser, referral, "forward", **chosen)
        assert answer.status_code == 303, answer.text
        page = await browser.get(answer.headers["Location"])
    assert "You passed the client on" in text_of(page)
    child = await at_work(platform, town.bystander).client.get("/referrals?box=received")
    [seen] = child.json()["contents"]
    assert answer.headers["Location"] == f"/referrals/{seen['id']}?done=forward"
    assert seen["source_organization"]["id"] == str(town.business)


async def test_what_changed_meanwhile_is_shown_and_what_was_typed_kept(platform: Platform, town: Town) -> None:
    referral = await accepted(platform, town)
    desk = at_work(platform, town.desk)
    async with portal_client(platform, town.desk) as browser:
        path = f"/referrals/{referral['id']}/complete"
        fields = form_on(await browser.get(path), "/complete")
        await desk.done("start", await desk.read(referral["id"]))
        typed = {"outcome.code": ["services_received"], "outcome.text": ["three meetings"]}
        stale = await browser.post(path, data=fields | typed)
        assert stale.status_code == 412
        assert 'id="changed"' in stale.text
        assert "three meetings" in stale.text
        kept = form_on(stale, "/complete")
        assert kept["outcome.code"] == ["services_received"]
        assert (await browser.post(path, data=kept)).status_code == 303
        late = await browser.post(path, data=kept | {"etag": ['"99"'], "idempotency_key": ["x"]})
    assert late.status_code == 409
    assert "Completed" in text_of(late), "it says how the referral stands now"
