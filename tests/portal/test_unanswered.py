"""A form that is sent while an API is away comes back with all that was typed, and goes through later, once."""

import re
from collections.abc import AsyncIterator
from html import unescape
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from tests.platform import Platform
from tests.portal.away import WAYS, away
from tests.portal.routes import portal_routes
from tests.portal.seeded import Seeded, seeded_platform
from tests.portal.signed_in import csrf_token, hidden_fields, portal_client

WORDS = "Sanoja, joita ei saa kadota: <b>ensi viikolla</b>"
SAID = "Voit lähettää sen turvallisesti uudelleen"


@pytest_asyncio.fixture(scope="module")
async def seeded(platform_session: Platform) -> AsyncIterator[Seeded]:
    """A platform with something on every page."""
    await platform_session.empty()
    yield await seeded_platform(platform_session)


def on_the_page(page: str) -> dict[str, str]:
    """The fields of the form that was kept."""
    form = page[page.index('id="kept"') :]
    form = form[: form.index("</form>")]
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    found |= dict(re.findall(r'<textarea name="([^"]+)" hidden>\n([^<]*)</textarea>', form))
    return {name: unescape(value) for name, value in found.items()}


async def test_every_form_comes_back_with_what_was_typed_and_its_key(seeded: Seeded) -> None:
    asked = []
    for method, path, access in portal_routes(seeded.platform):
        who = seeded.person_for(access)
        by_itself = path.startswith("/account/") or "/sign-in" in path
        if method != "POST" or who is None or by_itself:
            continue
        values = {name: str(uuid4()) for name in re.findall(r"\{(\w+)", path) if name not in seeded.values}
        referral = seeded.referrals["requested"]
        form = {
            "idempotency_key": str(uuid4()),
            "etag": '"7"',
            "text": WORDS,
            "two lines": f"{WORDS}\nja toinen",
            "service_id": seeded.values["service"],
            "like": referral,
            "command": "accept",
            "chosen": f"{referral}:1",
            "up_to": str(uuid4()),
        }
        async with portal_client(seeded.platform, who, "fi") as browser:
            token = await csrf_token(browser)
            async with away(seeded.platform):
                answer = await browser.post(seeded.address(path, **values), data={"csrf_token": token, **form})
        assert answer.status_code == 503, f"{path}: {answer.status_code}"
        assert SAID in answer.text, path
        assert 'id="problems"' in answer.text, path
        assert on_the_page(answer.text) == {"csrf_token": token, **form}, path
        assert f'action="{seeded.address(path, **values)}"' in answer.text
        asked.append(path)
    assert len(asked) > 30, asked


@pytest.mark.parametrize("how", WAYS)
async def test_a_message_goes_through_later_once(seeded: Seeded, how: str) -> None:
    path, words = f"/referrals/{seeded.referrals['accepted']}", f"{WORDS} {how}"
    async with portal_client(seeded.platform, seeded.people["adviser"], "fi") as browser:
        form = {**hidden_fields((await browser.get(path)).text), "text": words}
        async with away(seeded.platform, "referral", how=how):
            answer = await browser.post(f"{path}/messages", data=form)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert SAID in answer.text
        back = on_the_page(answer.text)
        assert back["text"] == words
        for _ in range(2):
            assert (await browser.post(f"{path}/messages", data=back)).status_code == 303
        page = (await browser.get(path)).text
    assert page.count(words.replace("<", "&lt;").replace(">", "&gt;")) == 1


async def test_a_step_whose_answer_was_lost_is_not_taken_twice(seeded: Seeded) -> None:
    """The desk's word had arrived, but the portal did not hear so: its page says nothing was lost, and goes on."""
    platform, path = seeded.platform, f"/referrals/{seeded.referrals['on-hold']}"
    async with portal_client(platform, seeded.people["recipient"], "fi") as browser:
        form = _form_of(await browser.get(path), f"{path}/resume")
        state = platform.apps["portal"].state.luotsi
        reached = state._http["referral"]
        state._http["referral"] = httpx2.AsyncClient(transport=_Deaf(reached._transport))
        try:
            done = await browser.post(f"{path}/resume", data=form)
        finally:
            state._http["referral"] = reached
    assert done.status_code == 303, done.text
    assert done.headers["Location"] == f"{path}?done=resume"


def _form_of(answer: httpx2.Response, action: str) -> dict[str, str]:
    start = answer.text.index(f'action="{action}"')
    found = hidden_fields(answer.text[start : answer.text.index("</form>", start)])
    return {name: unescape(value) for name, value in found.items()}


class _Deaf(httpx2.AsyncBaseTransport):
    """A way on which the answers to what changes something are lost."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._inner.handle_async_request(request)
        if request.method != "GET":
            await answer.aclose()
            raise httpx2.ReadTimeout("lost", request=request)
        return answer


async def test_the_form_itself_comes_back_where_its_page_can_be_had(seeded: Seeded) -> None:
    platform = seeded.platform
    path = f"/organizations/{seeded.values['organization_id']}/members/new"
    async with portal_client(platform, seeded.people["admin"], "fi") as browser:
        form = {**hidden_fields((await browser.get(path)).text), "email": "joku@uusi.example", "language": "sv"}
        state = platform.apps["portal"].state.luotsi
        reached = state._http["catalog"]
        state._http["catalog"] = httpx2.AsyncClient(transport=_Deaf(reached._transport))
        try:
            answer = await browser.post(path, data=form)
        finally:
            state._http["catalog"] = reached
    assert answer.status_code == 503
    assert SAID in answer.text
    assert 'value="joku@uusi.example"' in answer.text
    assert hidden_fields(answer.text)["idempotency_key"] == form["idempotency_key"]
