"""The page of a referral: what each side sees of it, and the steps that are open to it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape

import httpx2
import pytest

from services.portal.pages.referrals.all_steps import BY_COMMAND
from tests.builders import Someone, Town, small_town
from tests.platform import Platform
from tests.portal.signed_in import portal_client, send
from tests.referring import CLIENT, JSON, at_work, new_referral, sent_referral


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


def text_of(page: httpx2.Response) -> str:
    """The words of a page, as they are read."""
    plain = re.sub(r"<[^>]*>", " ", re.sub(r"<(script|style|svg).*?</\1>", "", page.text, flags=re.DOTALL))
    return re.sub(r"\s+", " ", unescape(plain))


def part(page: httpx2.Response, id_: str) -> str:
    """The markup of the section or list with that id."""
    found = re.search(rf'<(section|ol|div|dl)[^>]*id="{id_}".*?</\1>', page.text, re.DOTALL)
    assert found, f"the page has no {id_}"
    return found[0]


@asynccontextmanager
async def away(platform: Platform, service: str) -> AsyncIterator[None]:
    """An API that does not answer the portal, as long as the block lasts."""

    def fails(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("nobody listens")

    reached = platform.apps["portal"].state.luotsi._http
    present = reached[service]
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(fails)) as absent:
        reached[service] = absent
        try:
            yield
        finally:
            reached[service] = present


async def opened(platform: Platform, who: Someone, referral: JSON, language: str = "en") -> httpx2.Response:
    """The page of a referral as somebody opens it."""
    async with portal_client(platform, who, language) as browser:
        page = await browser.get(f"/referrals/{referral['id']}")
    assert page.status_code == 200, page.text
    return page


def steps_on(page: httpx2.Response) -> set[str]:
    """The steps that a page offers."""
    return set(re.findall(r'id="step-([a-z-]+)"', page.text))


async def test_before_accepting_a_desk_sees_what_it_may_and_no_more(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    page = await opened(platform, town.desk, sent)
    words = text_of(page)
    for shown in (sent["reference"], "advice for starting a business (en)", "navigaattori (en)", "mornings only"):
        assert shown in words
    for hidden in (CLIENT["name"], "bakery plan", "owes the landlord", CLIENT["email"]):
        assert hidden not in page.text
    assert "You will see who the client is" in words
    assert "accept" in steps_on(page)


async def test_after_accepting_it_sees_the_client(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    async with portal_client(platform, town.desk) as browser:
        before = await browser.get(f"/referrals/{sent['id']}")
        fields = hidden_of_step(before, "accept")
        answer = await browser.post(f"/referrals/{sent['id']}/accept", data=fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/referrals/{sent['id']}?done=accept")
        after = await browser.get(answer.headers["Location"])
    words = text_of(after)
    assert CLIENT["name"] in words
    assert "bakery plan" in words
    assert "You accepted the referral." in words
    assert "owes the landlord" not in words
    assert CLIENT["name"] not in re.search(r"<title>.*?</title>", after.text, re.DOTALL)[0]  # type: ignore[index]


def hidden_of_step(page: httpx2.Response, command: str) -> dict[str, str]:
    """The hidden fields of the form that is one button."""
    form = re.search(rf'<form[^>]*action="[^"]*/{command}".*?</form>', page.text, re.DOTALL)
    assert form, f"no form for {command}"
    return {name: unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form[0])}


async def test_pressed_twice_a_button_does_once_and_says_so(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    async with portal_client(platform, town.desk) as browser:
        fields = hidden_of_step(await browser.get(f"/referrals/{sent['id']}"), "accept")
        answers = [await browser.post(f"/referrals/{sent['id']}/accept", data=fields) for _ in range(2)]
    assert [(each.status_code, each.headers["Location"]) for each in answers] == [
        (303, f"/referrals/{sent['id']}?done=accept")
    ] * 2


async def test_what_somebody_else_did_meanwhile_is_said_and_what_was_typed_is_kept(
    platform: Platform, town: Town
) -> None:
    sent = await sent_referral(platform, town)
    path = f"/referrals/{sent['id']}/cancel"
    async with portal_client(platform, town.adviser) as browser:
        form = await browser.get(path)
        desk = at_work(platform, town.desk)
        await desk.done("accept", await desk.read(sent["id"]))
        typed = {"reason.code": "other", "reason.text": "moved to another town"}
        answer = await browser.post(path, data=hidden_of_step(form, "cancel") | typed)
        assert answer.status_code == 412
        changes = text_of_part(part(answer, "changed"))
        assert "Accepted" in changes
        assert "Opened for the first time" in changes
        assert "moved to another town" in answer.text
        again = await browser.post(path, data=hidden_of_step(answer, "cancel") | typed)
    assert (again.status_code, again.headers["Location"]) == (303, f"/referrals/{sent['id']}?done=cancel")
    assert (await at_work(platform, town.adviser).read(sent["id"]))["status"] == "cancelled"


def text_of_part(markup: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", markup)))


async def test_what_is_not_possible_any_more_is_said_on_the_referral(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    path = f"/referrals/{sent['id']}/cancel"
    async with portal_client(platform, town.adviser) as browser:
        form = await browser.get(path)
        desk = at_work(platform, town.desk)
        await desk.done("decline", await desk.read(sent["id"]), {"reason": {"code": "no_capacity"}})
        answer = await browser.post(path, data=hidden_of_step(form, "cancel") | {"reason.code": "other"})
        assert answer.status_code in (409, 422)
        late = await browser.get(path)
        assert (late.status_code, late.headers["Location"]) == (303, f"/referrals/{sent['id']}")


async def test_a_reason_that_is_lacking_is_said_beside_its_field(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    path = f"/referrals/{sent['id']}/cancel"
    async with portal_client(platform, town.adviser) as browser:
        form = await browser.get(path)
        answer = await browser.post(path, data=hidden_of_step(form, "cancel"))
    assert answer.status_code == 422
    assert 'id="problems"' in answer.text


async def test_a_step_that_there_is_not_and_a_referral_of_others_are_not_found(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    async with portal_client(platform, town.bystander) as browser:
        for path in ("", *(f"/{command}" for command in BY_COMMAND)):
            assert (await browser.get(f"/referrals/{sent['id']}{path}")).status_code == 404
        assert (await send(browser, f"/referrals/{sent['id']}/cancel")).status_code == 404
        assert (await send(browser, f"/referrals/{sent['id']}/messages", text="hello")).status_code == 404


async def test_a_declined_referral_goes_to_the_suggested_service_in_two_clicks(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    desk = at_work(platform, town.desk)
    declined = {"reason": {"code": "not_eligible"}, "suggested_service_id": str(town.guidance)}
    await desk.done("decline", await desk.read(sent["id"]), declined)
    async with portal_client(platform, town.adviser) as browser:
        page = await browser.get(f"/referrals/{sent['id']}")
        assert "guidance and counselling (en)" in text_of(page)
        assert {"send-suggested", "close"} <= steps_on(page)
        form = await browser.get(f"/referrals/{sent['id']}/send-suggested")
        filled = fields_of(form)
        assert filled["legal_basis.consent.scope"] == "name, contact and the reason"
        answers = [await browser.post(f"/referrals/{sent['id']}/send-suggested", data=filled) for _ in range(2)]
    assert answers[0].status_code == 303, answers[0].text
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    adviser = at_work(platform, town.adviser)
    followed = (await adviser.read(sent["id"]))["followed_by"]
    assert answers[0].headers["Location"] == f"/referrals/{followed['id']}?done=send-suggested"
    assert (await adviser.read(followed["id"]))["service"]["id"] == str(town.guidance)


def fields_of(page: httpx2.Response) -> dict[str, str]:
    """What a browser would send of the page's last form as it stands."""
    form = page.text[page.text.rindex('<form method="post" action="/referrals') :].partition("</form>")[0]
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") == "radio" and " checked" not in tag:
            continue
        found[attributes["name"]] = attributes.get("value", "")
    for name, value in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        found[name] = value
    return {name: unescape(value) for name, value in found.items()}


async def test_a_withdrawal_says_beforehand_what_ends_and_who_has_seen_the_client(
    platform: Platform, town: Town
) -> None:
    sent = await sent_referral(platform, town)
    desk = at_work(platform, town.desk)
    await desk.done("accept", await desk.read(sent["id"]))
    path = f"/referrals/{sent['id']}/withdraw-consent"
    async with portal_client(platform, town.adviser) as browser:
        form = await browser.get(path)
        words = text_of(form)
        assert sent["reference"] in part(form, "ends")
        assert "business kuopio (en): details of the client, last on" in words
        assert "navigaattori (en): details of the client" not in words
        answer = await browser.post(path, data=fields_of(form))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/referrals/{sent['id']}?done=withdraw-consent")
    assert (await at_work(platform, town.adviser).read(sent["id"]))["withdrawal"]["told_by"] == "client"


async def test_messages_are_written_read_and_marked(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    async with portal_client(platform, town.adviser) as adviser, portal_client(platform, town.desk) as desk:
        page = await adviser.get(f"/referrals/{sent['id']}")
        written = hidden_of_step(page, "messages") | {"text": "Does <b>Tuesday</b> suit?"}
        answers = [await adviser.post(f"/referrals/{sent['id']}/messages", data=written) for _ in range(2)]
        assert [each.status_code for each in answers] == [303, 303]
        read = await desk.get(f"/referrals/{sent['id']}")
        assert part(read, "messages").count('class="message"') == 1, "sent twice, written once"
        assert "Does &lt;b&gt;Tuesday&lt;/b&gt; suit?" in read.text
        assert 'class="new"' in read.text
        assert 'class="new"' not in (await desk.get(f"/referrals/{sent['id']}")).text
        assert "The other side read your message" in text_of(await adviser.get(f"/referrals/{sent['id']}"))
        empty = await adviser.post(f"/referrals/{sent['id']}/messages", data=hidden_of_step(page, "messages"))
        assert empty.status_code == 422
        assert 'id="text-error"' in empty.text


@pytest.mark.parametrize("script", [{"HX-Request": "true"}, {"Luotsi-Live": "1"}])
async def test_what_a_script_fetches_has_not_been_read_until_it_is_answered(
    platform: Platform, town: Town, script: dict[str, str]
) -> None:
    sent = await sent_referral(platform, town)
    await at_work(platform, town.adviser).client.post(f"/referrals/{sent['id']}/messages", json={"text": "hello"})
    desk = at_work(platform, town.desk)
    async with portal_client(platform, town.desk) as browser:
        fetched = await browser.get(f"/referrals/{sent['id']}", headers=script)
        assert (await desk.read(sent["id"]))["unread_messages"] == 1
        await browser.post(
            f"/referrals/{sent['id']}/messages", data=hidden_of_step(fetched, "messages") | {"text": "hello too"}
        )
    assert (await desk.read(sent["id"]))["unread_messages"] == 0


@pytest.mark.parametrize(("how", "looked"), [("unlooked", False), ("looked", True)])
async def test_what_a_window_fetches_by_itself_is_a_look_only_where_somebody_is_at_it(
    platform: Platform, town: Town, how: str, looked: bool
) -> None:
    sent = await sent_referral(platform, town)
    async with portal_client(platform, town.desk) as browser:
        await browser.get(f"/referrals/{sent['id']}", headers={"Luotsi-Live": how})
    noted = await platform.scalar("referral", "SELECT first_viewed_at IS NOT NULL FROM referrals")
    assert noted is looked


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://localhost:8000/referrals?queue=waiting&sort=respond_by", "/referrals?queue=waiting&sort=respond_by"),
        ("http://localhost:8000/desk?queue=new", "/referrals"),  # which is closed to who only advises
        ("http://localhost:8000/notices", "/referrals"),
        ("https://elsewhere.example//referrals", "/referrals"),
        ("", "/referrals"),
    ],
)
async def test_the_way_back_leads_to_the_list_as_it_was(
    platform: Platform, town: Town, referer: str, back: str
) -> None:
    sent = await sent_referral(platform, town)
    async with portal_client(platform, town.adviser) as browser:
        page = await browser.get(f"/referrals/{sent['id']}", headers={"Referer": referer})
    found = re.search(r'<a class="back" href="([^"]*)"', page.text)
    assert found
    assert unescape(found[1]) == back


async def test_the_way_back_leads_a_desk_to_its_queue_as_it_was(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    async with portal_client(platform, town.desk) as browser:
        came = {"Referer": "http://localhost:8000/desk?queue=overdue"}
        assert (
            'class="back" href="/desk?queue=overdue"'
            in (await browser.get(f"/referrals/{sent['id']}", headers=came)).text
        )
        assert 'class="back" href="/desk"' in (await browser.get(f"/referrals/{sent['id']}")).text


async def test_without_notices_a_referral_is_shown_and_says_what_is_missing(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    async with portal_client(platform, town.adviser) as browser, away(platform, "notifications"):
        page = await browser.get(f"/referrals/{sent['id']}")
        assert page.status_code == 200
        assert "not known at the moment" in page.text
        start = await browser.get("/")
        assert "Notices cannot be shown at the moment" in start.text
        assert 'href="/referrals?queue=waiting"' in start.text


async def test_without_referrals_the_start_page_says_so_and_shows_the_rest(platform: Platform, town: Town) -> None:
    await sent_referral(platform, town)
    await platform.settle()
    async with portal_client(platform, town.desk) as browser, away(platform, "referral"):
        start = await browser.get("/")
        assert start.status_code == 200
        assert "cannot be shown at the moment" in start.text
        assert 'id="notice-' in start.text
        assert (await browser.get("/referrals")).status_code == 503


async def test_the_timeline_says_who_was_told_and_who_has_opened_it(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    await platform.settle()
    await platform.settle()
    before = text_of_part(part(await opened(platform, town.adviser, sent), "timeline"))
    assert "business kuopio (en): notice in Luotsi" in before
    assert "opened" not in before
    await opened(platform, town.desk, sent)
    after = text_of_part(part(await opened(platform, town.adviser, sent), "timeline"))
    assert re.search(r"business kuopio \(en\): notice in Luotsi [^,]*, [^,]*, opened", after) or "opened" in after
    assert town.desk.email not in after, "of the other side nobody is named"


async def test_a_draft_is_gone_on_with_and_has_no_conversation(platform: Platform, town: Town) -> None:
    draft = (await at_work(platform, town.adviser).refer(new_referral(town, send=False))).json()
    page = await opened(platform, town.adviser, draft)
    assert f'href="/refer/{draft["id"]}"' in page.text
    assert "send" in steps_on(page)
    assert 'id="conversation"' not in page.text


async def test_a_possible_duplicate_is_shown_and_sent_all_the_same(platform: Platform, town: Town) -> None:
    first = await sent_referral(platform, town)
    draft = (await at_work(platform, town.adviser).refer(new_referral(town, send=False))).json()
    path = f"/referrals/{draft['id']}/send"
    async with portal_client(platform, town.adviser) as browser:
        asked = await browser.post(path, data=fields_of(await browser.get(path)))
        assert asked.status_code == 409
        assert first["reference"] in part(asked, "duplicates")
        answer = await browser.post(path, data=fields_of(asked))
    assert answer.headers["Location"] == f"/referrals/{draft['id']}?done=send"


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
async def test_every_page_has_its_words_in_each_language(platform: Platform, town: Town, language: str) -> None:
    sent = await sent_referral(platform, town)
    desk = at_work(platform, town.desk)
    await desk.done("accept", await desk.read(sent["id"]))
    async with portal_client(platform, town.adviser, language) as browser:
        for step in ("", "/cancel", "/withdraw-consent", "/mark-error"):
            page = await browser.get(f"/referrals/{sent['id']}{step}")
            assert page.status_code == 200, page.text
            assert f'<html lang="{language}"' in page.text
