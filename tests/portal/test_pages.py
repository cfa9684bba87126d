"""What all pages have in common: languages, files, problems with a way out, parts that are away."""

from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr

from services.portal import texts
from services.portal.clients.api import ApiProblem, Away, or_away, side_by_side
from services.portal.main import create_app
from services.portal.pages.forms import parse_form
from services.portal.pages.static_files import StaticFiles
from services.portal.queries.accounts import find_account
from shared.clock import utc_now
from shared.problems import Problem
from tests.builders import small_town
from tests.platform import ISSUER, Platform
from tests.portal.signed_in import portal_client


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [
        ("sv-FI,sv;q=0.9", "sv"),
        ("ar,en;q=0.5", "en"),
        ("en;q=0.1, fi;q=0.2", "fi"),
        ("", "fi"),
        ("de", "fi"),
        (";q=", "fi"),
    ],
)
async def test_a_visitor_reads_the_language_of_the_browser(platform: Platform, accepted: str, shown: str) -> None:
    async with platform.browser(**{"Accept-Language": accepted}) as browser:
        answer = await browser.get("/")
    assert f'<html lang="{shown}" dir="ltr">' in answer.text
    assert answer.headers["Content-Language"] == shown


async def test_a_visitor_chooses_a_language_in_the_address_and_keeps_it_to_the_sign_in_page(platform: Platform) -> None:
    async with portal_client(platform, language="fi") as browser:
        answer = await browser.get("/?lang=sv")
        assert '<html lang="sv"' in answer.text
        assert 'href="/sign-in?lang=sv"' in answer.text
        assert not answer.headers.get("Set-Cookie")


async def test_a_member_reads_the_language_of_the_account_until_choosing_another(platform: Platform) -> None:
    town = await small_town(platform)  # where the adviser's account is in Finnish
    async with portal_client(platform) as browser:
        await browser.post("/sign-in/account", data={"member_id": str(town.adviser.id)})
        assert '<html lang="fi"' in (await browser.get("/")).text
        assert '<html lang="sv"' in (await browser.get("/?lang=sv")).text
        assert '<html lang="sv"' in (await browser.get("/")).text
        assert '<html lang="sv"' in (await browser.get("/?lang=de")).text


async def test_static_files_are_kept_for_ever_under_an_address_of_their_content(platform: Platform) -> None:
    files = StaticFiles()
    async with platform.browser() as browser:
        page = (await browser.get("/")).text
        for name in ("tokens.css", "portal.css", "favicon.svg"):
            assert files.address(name) in page
            answer = await browser.get(files.address(name))
            assert answer.content == files.files[name]
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        former = await browser.get(f"/static/{'0' * 16}/tokens.css")
        assert former.headers["Cache-Control"] == "no-cache"
        for wrong in ("../main.py", "..%2fmain.py", "nothing.css"):
            assert (await browser.get(f"/static/{files.digest}/{wrong}")).status_code == 404


def test_the_address_of_static_files_changes_with_their_content(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "one.css").write_text("a {}")
    before = StaticFiles(tmp_path)
    (tmp_path / "one.css").write_text("b {}")
    assert StaticFiles(tmp_path).address("one.css") != before.address("one.css")
    with pytest.raises(LookupError):
        before.address("two.css")


@pytest.mark.parametrize("path", ["/nothing", "/account/organization/no", "/static/no/no"])
async def test_what_is_not_there_is_a_page_with_a_way_out(platform: Platform, path: str) -> None:
    async with portal_client(platform, language="sv") as browser:
        answer = await browser.get(path)
    assert answer.status_code == 404
    assert "Sidan finns inte" in answer.text
    assert '<a class="button secondary" href="/">' in answer.text


async def test_a_form_of_another_site_is_answered_with_a_page(platform: Platform) -> None:
    town = await small_town(platform)
    async with portal_client(platform, town.adviser, "fi") as browser:
        answer = await browser.post("/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "Lomaketta ei lähetetty tältä sivustolta" in answer.text


async def test_too_many_requests_are_a_page(platform: Platform) -> None:
    settings = platform.settings["portal"].model_copy(update={"address_requests_per_minute": 1})
    app = create_app(settings)
    try:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ISSUER) as browser:
            await browser.get("/")
            answer = await browser.get("/")
    finally:
        await app.state.luotsi.close()
    assert answer.status_code == 429
    assert answer.headers["Retry-After"].isdigit()
    assert "Liian monta pyyntöä" in answer.text


async def test_a_database_that_is_away_is_a_page(platform: Platform) -> None:
    absent = SecretStr("postgresql://portal:portal@127.0.0.1:9/portal")
    app = create_app(platform.settings["portal"].model_copy(update={"database_url": absent}))
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as browser:
            browser.cookies.set("luotsi", "somebody")
            answer = await browser.get("/account/organization", headers={"Accept-Language": "en"})
    finally:
        await app.state.luotsi.close()
    assert answer.status_code == 503
    assert "does not answer at the moment" in answer.text
    assert '<a class="button secondary" href="/">' in answer.text


async def test_an_api_is_asked_for_the_member(platform: Platform) -> None:
    town = await small_town(platform)
    state = platform.apps["portal"].state.luotsi
    async with platform.databases["portal"].reading() as reader:
        account = await find_account(reader, town.adviser.id)
    assert account is not None
    counts = await state.api("referral", account, "sv").get("/referrals/counts")
    assert {each["box"] for each in counts["contents"]} == {"sent"}
    assert counts.etag


async def test_what_an_api_refuses_is_typed_and_one_that_is_away_is_a_value(platform: Platform) -> None:
    town = await small_town(platform)
    state = platform.apps["portal"].state.luotsi
    away = create_app(platform.settings["portal"].model_copy(update={"notifications_url": "http://127.0.0.1:9"}))
    async with platform.databases["portal"].reading() as reader:
        account = await find_account(reader, town.adviser.id)
    api = state.api("referral", account, "fi")
    with pytest.raises(ApiProblem) as refused:
        await api.get("/referrals/{id}", id=uuid4())
    assert (refused.value.status, refused.value.name) == (404, "not-found")
    try:
        absent = away.state.luotsi.api("notifications", account, "fi")
        counts, notices = await side_by_side(api.get("/referrals/counts"), absent.get("/notices"))
        assert counts["contents"]
        assert isinstance(notices, Away)
        assert isinstance(await or_away(absent.get("/notices")), Away)
        with pytest.raises(ApiProblem):
            await side_by_side(api.get("/referrals/{id}", id=uuid4()), absent.get("/notices"))
    finally:
        await away.state.luotsi.close()


def test_a_form_is_read_as_it_was_typed() -> None:
    form = parse_form(b"name=%C3%84iti+%2B+is%C3%A4&tick=&role=a&role=b&text=1%0D%0A2", "fi")
    assert form.text("name") == "Äiti + isä"
    assert form.all("role") == ["a", "b"]
    assert form.value("text") == "1\n2"
    assert not form.checked("tick")
    assert form.optional("absent") is None


@pytest.mark.parametrize("body", [b"a=%FF", b"\xff", b"&".join([b"a=1"] * 2501)])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        parse_form(body, "fi")
    assert refused.value.status == 400


def test_days_times_and_numbers_are_written_as_people_write_them() -> None:
    moment = "2026-12-24T21:30:00Z"
    assert texts.day(moment, "fi") == "24.12.2026"
    assert texts.clock_time(moment, "fi") == "23.30"
    assert texts.clock_time("2026-07-01T21:30:00Z", "sv") == "00:30"
    assert texts.day("2026-07-01T21:30:00Z", "en") == "2 Jul 2026"
    assert texts.number(12345.5, "fi") == "12\u00a0345,5"
    assert texts.name({"fi": "Neuvonta", "sv": None, "en": "Advice"}, "sv") == "Neuvonta"
    assert (
        texts.how_long_ago("2026-12-24T21:30:00Z", utc_now().replace(2026, 12, 25, 21, 30, 0, 0), "en") == "1 day ago"
    )
