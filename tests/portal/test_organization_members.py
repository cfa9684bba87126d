"""Members of an organisation in the portal: invited, changed, let go with a deputy, brought back."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.builders import Someone
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.platform import Platform
from tests.portal.filled_form import changed, complaints, fields_of, fill_in, post
from tests.portal.signed_in import portal_client

DESK = "desk@businesskuopio.example"


@dataclass(frozen=True)
class Place:
    """Business Kuopio with an administrator of its own."""

    town: Kuopio
    boss: Someone
    path: str

    def member(self, email: str) -> str:
        """The address of a member's page."""
        return f"{self.path}/members/{self.town.people[email].id}"


@pytest.fixture
async def place(platform: Platform) -> Place:
    town = await kuopio(platform)
    boss = town.people[await town.enter_admin("business-kuopio")]
    await platform.settle()
    return Place(town, boss, f"/organizations/{boss.organization_id}")


async def test_a_member_is_invited(platform: Platform, place: Place) -> None:
    async with portal_client(platform, place.boss, "fi") as browser:
        new: dict[str, Any] = {
            "email": "uusi@businesskuopio.example",
            "roles": ["adviser", "recipient"],
            "language": "sv",
        }
        answer = await fill_in(browser, f"{place.path}/members/new", **new)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{place.path}/members?done=invited")
        page = (await browser.get(answer.headers["Location"])).text
    assert "Kutsu on lähtenyt sähköpostilla." in page
    assert "uusi@businesskuopio.example" in page
    found = (await place.town.client(place.boss.email).get("/members")).json()["contents"]
    [entered] = [each for each in found if each["email"] == "uusi@businesskuopio.example"]
    assert (entered["roles"], entered["language"]) == (["adviser", "recipient"], "sv")
    told = await place.town.last_event("catalog.member_changed.v1")
    assert (told["data"]["id"], told["data"]["invited"]) == (entered["id"], "entered")


async def test_every_page_about_an_organisation_stands_in_its_frame(platform: Platform, place: Place) -> None:
    member = f"/members/{place.town.people[DESK].id}/sign-in"
    places = ("", "/members", "/services", "/details", "/locations", "/closures", "/sign-in", "/figures", "/deliveries")
    async with portal_client(platform, place.boss) as browser:
        for address, part in [*((place.path + each, each) for each in places), (member, "/members")]:
            page = (await browser.get(address)).text
            head, side = page.index('class="menu nav'), page.index('id="side"')
            assert f'href="{place.path}" aria-current' in page[head:side], f"{address}: marked in the head"
            assert f'href="{place.path}{part}" aria-current="page"' in page[side:], f"{address}: marked at the side"
            assert "Business Kuopio" in page
        assert f'class="back" href="{place.member(DESK)}"' in (await browser.get(member)).text


async def test_an_invitation_pressed_twice_is_one(platform: Platform, place: Place) -> None:
    async with portal_client(platform, place.boss) as browser:
        page = (await browser.get(f"{place.path}/members/new")).text
        fields = changed(fields_of(page), email="twice@businesskuopio.example", roles="adviser", language="en")
        answers = [await post(browser, f"{place.path}/members/new", fields) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303]


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"email": "osoite"}, "email", "desk@example.org"),
        ({"email": ""}, "email", "Puuttuu"),
        ({"email": DESK}, "email", "jo"),
        ({"roles": None}, "roles", "vähintään"),
        ({"language": "xx"}, "language", "fi"),
    ],
    ids=["no address", "empty", "taken", "no role", "language"],
)
async def test_what_is_wrong_with_an_invitation_is_said_beside_its_field(
    platform: Platform, place: Place, typed: dict[str, Any], field: str, said: str
) -> None:
    good: dict[str, Any] = {"email": "uusi@businesskuopio.example", "roles": "adviser", "language": "fi"}
    async with portal_client(platform, place.boss, "fi") as browser:
        answer = await fill_in(browser, f"{place.path}/members/new", **{**good, **typed})
    assert answer.status_code == 422
    assert said.casefold() in complaints(answer.text)[field].casefold()
    assert f'value="{ {**good, **typed}["email"] }"' in answer.text


async def test_what_is_wrong_is_said_at_the_head_of_which_field(platform: Platform, place: Place) -> None:
    async with portal_client(platform, place.boss, "fi") as browser:
        nobody = await fill_in(browser, f"{place.path}/members/new", email="", roles=None)
        nameless = await fill_in(browser, f"{place.path}/details", name__fi="x" * 300)
    assert [said.partition(": ")[0] for said in complaints(nobody.text).values()] == ["Sähköposti", "Roolit"]
    assert [said.partition(": ")[0] for said in complaints(nameless.text).values()] == ["Nimi, suomeksi"]
    assert "Sähköposti:" not in nobody.text.partition("</ul>")[2].partition('id="editing"')[2], "beside it, no name"


async def test_only_the_platform_gives_the_role_of_coordinator(platform: Platform, place: Place) -> None:
    path = f"{place.path}/members/new"
    async with portal_client(platform, place.boss) as browser:
        assert 'value="coordinator"' not in (await browser.get(path)).text
        forged = await fill_in(browser, path, email="c@businesskuopio.example", roles="coordinator", language="fi")
        assert forged.status_code == 422
        assert "only an administrator of the platform gives that role" in forged.text
    async with portal_client(platform, place.town.people["admin@luotsi.example"]) as browser:
        given = await fill_in(browser, path, email="c@businesskuopio.example", roles="coordinator", language="fi")
        assert given.status_code == 303


async def test_a_member_is_changed_and_what_was_left_alone_is_not_said_again(platform: Platform, place: Place) -> None:
    path = place.member(DESK)
    async with portal_client(platform, place.boss) as browser:
        answer = await fill_in(browser, path, language="en")
        assert answer.status_code == 303, answer.text.split("problems-title")[-1][:600]
        unchanged = await fill_in(browser, path)
        assert unchanged.status_code == 303
    member = (await place.town.client(place.boss.email).get(path.removeprefix(place.path))).json()
    assert (member["language"], member["version"]) == ("en", 2)


async def test_a_deputy_who_could_not_act_is_refused_beside_the_field(platform: Platform, place: Place) -> None:
    async with portal_client(platform, place.boss, "en") as browser:
        answer = await fill_in(browser, place.member(DESK), deputy_id=str(place.boss.id))
    assert "give it the role" in complaints(answer.text)["deputy_id"]


async def test_a_stale_version_shows_what_changed_and_keeps_what_was_typed(platform: Platform, place: Place) -> None:
    path = place.member(DESK)
    async with portal_client(platform, place.boss, "en") as browser:
        fields = fields_of((await browser.get(path)).text)
        await fill_in(browser, path, roles=["recipient", "admin"], email="other@businesskuopio.example")
        stale = await post(browser, path, changed(fields, email="mine@businesskuopio.example"))
        assert stale.status_code == 422, stale.text
        assert "Somebody else changed these, and the changes are now in the form: Roles." in stale.text
        assert "<strong>E-mail</strong>: other@businesskuopio.example" in stale.text
        again = await post(browser, path, fields_of(stale.text))
        assert again.status_code == 303
    member = (await place.town.client(place.boss.email).get(path.removeprefix(place.path))).json()
    assert (member["email"], member["roles"]) == ("mine@businesskuopio.example", ["recipient", "admin"])


async def test_a_member_leaves_with_a_deputy_and_comes_back(platform: Platform, place: Place) -> None:
    path = place.member(DESK)
    async with portal_client(platform, place.boss, "en") as browser:
        page = (await browser.get(f"{path}/deactivate")).text
        assert "This is the only recipient." in page
        await fill_in(
            browser, f"{place.path}/members/new", email="d@x.example", roles=["adviser", "recipient"], language="fi"
        )
        members = (await place.town.client(place.boss.email).get("/members")).json()["contents"]
        deputy = next(each["id"] for each in members if each["email"] == "d@x.example")
        refused = await fill_in(browser, f"{path}/deactivate", deputy_id=str(place.boss.id))
        assert "deputy_id" in complaints(refused.text)
        left = await fill_in(browser, f"{path}/deactivate", deputy_id=deputy)
        assert left.headers["Location"] == f"{place.path}/members?done=left"
        member = (await place.town.client(place.boss.email).get(path.removeprefix(place.path))).json()
        assert (member["active"], member["deputy_id"]) == (False, deputy)
        back = await fill_in(browser, path, f"{path}/activate")
        assert back.headers["Location"] == f"{place.path}/members?done=returned"
        member = (await place.town.client(place.boss.email).get(path.removeprefix(place.path))).json()
        assert member["active"] is True


async def test_a_coordinators_account_is_the_platforms_to_change(platform: Platform, place: Place) -> None:
    town = place.town
    city = town.people[await town.enter_admin("kuopio", email="boss@kuopio.example")]
    await platform.settle()
    path = f"/organizations/{city.organization_id}/members/{town.people['coordinator@kuopio.example'].id}"
    async with portal_client(platform, city, "en") as browser:
        page = (await browser.get(path)).text
        assert 'type="email"' not in page
        assert (await fill_in(browser, path, language="en")).status_code == 303
        forged = await fill_in(browser, path, email="mine@kuopio.example")
        assert forged.status_code == 303
    member = (await town.client("boss@kuopio.example").get(f"/members/{path.rpartition('/')[2]}")).json()
    assert (member["language"], member["email"]) == ("en", "coordinator@kuopio.example")
