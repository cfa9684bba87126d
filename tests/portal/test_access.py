"""Every route of the portal by nobody signed in by each role: only those get in whom its `Access` names."""

import re
from uuid import uuid4

import pytest

from services.portal.domain.roles import ROLES
from services.portal.pages.access import Access
from services.portal.pages.visitor import LIVE
from shared import portal_paths
from shared.actors import PLATFORM_SLUG
from tests.builders import CatalogueFacts, Someone
from tests.platform import ISSUER, Platform
from tests.portal.routes import portal_routes
from tests.portal.signed_in import csrf_token, portal_client

FOR_ANYBODY = frozenset(
    {
        *("/accessibility", "/feedback", "/feedback/sent"),
        *("/", "/sign-in", "/sign-in/account", "/sign-out", "/sign-out/provider", "/signed-out"),
        *("/sign-in/mail", "/sign-in/code", "/sign-in/link/{token}", "/sign-in/organization", "/sign-in/recovery"),
        *("/sign-in/second", "/sign-in/second/app", "/sign-in/second/passkey", "/sign-in/second/passkey/options"),
        *("/sign-in/passkey", "/sign-in/passkey/options"),
        *("/sign-in/at/{slug}", "/sign-in/provider/{slug}", "/sign-in/provider/answer", "/sign-in/linking"),
        *("/static/{digest}/{name}", "/favicon.ico", "/robots.txt", "/.well-known/jwks.json"),
    }
)
"""What needs no session; all else has to ask for one."""
_WITHOUT_PAGE = frozenset({"/static/{digest}/{name}", "/favicon.ico", "/robots.txt", "/.well-known/jwks.json"})


def _address(path: str) -> str:
    return re.sub(r"\{[^}]*\}", lambda _: str(uuid4()), path)


async def _people(platform: Platform) -> dict[str, Someone]:
    """Somebody with each role alone, and an administrator of the platform."""
    facts = CatalogueFacts(platform)
    organization = await facts.organization("somewhere")
    operator = await facts.organization(PLATFORM_SLUG)
    people: dict[str, Someone] = {
        role: await facts.member(f"{role}@somewhere.example", organization, role) for role in ROLES
    }
    people["platform"] = await facts.member("admin@luotsi.example", operator, "admin")
    await platform.settle()
    return people


def test_every_page_says_who_may_see_it(platform_session: Platform) -> None:
    public = {path for _, path, access in portal_routes(platform_session) if access is None or access.public}
    assert public == FOR_ANYBODY
    without = {path for _, path, access in portal_routes(platform_session) if access is None}
    assert without == _WITHOUT_PAGE


def test_every_page_that_other_services_link_to_is_there(platform_session: Platform) -> None:
    pages = {path for method, path, _ in portal_routes(platform_session) if method == "GET"}
    assert {portal_paths.REFERRAL, portal_paths.OVERVIEW, portal_paths.SIGN_IN} <= pages


async def test_who_is_not_signed_in_is_led_to_sign_in(platform: Platform) -> None:
    async with portal_client(platform) as browser:
        for method, path, access in portal_routes(platform):
            if access is None or access.public:
                continue
            answer = await browser.request(method, _address(path))
            if path == LIVE:
                assert answer.status_code == 204, "a stream is no page, and ends"
                continue
            assert answer.status_code == 303, f"{method} {path}: {answer.status_code}"
            assert answer.headers["Location"].startswith("/sign-in"), f"{method} {path}"


async def test_who_has_not_the_role_does_not_get_in(platform: Platform) -> None:
    people = await _people(platform)
    for role, who in people.items():
        async with portal_client(platform, who) as browser:
            token = await csrf_token(browser)
            for method, path, access in portal_routes(platform):
                if access is None or access.public or _is_for(access, role):
                    continue
                answer = await browser.request(method, _address(path), data={"csrf_token": token})
                expected = 404 if access.platform else 403
                assert answer.status_code == expected, f"{method} {path} as {role}: {answer.status_code}"


def _is_for(access: Access, role: str) -> bool:
    if access.platform:
        return role == "platform"
    return not access.roles or ("admin" if role == "platform" else role) in access.roles


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": "", "Origin": ""},
    ],
)
async def test_no_form_of_another_site_is_taken(platform: Platform, headers: dict[str, str]) -> None:
    people = await _people(platform)
    async with portal_client(platform, people["adviser"]) as browser:
        token = await csrf_token(browser)
        given = {name: value for name, value in headers.items() if value}
        for name in ("Sec-Fetch-Site", "Origin"):
            del browser.headers[name]
        for method, path, access in portal_routes(platform):
            if method == "GET" or access is None:
                continue
            answer = await browser.request(method, _address(path), data={"csrf_token": token}, headers=given)
            assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"
        still = await browser.get("/account/organization")
        assert still.status_code == 200  # not even signed out


async def test_no_form_without_the_token_of_the_session_is_taken(platform: Platform) -> None:
    people = await _people(platform)
    async with (
        portal_client(platform, people["recipient"]) as other,
        portal_client(platform, people["adviser"]) as mine,
    ):
        foreign = await csrf_token(other)
        for token in (None, foreign, "0" * 64):
            for method, path, access in portal_routes(platform):
                if method == "GET" or access is None or access.platform or not access.allows_roles(["adviser"]):
                    continue
                data = {} if token is None else {"csrf_token": token}
                answer = await mine.request(method, _address(path), data=data)
                assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"
        assert (await mine.get("/account/organization")).status_code == 200


async def test_every_answer_is_guarded(platform: Platform) -> None:
    people = await _people(platform)
    async with portal_client(platform) as visitor, portal_client(platform, people["adviser"]) as member:
        for browser in (visitor, member):
            for method, path, _ in portal_routes(platform):
                answer = await browser.request(method, _address(path))
                policy = answer.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'"), path
                assert "frame-ancestors 'none'" in policy
                assert "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "same-origin"
                assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
                if path not in _WITHOUT_PAGE:
                    assert answer.headers["Cache-Control"] == "no-store", path


async def test_a_host_header_is_not_led_to(platform: Platform) -> None:
    async with portal_client(platform) as browser:
        answer = await browser.get("/account/organization", headers={"Host": "elsewhere.example"})
    assert answer.headers["Location"].startswith("/")
    assert ISSUER.startswith("http://localhost")
