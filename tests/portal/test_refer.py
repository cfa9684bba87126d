"""Referring in the portal without scripts: drafts, what is wrong, duplicates, sending, and what comes after it."""

import asyncio
import re
from html import unescape
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.portal import texts
from services.portal.domain.session_life import REST
from services.portal.pages.forms import Form
from services.portal.pages.refer import fields
from services.portal.pages.refer.clients import kind_of
from services.portal.pages.refer.sent import client_language
from services.portal.pages.services import facts
from shared.clock import utc_now
from shared.personal_identity import contains_code
from tests.builders import Someone
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.platform import Platform
from tests.portal.signed_in import csrf_token, hidden_fields, portal_client

ADVISER, DESK = "adviser@navigaattori.example", "desk@talenthub.example"
WORDS = {
    "client.kind": "person",
    "client.language": "ar",
    "client.name": "Esimerkki Asiakas",
    "client.phone": "040 765 4321",
    "reason": "Etsii työtä <alaltaan>",
    "shareable_note": "Mieluiten aamupäivällä",
    "private_note": "Soita ensin",
    "allows": "oral",
}


class Town:
    """The seeded catalogue, an adviser and a desk in it, and a service to refer to."""

    def __init__(self, kuopio: Kuopio, service: dict[str, Any]) -> None:
        self.kuopio = kuopio
        self.service = service
        self.adviser, self.desk = kuopio.people[ADVISER], kuopio.people[DESK]

    @property
    def begin(self) -> str:
        return f"/refer?service={self.service['id']}"

    def referral(self, who: Someone) -> httpx2.AsyncClient:
        """A client of the referral service for somebody."""
        return self.kuopio.platform.client("referral", who)

    async def read(self, referral_id: str, who: Someone | None = None) -> dict[str, Any]:
        """A referral as somebody sees it, the adviser if nobody is named."""
        answer = await self.referral(who or self.adviser).get(f"/referrals/{referral_id}")
        found: dict[str, Any] = answer.json()
        return found


async def _town(platform: Platform) -> Town:
    seeded = await kuopio(platform)
    await platform.settle()
    return Town(seeded, await seeded.read("/services/talent-matching"))


def typed(page: str) -> dict[str, str]:
    """What the fields of the page's form hold, as a browser would send it."""
    form = page[page.index('<form id="refer"') :]
    form = form[: form.index("</form>")]
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") in ("radio", "checkbox"):
            if tag.rstrip(">").rstrip().endswith(" checked") or " checked " in tag:
                found[attributes["name"]] = attributes["value"]
        elif attributes.get("type") != "hidden":
            found[attributes["name"]] = attributes.get("value", "")
    found |= dict(re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?([^<]*)</textarea>', form))
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return {name: unescape(value) for name, value in found.items()}


async def _open(browser: httpx2.AsyncClient, path: str) -> dict[str, str]:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return typed(answer.text)


async def _sent(browser: httpx2.AsyncClient, town: Town, **words: str) -> str:
    """Refer to the service; returns the referral's id."""
    form = {**await _open(browser, town.begin), **WORDS, **words, "step": "send"}
    answer = await browser.post("/refer", data=form)
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(r"/refer/([0-9a-f-]{36})/sent", answer.headers["Location"])
    assert found is not None, answer.headers["Location"]
    return found[1]


async def test_a_referral_is_written_and_sent_on_one_page(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        form = await _open(browser, town.begin)
        assert form["client.kind"] == "person"  # what is usual is filled in
        assert "North Savo Talent Hub" in form["legal_basis.consent.scope"] or form["legal_basis.consent.scope"]
        referral_id = await _sent(browser, town)
        page = (await browser.get(f"/refer/{referral_id}/sent")).text
    referral = await town.read(referral_id)
    assert referral["status"] == "requested"
    assert referral["client"]["name"] == "Esimerkki Asiakas"
    assert referral["client"]["phone"] == "+358 40 7654321"
    assert referral["reason"] == "Etsii työtä <alaltaan>"
    assert referral["legal_basis"]["consent"]["how"] == "oral"
    assert referral["private_note"] == "Soita ensin"
    assert referral["reference"] in page
    assert texts.moment(referral["respond_by"], "fi") in page
    assert 'lang="ar" dir="rtl"' in page  # the slip for the client
    assert texts.text("consent.slip.title", "ar") in page


async def test_nothing_of_the_client_stands_in_an_address_or_a_cookie(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        seen: list[str] = []

        async def note(request: httpx2.Request) -> None:
            seen.append(str(request.url))
            seen.append(request.headers.get("Cookie", ""))

        browser.event_hooks["request"].append(note)
        form = {**await _open(browser, town.begin), **WORDS, "find": "Esimerkki Asiakas", "step": "find"}
        await browser.post("/refer", data=form)
        referral_id = await _sent(browser, town)
        await browser.get(f"/refer/{referral_id}/sent")
    assert seen
    assert not [each for each in seen if "Esimerkki" in each or "7654321" in each or "765" in each.replace("-", "")[:0]]


async def test_a_draft_is_kept_and_gone_on_with(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "en") as browser:
        form = {**await _open(browser, town.begin), "reason": "Begun only", "step": "keep"}
        kept = await browser.post("/refer", data=form)
        address = kept.headers["Location"]
        again = await _open(browser, address)
        assert again["reason"] == "Begun only"
        assert again["client.language"] == ""  # it is not known yet, and the draft is there all the same
        changed = {**again, **WORDS, "client.interpreter": "true", "urgency": "urgent", "step": "keep"}
        assert (await browser.post("/refer", data=changed)).headers["Location"] == address
        last = await _open(browser, address)
    assert {name: last[name] for name in WORDS if name != "client.phone"} == {
        name: value for name, value in WORDS.items() if name != "client.phone"
    }
    assert (last["client.interpreter"], last["urgency"]) == ("true", "urgent")
    draft = await town.read(address.rpartition("/")[2])
    assert (draft["status"], draft["sent_at"]) == ("draft", None)


async def test_what_is_missing_is_said_beside_the_field_and_the_draft_is_kept(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        form = {**await _open(browser, town.begin), "client.name": "Esimerkki Asiakas", "step": "send"}
        answer = await browser.post("/refer", data=form)
        assert answer.status_code == 422
        assert answer.text.count('<a href="#client.language">') == 1
        assert '<a href="#reason">' in answer.text
        assert '<a href="#allows">' in answer.text
        assert "Kirjoita, miksi ohjaat asiakkaan." in answer.text
        back = typed(answer.text)
        assert back["client.name"] == "Esimerkki Asiakas"
        assert (await town.read(back["draft"]))["client"]["name"] == "Esimerkki Asiakas"
        done = {**back, **WORDS, "step": "send"}
        assert (await browser.post("/refer", data=done)).headers["Location"] == f"/refer/{back['draft']}/sent"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("client.email", "no address", "Tämä ei ole sähköpostiosoite."),
        ("client.phone", "12", "Tämä ei ole puhelinnumero."),
        ("reason", "Hänen tunnuksensa on 131052-308T", "Tekstissä on henkilötunnus."),
        ("shareable_note", "131052-308T", "Tekstissä on henkilötunnus."),
        ("legal_basis.consent.given_on", "2099-01-01", "Päivä on tulevaisuudessa."),
        ("legal_basis.consent.given_on", "eilen", "Kirjoita päivä muodossa"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_all_else_is_kept(
    platform: Platform, field: str, value: str, said: str
) -> None:
    assert contains_code("131052-308T")
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        form = {**await _open(browser, town.begin), **WORDS, field: value, "step": "send"}
        answer = await browser.post("/refer", data=form)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'<a href="#{field}">' in answer.text
    assert f'id="{field}-error"' in answer.text
    back = typed(answer.text)
    assert back[field] == value  # nothing typed is lost
    draft = await town.read(back["draft"])
    assert draft["client"]["name"] == WORDS["client.name"]
    assert draft["status"] == "draft"
    assert draft["shareable_note"] == (None if field == "shareable_note" else WORDS["shareable_note"])


async def test_possible_duplicates_are_shown_and_the_adviser_decides(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        first = await _sent(browser, town)
        reference = (await town.read(first))["reference"]
        form = {**await _open(browser, town.begin), **WORDS, "step": "send"}
        asked = await browser.post("/refer", data=form)
        assert asked.status_code == 422
        assert reference in asked.text
        assert "puhelinnumero" in asked.text
        assert f'href="/referrals/{first}"' in asked.text
        back = typed(asked.text)
        assert (await town.read(back["draft"]))["status"] == "draft"
        done = await browser.post("/refer", data={**back, "on_duplicate": "go_on", "step": "send"})
        assert done.status_code == 303
    assert (await town.read(back["draft"]))["status"] == "requested"


async def test_a_double_click_sends_once(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        form = {**await _open(browser, town.begin), **WORDS, "step": "send"}
        first = await browser.post("/refer", data=form)
        second = await browser.post("/refer", data=form)
    assert first.headers["Location"] == second.headers["Location"]
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 1


async def test_a_session_that_ends_while_writing_loses_nothing(platform: Platform) -> None:
    town = await _town(platform)
    now = utc_now()
    platform.portal_clock.set(now)
    async with portal_client(platform, town.adviser, "fi") as browser:
        form = {**await _open(browser, town.begin), **WORDS, "step": "send"}
        platform.portal_clock.set(now + REST)
        led = await browser.post("/refer", data=form)
        assert led.headers["Location"].startswith("/sign-in")
        await browser.post("/sign-in/account", data={"member_id": str(town.adviser.id)})
        page = (await browser.get("/session/kept")).text
        again = re.findall(
            r'<(?:input type="hidden"|textarea) name="([^"]+)"(?: value="([^"]*)"| hidden>\n([^<]*))', page
        )
        back = {name: unescape(value or text) for name, value, text in again}
        sent = await browser.post("/refer", data={**back, "csrf_token": hidden_fields(page)["csrf_token"]})
        assert sent.headers["Location"].endswith("/sent")
    assert (await town.read(sent.headers["Location"].split("/")[2]))["reason"] == WORDS["reason"]


async def test_two_savings_at_once_begin_one_draft(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        form = {**await _open(browser, town.begin), **WORDS}
        script = {"HX-Request": "true"}
        await asyncio.gather(
            browser.post("/refer", data={**form, "reason": "Alku"}, headers=script),
            browser.post("/refer", data={**form, "reason": "Alku ja loppu"}, headers=script),
        )
        sent = await browser.post("/refer", data={**form, "reason": "Alku ja loppu", "step": "send"})
        assert sent.headers["Location"].endswith("/sent")
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 1
    assert (await town.read(sent.headers["Location"].split("/")[2]))["reason"] == "Alku ja loppu"


async def test_without_the_catalogue_a_draft_is_gone_on_with_and_sent(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        kept = await browser.post("/refer", data={**await _open(browser, town.begin), **WORDS, "step": "keep"})
        state = platform.apps["portal"].state.luotsi
        there = state.settings
        state.settings = there.model_copy(update={"catalog_url": "http://127.0.0.1:9"})
        reached = state._http["catalog"]
        state._http["catalog"] = httpx2.AsyncClient(trust_env=False)
        try:
            page = await browser.get(kept.headers["Location"])
            assert "Palvelun tietoja ei saada juuri nyt näkyviin" in page.text
            sent = await browser.post("/refer", data={**typed(page.text), "step": "send"})
            after = await browser.get(sent.headers["Location"])
            lost = await browser.get("/services")
        finally:
            await state._http["catalog"].aclose()
            state._http["catalog"], state.settings = reached, there
    assert sent.headers["Location"].endswith("/sent")
    assert after.status_code == 200
    assert lost.status_code == 503
    assert 'class="button secondary" href="/"' in lost.text


async def test_a_double_click_on_a_draft_sends_once(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        kept = await browser.post("/refer", data={**await _open(browser, town.begin), **WORDS, "step": "keep"})
        form = {**await _open(browser, kept.headers["Location"]), "step": "send"}
        first = await browser.post("/refer", data=form)
        second = await browser.post("/refer", data=form)
    assert first.headers["Location"] == second.headers["Location"]
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 1


async def test_what_a_colleague_changed_meanwhile_is_shown_and_what_was_typed_is_kept(platform: Platform) -> None:
    town = await _town(platform)
    boss = {"organization_id": str(town.adviser.organization_id), "email": "colleague@navigaattori.example"}
    made = await town.kuopio.admin.post("/members", json={**boss, "language": "fi", "roles": ["adviser"]})
    assert made.status_code == 201, made.text
    await platform.settle()
    colleague = Someone(made.json()["id"], town.adviser.organization_id, boss["email"], ("adviser",))
    async with portal_client(platform, town.adviser, "fi") as browser:
        kept = await browser.post("/refer", data={**await _open(browser, town.begin), **WORDS, "step": "keep"})
        address = kept.headers["Location"]
        form = await _open(browser, address)
        referral_id = address.rpartition("/")[2]
        async with town.referral(colleague) as other:
            seen = await other.get(f"/referrals/{referral_id}")
            change = {"reason": "Kollegan sanoin"}
            done = await other.patch(
                f"/referrals/{referral_id}", json=change, headers={"If-Match": seen.headers["ETag"]}
            )
            assert done.status_code == 200, done.text
        passing = await browser.post("/refer", data={**form, "reason": "Omin sanoin"}, headers={"HX-Request": "true"})
        assert "Luonnosta on muutettu" in passing.text
        assert (await town.read(referral_id))["reason"] == "Kollegan sanoin"
        answer = await browser.post("/refer", data={**form, "reason": "Omin sanoin", "step": "send"})
        assert answer.status_code == 409
        assert "Kollegan sanoin" in answer.text
        back = typed(answer.text)
        assert back["reason"] == "Omin sanoin"
        assert (await browser.post("/refer", data={**back, "step": "send"})).status_code == 303
    assert (await town.read(referral_id))["reason"] == "Omin sanoin"


async def test_ones_own_page_a_moment_ago_is_nobody_else(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        kept = await browser.post("/refer", data={**await _open(browser, town.begin), **WORDS, "step": "keep"})
        form = await _open(browser, kept.headers["Location"])
        for reason in ("yksi", "yksi kaksi"):  # both of the version that the page had
            answer = await browser.post("/refer", data={**form, "reason": reason}, headers={"HX-Request": "true"})
            assert answer.status_code == 200
        done = await browser.post("/refer", data={**form, "reason": "yksi kaksi kolme", "step": "send"})
        assert done.status_code == 303, done.text
        late = await browser.post("/refer", data={**form, "reason": "neljä"}, headers={"HX-Request": "true"})
        assert late.headers["HX-Redirect"] == done.headers["Location"]
    assert (await town.read(form["draft"]))["reason"] == "yksi kaksi kolme"


async def test_what_was_changed_in_another_window_is_shown_and_nothing_is_overwritten(platform: Platform) -> None:
    town = await _town(platform)
    script = {"HX-Request": "true"}
    async with portal_client(platform, town.adviser, "fi") as browser:
        kept = await browser.post("/refer", data={**await _open(browser, town.begin), **WORDS, "step": "keep"})
        here = await _open(browser, kept.headers["Location"])
        there = await _open(browser, kept.headers["Location"])
        news = {"reason": "Toisessa ikkunassa", "client.phone": "050 111 2222", "client.language": "so"}
        assert (await browser.post("/refer", data={**there, **news, "step": "keep"})).status_code == 303
        here |= {"reason": "Tässä ikkunassa"}
        passing = await browser.post("/refer", data=here, headers=script)
        for shown in ("Toisessa ikkunassa", "+358 50 1112222", "somali"):
            assert shown in passing.text
        again = await browser.post("/refer", data={**here, **hidden_fields(passing.text)}, headers=script)
        assert "Toisessa ikkunassa" in again.text  # it goes on saying so
        assert (await town.read(here["draft"]))["reason"] == "Toisessa ikkunassa"
        answer = await browser.post("/refer", data={**here, "step": "send"})
        assert answer.status_code == 409
        assert "Toisessa ikkunassa" in answer.text
        back = typed(answer.text)
        assert back["reason"] == "Tässä ikkunassa"  # what was typed stays
        assert back["client.phone"] == "+358 50 1112222"  # what was left alone follows
        assert back["client.language"] == "so"
        assert (await browser.post("/refer", data={**back, "step": "send"})).status_code == 303
    sent = await town.read(here["draft"])
    assert (sent["reason"], sent["client"]["phone"]) == ("Tässä ikkunassa", "+358 50 1112222")


async def test_what_the_same_page_has_kept_a_moment_ago_is_no_news_to_it(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        kept = await browser.post("/refer", data={**await _open(browser, town.begin), **WORDS, "step": "keep"})
        page = await _open(browser, kept.headers["Location"])
        changed = {
            "client.phone": "(050) 111-2222",
            "client.email": "Asiakas@Mail.Example",
            "client.interpreter": "true",
            "reason": "Uusin  sanoin,\nkahdella rivillä ",
            "urgency": "urgent",
            "allows": "written",
        }
        await browser.post("/refer", data={**page, **changed}, headers={"HX-Request": "true"})
        sent = await browser.post("/refer", data={**page, **changed, "step": "send"})  # before the page had the answer
        assert sent.status_code == 303, sent.text


async def test_a_script_keeps_the_draft_from_the_first_field_on(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        form = await _open(browser, town.begin)
        script = {"HX-Request": "true"}
        nothing = await browser.post("/refer", data=form, headers=script)
        assert "HX-Replace-Url" not in nothing.headers
        assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 0
        first = await browser.post("/refer", data={**form, "client.language": "ar"}, headers=script)
        address = first.headers["HX-Replace-Url"]
        assert address.startswith("/refer/")
        fields = hidden_fields(first.text)
        assert fields["draft"] == address.rpartition("/")[2]
        wrong = {**form, **fields, "client.language": "ar", "client.email": "no address", "reason": "Työtä"}
        second = await browser.post("/refer", data=wrong, headers=script)
        beside = re.search(r'<div id="told-email".*?</div>', second.text, re.DOTALL)
        assert beside is not None
        assert '<a href="#client.email">Sähköposti</a>' in beside[0]
        assert "Työtä" in second.text  # what the desk will see
        assert (await town.read(fields["draft"]))["reason"] == "Työtä"
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 1


async def test_what_the_desk_will_see_is_shown_as_it_will_see_it(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "en") as browser:
        kept = await browser.post("/refer", data={**await _open(browser, town.begin), **WORDS, "step": "keep"})
        page = (await browser.get(kept.headers["Location"])).text
        seen = page[page.index('<div id="desk-sees"') :]
        before, after = seen[: seen.index('<div id="deadline"')].split("After accepting, also")
    assert "Arabic" in before
    assert "Mieluiten aamupäivällä" in before
    for hidden in ("Esimerkki", "7654321", "Etsii"):
        assert hidden not in before
        assert hidden in after
    assert "Soita ensin" not in before + after
    referral_id = kept.headers["Location"].rpartition("/")[2]
    async with town.referral(town.adviser) as client:
        etag = (await client.get(f"/referrals/{referral_id}")).headers["ETag"]
        await client.post(f"/referrals/{referral_id}/send", json={}, headers={"If-Match": etag})
    seen_by_desk = await town.read(referral_id, town.desk)
    assert (seen_by_desk["client"], seen_by_desk["reason"]) == (None, None)
    assert seen_by_desk["shareable_note"] == "Mieluiten aamupäivällä"


@pytest.mark.parametrize("by", ["Asiakas Esimerkki", "0407654321", "reference"])
async def test_a_client_of_before_is_found_again_and_chosen_with_one_click(platform: Platform, by: str) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        first = await town.read(await _sent(browser, town))
        form = await _open(browser, f"/refer?service={(await town.kuopio.read('/services/business-advice'))['id']}")
        sought = first["reference"] if by == "reference" else by
        found = await browser.post("/refer", data={**form, "reason": "Uusi asia", "find": sought, "step": "find"})
        assert f'value="client:{first["client"]["id"]}"' in found.text
        assert typed(found.text)["reason"] == "Uusi asia"
        chosen = await browser.post(
            "/refer", data={**typed(found.text), "find": "", "step": f"client:{first['client']['id']}"}
        )
        again = await _open(browser, chosen.headers["Location"])
    assert (again["client.name"], again["client.language"], again["reason"]) == ("Esimerkki Asiakas", "ar", "Uusi asia")
    assert (await town.read(again["draft"]))["client"]["id"] == first["client"]["id"]


async def test_a_client_who_is_not_found_says_what_to_do(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        form = await _open(browser, town.begin)
        none = await browser.post("/refer", data={**form, "find": "Ei Kukaan", "step": "find"})
        assert "Asiakasta ei löytynyt" in none.text
        empty = await browser.post("/refer", data={**form, "step": "find"})
        assert '<a href="#find">' in empty.text


async def test_the_same_client_is_referred_again_in_one_click(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        first = await _sent(browser, town)
        after = (await browser.get(f"/refer/{first}/sent")).text
        assert f'href="/services?like={first}"' in after
        found = (await browser.get("/services", params={"like": first, "query": "yritys"})).text
        assert 'action="/refer/again"' in found
        service = (await town.kuopio.read("/services/business-advice"))["id"]
        data = {"csrf_token": await csrf_token(browser), "idempotency_key": str(uuid4())}
        answer = await browser.post("/refer/again", data={**data, "like": first, "service_id": service})
        form = await _open(browser, answer.headers["Location"])
    assert (form["client.name"], form["reason"]) == ("Esimerkki Asiakas", "")
    client = (await town.read(first))["client"]["id"]
    assert (await town.read(form["draft"]))["client"]["id"] == client


async def test_a_company_is_referred_by_its_business_id(platform: Platform) -> None:
    town = await _town(platform)
    company = {"client.kind": "company", "client.name": "Leipomo Oy", "client.business_id": "2077474-0"}
    async with portal_client(platform, town.adviser, "fi") as browser:
        referral_id = await _sent(browser, town, **company)
    client = (await town.read(referral_id))["client"]
    assert (client["kind"], client["business_id"], client["name"]) == ("company", "2077474-0", "Leipomo Oy")


async def test_a_referral_may_rest_on_a_statute(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "sv") as browser:
        form = {**await _open(browser, town.begin), **WORDS, "allows": "statute", "step": "send"}
        lacking = await browser.post("/refer", data=form)
        assert '<a href="#legal_basis.statute">' in lacking.text
        done = await browser.post(
            "/refer", data={**typed(lacking.text), "legal_basis.statute": "fi-681-2023", "step": "send"}
        )
        assert done.status_code == 303
    referral = await town.read(typed(lacking.text)["draft"])
    assert referral["legal_basis"]["statute"] == "fi-681-2023"


async def test_ones_own_service_is_not_referred_to(platform: Platform) -> None:
    town = await _town(platform)
    own = await town.kuopio.read("/services/guidance-for-newcomers")
    async with portal_client(platform, town.adviser, "fi") as browser:
        page = (await browser.get(f"/refer?service={own['id']}")).text
    assert "Tähän palveluun ei voi nyt ohjata" in page
    assert '<form id="refer"' not in page
    assert 'id="other-service"' in page


async def test_a_closure_is_told_before_sending(platform: Platform) -> None:
    town = await _town(platform)
    boss = await town.kuopio.enter_admin("north-savo-talent-hub")
    closed = {"closures": [{"starts_on": "2026-01-01", "ends_on": "2199-12-24"}]}
    path = f"/organizations/{town.service['organization_id']}/closures"
    assert (await town.kuopio.change("PUT", path, closed, who=boss)).status_code == 200
    await platform.settle()
    async with portal_client(platform, town.adviser, "fi") as browser:
        page = (await browser.get(town.begin)).text
    assert "Suljettu 24.12.2199 asti" in page


async def test_what_is_sent_is_no_draft_and_a_draft_is_not_sent(platform: Platform) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        referral_id = await _sent(browser, town)
        led = await browser.get(f"/refer/{referral_id}")
        assert led.headers["Location"] == f"/referrals/{referral_id}"
        kept = await browser.post("/refer", data={**await _open(browser, town.begin), "reason": "x", "step": "keep"})
        draft = kept.headers["Location"]
        assert (await browser.get(f"{draft}/sent")).headers["Location"] == draft
    coordinator = town.kuopio.people["coordinator@kuopio.example"]
    async with portal_client(platform, coordinator, "fi") as browser:
        assert (await browser.get(f"/refer/{referral_id}")).status_code == 403


@pytest.mark.parametrize(
    ("language", "spoken", "direction"), [("ar", "ar", "rtl"), ("uk", "uk", "ltr"), ("so", "en", "ltr")]
)
async def test_the_consent_text_is_shown_in_the_client_s_language(
    platform: Platform, language: str, spoken: str, direction: str
) -> None:
    town = await _town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        answer = await browser.get("/refer/consent", params={"service": town.service["id"], "language": language})
    assert answer.status_code == 200
    article = re.search(r'<article [^>]*lang="(\w+)" dir="(\w+)"', answer.text)
    assert article is not None
    assert article.groups() == (spoken, direction)
    assert texts.text("consent.read", spoken) in unescape(answer.text)
    assert '<html lang="fi"' in answer.text  # the page around it is the adviser's


@pytest.mark.parametrize(
    ("typed_text", "kind"),
    [
        ("KUO-7F3K-92", "reference"),
        ("7f3k92", "reference"),
        ("kuo 7f3k 92", "reference"),
        ("KUO-7F3K-P9A", "reference"),
        ("7f3kp9a", "reference"),
        ("040 123 4567", "phone"),
        ("+358401234567", "phone"),
        ("a@b.example", "email"),
        ("2077474-0", "business_id"),
        ("FI20774740", "business_id"),
        ("Ahmed", "name"),
        ("Anna-Liisa Ö", "name"),
    ],
)
def test_what_was_typed_to_find_a_client_is_told_apart(typed_text: str, kind: str) -> None:
    assert kind_of(typed_text) == kind


def test_a_client_is_told_things_in_their_language_or_in_english() -> None:
    assert [client_language(tag) for tag in ("ar", "uk", "fi", "so", "zh-Hant")] == ["ar", "uk", "fi", "en", "en"]
    for count, form in ((1, "дня"), (2, "днів"), (5, "днів")):
        assert form in texts.plural("consent.slip.answer", count, "uk", day="x")
    said = {
        texts.plural("consent.slip.answer", count, "ar", day="x").replace(texts.number(count, "ar"), "")
        for count in (1, 2, 3, 11)
    }
    assert len(said) == 4


def test_the_form_says_of_a_draft_what_the_draft_says_of_the_form() -> None:
    form = Form("fi", {name: [value] for name, value in WORDS.items()})
    form.values["client.phone"] = ["+358 40 7654321"]
    form.values |= {"legal_basis.consent.given_on": ["2026-11-02"], "legal_basis.consent.scope": ["kaikki"]}
    body = fields.body_of(form)
    draft = {**body, "client": {"email": None, "business_id": None, **body["client"]}}
    again = fields.filled(draft, "fi")
    assert fields.body_of(again) == body


def test_what_was_not_accepted_is_left_out_and_nothing_else() -> None:
    body = {"client": {"language": "ar", "email": "x"}, "reason": "y", "legal_basis": {"kind": "consent"}}
    assert fields.without(body, ["client.email"]) == {**body, "client": {"language": "ar"}}
    assert fields.without(body, ["legal_basis.consent.given_on", "reason"]) == {"client": body["client"]}
    assert fields.without(body, ["client.language", "unknown"]) == body
    assert body["client"] == {"language": "ar", "email": "x"}


def test_the_languages_of_the_service_come_first_and_the_others_by_name() -> None:
    options = fields.language_options(["uk", "fi"], "", "fi")
    assert [each["value"] for each in options[:2]] == ["uk", "fi"]
    names = [each["label"] for each in options[2:]]
    assert names.index("arabia") < names.index("englanti") < names.index("venäjä")
    assert fields.language_options([], "zza", "en")[-1]["value"]
    assert facts.PLATFORM_RESPONSE_DAYS == 2
