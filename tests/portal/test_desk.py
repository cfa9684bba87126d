"""The desk's queues: what stands in them, answering from a row and many at once, and what is said where it fails."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from services.portal.main import create_app
from services.portal.pages.desk import queues
from services.portal.pages.desk.queues import QUEUES, Wanted
from tests.builders import Someone, Town, small_town
from tests.platform import Platform
from tests.portal.forms_on import form_on
from tests.portal.signed_in import csrf_token, portal_client
from tests.portal.test_referral_page import text_of
from tests.portal.unknown_filters import unknown_filter
from tests.referring import JSON, SECRETS, at_work, sent_referral


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


def chosen(*referrals: JSON) -> list[str]:
    """The boxes of these rows, ticked."""
    return [f"{each['id']}:{each['version']}" for each in referrals]


def row(page: httpx2.Response, referral: JSON) -> str:
    """The row of a referral."""
    found = re.search(rf'<tr role="row" id="row-{referral["id"]}".*?</tr>', page.text, re.DOTALL)
    assert found is not None, f"{referral['reference']} is not in the queue"
    return found[0]


async def answer(browser: httpx2.AsyncClient, command: str, rows: list[str], **more: str) -> httpx2.Response:
    """Send the form that answers many."""
    fields: JSON = {"csrf_token": await csrf_token(browser), "idempotency_key": "a-key", "command": command}
    return await browser.post("/desk/answers?queue=new", data={**fields, "chosen": rows, **more})


async def statuses(platform: Platform, town: Town, *referrals: JSON) -> list[str]:
    adviser = at_work(platform, town.adviser)
    return [str((await adviser.read(each["id"]))["status"]) for each in referrals]


async def another(platform: Platform, town: Town, name: str) -> JSON:
    """A referral of another client."""
    client = {"kind": "person", "name": name, "language": "uk", "contact_via": "adviser", "interpreter": False}
    return await sent_referral(platform, town, client=client)


async def test_the_queues_are_those_that_are_counted(platform: Platform, town: Town) -> None:
    counts = (await platform.client("referral", town.desk).get("/referrals/counts")).json()["contents"]
    told = {each["queue"]: httpx2.URL(each["list"]).params for each in counts if each["box"] == "received"}
    assert set(told) == set(QUEUES)
    for name, params in told.items():
        query = {key: value for key, value in Wanted(name).api_query().items() if key in {"box", *QUEUES[name]}}
        pairs = [(key, each) for key, value in query.items() for each in (value if type(value) is tuple else [value])]
        assert sorted(params.multi_items()) == sorted((key, str(each).lower()) for key, each in pairs), name


async def test_a_row_says_what_a_desk_chooses_by_and_never_who_the_client_is(platform: Platform, town: Town) -> None:
    referral = await sent_referral(platform, town, urgency="urgent")
    async with portal_client(platform, town.desk) as browser:
        page = await browser.get("/desk")
    words = row(page, referral)
    said = (referral["reference"], "advice for starting a business (en)", "Arabic", "Urgent", "navigaattori (en)")
    for each in (*said, "left", "Nobody", f'href="/referrals/{referral["id"]}"'):
        assert each in words, each
    assert [secret for secret in SECRETS if secret in page.text] == []
    assert "no-store" in page.headers["Cache-Control"]


async def test_accepting_is_one_press_in_the_row_and_pressed_twice_it_is_done_once(
    platform: Platform, town: Town
) -> None:
    referral = await sent_referral(platform, town)
    async with portal_client(platform, town.desk) as browser:
        fields = form_on(await browser.get("/desk?queue=unassigned&sort=sent_at"), "/desk/answers")
        assert fields["chosen"] == chosen(referral)
        action = "/desk/answers?queue=unassigned&sort=sent_at"
        answers = [await browser.post(action, data=fields) for _ in range(2)]
        assert [each.status_code for each in answers] == [303, 303], answers[0].text
        assert answers[0].headers["Location"] == answers[1].headers["Location"]
        target = urlsplit(answers[0].headers["Location"])
        assert parse_qs(target.query)["queue"] == ["unassigned"], "the queue is kept"
        assert parse_qs(target.query)["sort"] == ["sent_at"]
        page = await browser.get(answers[0].headers["Location"])
    assert f'<a href="/referrals/{referral["id"]}">' in page.text.partition('id="answered"')[2]
    events = [each["type"] for each in await platform.published("referral")]
    assert events.count("referral.accepted.v1") == 1
    assert await statuses(platform, town, referral) == ["accepted"]


async def test_that_somebody_only_looked_meanwhile_holds_up_no_answer(platform: Platform, town: Town) -> None:
    referral = await sent_referral(platform, town)
    async with portal_client(platform, town.desk) as browser:
        fields = form_on(await browser.get("/desk"), "/desk/answers")
        await browser.get(f"/referrals/{referral['id']}")
        assert (await browser.post("/desk/answers", data=fields)).status_code == 303
    assert await statuses(platform, town, referral) == ["accepted"]


async def test_what_did_not_go_is_said_row_by_row_and_the_others_go(platform: Platform, town: Town) -> None:
    fine, changed, ended = [await another(platform, town, name) for name in ("A", "B", "C")]
    desk, adviser = at_work(platform, town.desk), at_work(platform, town.adviser)
    rows = chosen(fine, changed, ended)
    assigned = {"member_id": str(town.desk.id)}
    await desk.done("assign", changed, assigned)
    await adviser.done("cancel", ended, {"reason": {"code": "client_not_interested"}})
    async with portal_client(platform, town.desk) as browser:
        page = await answer(browser, "accept", rows)
    assert page.status_code == 409
    problems = page.text.partition('id="problems"')[2].partition("</section>")[0] or page.text
    words = re.sub(r"<[^>]*>", "", problems)
    assert re.search(rf"{changed['reference']}: This changed meanwhile \(.*ssigned", words), words
    assert re.search(rf"{ended['reference']}: This changed meanwhile \(.*ancelled", words), words
    assert fine["reference"] in page.text.partition('id="answered"')[2].partition("</ul>")[0]
    assert await statuses(platform, town, fine, changed, ended) == ["accepted", "requested", "cancelled"]
    assert f"{changed['id']}:3" in row(page, changed), "the new version is ready to be sent"


async def test_many_are_declined_with_one_reason(platform: Platform, town: Town) -> None:
    both = [await another(platform, town, name) for name in ("A", "B")]
    async with portal_client(platform, town.desk) as browser:
        refused = await answer(browser, "decline", chosen(*both), **{"reason.code": "other"})
        assert refused.status_code == 422
        assert 'id="reason.text-error"' in refused.text
        assert refused.text.count(" checked>") == 2, "the boxes stay ticked"
        assert await statuses(platform, town, *both) == ["requested"] * 2
        without = await answer(browser, "decline", chosen(*both))
        assert without.status_code == 422
        more = {"reason.code": "no_capacity", "idempotency_key": "another-key"}
        assert (await answer(browser, "decline", chosen(*both), **more)).status_code == 303
    assert await statuses(platform, town, *both) == ["rejected"] * 2


async def test_nothing_chosen_is_said(platform: Platform, town: Town) -> None:
    for name in ("A", "B"):
        await another(platform, town, name)
    async with portal_client(platform, town.desk) as browser:
        page = await answer(browser, "accept", [])
        assert page.status_code == 422
        assert 'href="#bulk"' in page.text
        assert (await answer(browser, "accept", ["x:1"])).status_code == 400
        assert (await answer(browser, "destroy", ["x:1"])).status_code == 400
        everything = await browser.get("/desk?choose=all")
    assert everything.text.count(" checked>") == 2


async def test_pages_go_on_and_keep_queue_and_order(
    platform: Platform, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = [await another(platform, town, name) for name in ("A", "B", "C")]
    monkeypatch.setattr(queues, "ROWS", 2)
    async with portal_client(platform, town.desk) as browser:
        first = await browser.get("/desk?queue=unassigned&sort=-sent_at")
        found = re.search(r'<a href="(/desk\?[^"]*)" rel="next"', first.text)
        assert found is not None
        second = await browser.get(found[1].replace("&amp;", "&"))
    assert [each["reference"] in first.text for each in sent] == [False, True, True]
    assert [each["reference"] in second.text for each in sent] == [True, False, False]
    assert 'rel="first"' in second.text
    assert "Unassigned" in text_of(second)


async def test_a_referral_is_found_by_its_reference_and_a_slip_is_said_beside_the_field(
    platform: Platform, town: Town
) -> None:
    referral = await sent_referral(platform, town)
    async with portal_client(platform, town.desk) as browser:
        found = await browser.get("/desk", params={"reference": referral["reference"].lower().replace("-", " ")})
        row(found, referral)
        slip = await browser.get("/desk", params={"reference": "KUO-0000-00"})
        nothing = await browser.get("/desk", params={"queue": "on_hold"})
    assert slip.status_code == 422
    assert 'id="reference-error"' in slip.text
    assert 'value="KUO-0000-00"' in slip.text
    assert 'class="empty"' in nothing.text


async def test_without_the_other_services_the_page_shows_what_there_is(platform: Platform, town: Town) -> None:
    await sent_referral(platform, town)
    settings = platform.settings["portal"].model_copy(
        update={"catalog_url": "http://127.0.0.1:9", "referral_url": "http://127.0.0.1:9"}
    )
    app = create_app(settings)
    try:
        async with portal_client(platform, town.desk) as browser:
            cookies = dict(browser.cookies)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000", cookies=cookies) as alone:
            page = await alone.get("/desk")
    finally:
        await app.state.luotsi.close()
    assert page.status_code == 200, page.text
    words = text_of(page)
    assert "Referrals cannot be shown at the moment" in words
    assert "The numbers of the queues cannot be shown" in words
    assert "Capacity and days closed cannot be shown" in words


async def test_what_is_handed_over_is_shown_before(platform: Platform, town: Town) -> None:
    referral = await sent_referral(platform, town)
    desk = at_work(platform, town.desk)
    await desk.done("assign", referral, {"member_id": str(town.desk.id)})
    heir = await _colleague(town, "deputy@businesskuopio.example")
    async with portal_client(platform, town.desk) as browser:
        nobody = await browser.get("/desk/handover")
        assert "No deputy is named for you" in text_of(nobody)
        assert 'value="">Choose<' in nobody.text
        assert 'id="to-hint"' not in nobody.text  # of a deputy nothing is said
        await town.facts.member(town.desk.email, town.business, "recipient", deputy=heir, again=town.desk)
        await platform.settle()
        before = await browser.get("/desk/handover")
        assert referral["reference"] in before.text
        assert "Your deputy is chosen already" in text_of(before)
        fields = _post_form(before)
        assert fields["to"] == [str(heir.id)]
        answers = [await browser.post("/desk/handover", data=fields) for _ in range(2)]
        assert [each.headers.get("Location") for each in answers] == [f"/desk/handover?to={heir.id}&moved=1"] * 2
        after = await browser.get(answers[0].headers["Location"])
        assert "You have nothing to hand over" in text_of(after)
        foreign = await browser.post(
            "/desk/handover", data=fields | {"to": str(town.adviser.id), "idempotency_key": "x"}
        )
    assert foreign.status_code == 422
    assert 'id="to-error"' in foreign.text
    assert (await desk.read(referral["id"]))["assigned_member_id"] == str(heir.id)


def _post_form(page: httpx2.Response) -> dict[str, list[str]]:
    """The last form of the page, which hands over."""
    last = httpx2.Response(200, text=page.text[page.text.rindex("<form") :])
    return form_on(last, "/desk/handover")


async def _colleague(town: Town, email: str) -> Someone:
    return await town.facts.member(email, town.business, "recipient")


async def test_a_queue_that_there_is_not_is_said_and_taken_off(platform: Platform, town: Town) -> None:
    async with portal_client(platform, town.desk) as browser:
        page = await browser.get("/desk", params={"queue": "nonsense", "sort": "-sent_at"})
    assert page.status_code == 200
    assert unknown_filter(page) == ("nonsense", "/desk?queue=new&sort=-sent_at")
