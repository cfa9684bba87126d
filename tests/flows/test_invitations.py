"""Invitations: whoever an administrator lets in is told so by mail, with the way in, and nobody else is."""

from email.message import EmailMessage
from typing import Any

import pytest

from services.catalog.use_cases.administration import make_admin
from shared.portal_paths import sign_in_url
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.flows.notifications_mailing import Clock, delivery_queue, read
from tests.platform import Platform

JSON = dict[str, Any]
NEW: JSON = {"email": "new@uef.example", "language": "fi", "roles": ["adviser", "recipient"]}


async def mails(platform: Platform) -> list[EmailMessage]:
    """What was sent, once all events have gone round and the queue is empty."""
    await platform.settle()
    queue = delivery_queue(platform, Clock())
    while await queue.step():
        pass
    return sorted((read(path) for path in platform.mail.glob("*.eml")), key=lambda mail: str(mail["To"]))


async def entered(town: Kuopio, **changes: Any) -> JSON:
    """A member whom the administrator of UEF has entered."""
    boss = await town.enter_admin("uef", email="boss@uef.example")
    answer = await town.client(boss).post("/members", json=NEW | changes)
    assert answer.status_code == 201, answer.text
    member: JSON = answer.json()
    return member


WORDS = {
    "fi": (
        "Sinulla on nyt tili Luotsissa",
        "Itä-Suomen yliopisto on lisännyt sinut Luotsiin",
        "Roolisi: ohjaaja ja ohjausten vastaanottaja.",
        "Kirjaudu sisään: ",
    ),
    "sv": (
        "Du har nu ett konto i Luotsi",
        "Östra Finlands universitet har lagt till dig i Luotsi",
        "Dina roller: handledare och mottagare av hänvisningar.",
        "Logga in: ",
    ),
    "en": (
        "You have an account in Luotsi now",
        "University of Eastern Finland has entered you in Luotsi",
        "Your roles: adviser and recipient of referrals.",
        "Sign in: ",
    ),
}


@pytest.mark.parametrize("language", list(WORDS))
async def test_whoever_is_entered_gets_a_mail_that_leads_in(platform: Platform, language: str) -> None:
    town = await kuopio(platform)
    await entered(town, language=language)
    invitation = next(mail for mail in await mails(platform) if mail["To"] == NEW["email"])
    subject, *phrases = WORDS[language]
    assert invitation["Subject"] == subject
    body = " ".join(invitation.get_content().split())
    assert not [phrase for phrase in phrases if phrase.strip() not in body], body
    public_url = platform.settings["notifications"].public_url
    assert [word for word in body.split() if "://" in word] == [sign_in_url(public_url)], "no token, and nowhere else"
    assert invitation["Content-Language"] == language
    assert sorted(mail["To"] for mail in await mails(platform)) == ["boss@uef.example", NEW["email"]]


async def test_it_stands_in_the_inbox_too_and_is_seen_like_any_notice(platform: Platform) -> None:
    town = await kuopio(platform)
    member = await entered(town, language="en")
    await platform.settle()
    town = await kuopio(platform)
    async with platform.client("notifications", town.people[NEW["email"]]) as client:
        (notice,) = (await client.get("/notices")).json()["contents"]
        assert (notice["event_type"], notice["organization"]) == (
            "catalog.member_changed.v1",
            "University of Eastern Finland",
        )
        assert (notice["referral_id"], notice["status"]) == (None, None)
        assert notice["link"].endswith("/sign-in")
        assert (await client.post(f"/notices/{notice['id']}/seen")).status_code == 200
    assert member["id"] == str(town.people[NEW["email"]].id)


async def test_whoever_is_active_again_is_told_whatever_was_chosen(platform: Platform) -> None:
    town = await kuopio(platform)
    await platform.settle()
    desk = town.people["desk@uef.example"]
    async with platform.client("notifications", desk) as client:
        assert (await client.put("/preferences", json={"email": False, "language": "en"})).status_code == 200
    path = f"/members/{desk.id}"
    for active in (False, True, True):
        assert (await town.change("PATCH", path, {"active": active})).status_code == 200
    (mail,) = await mails(platform)
    assert (mail["To"], mail["Subject"]) == (desk.email, "Your account in Luotsi is active again")


async def test_nobody_is_told_of_what_lets_nobody_in(platform: Platform) -> None:
    """Not who was seeded, not who was made an administrator by the operator, and of no other change."""
    town = await kuopio(platform)
    async with platform.databases["catalog"].transaction() as tx:
        assert await make_admin(tx, "first@luotsi.example", "luotsi")
        assert await make_admin(tx, "desk@kompassi.example", "kompassi")
    path = f"/members/{town.people['desk@uef.example'].id}"
    for change in ({"language": "sv"}, {"roles": ["recipient"]}, {"active": False}, {"roles": ["adviser"]}):
        assert (await town.change("PATCH", path, change)).status_code == 200
    assert await mails(platform) == []
    assert await platform.scalar("notifications", "SELECT count(*) FROM notices") == 0


async def test_who_left_again_is_not_invited_and_nobody_is_in_their_place(platform: Platform) -> None:
    town = await kuopio(platform)
    member = await entered(town)
    await platform.settle()
    gone = await town.change("PATCH", f"/members/{member['id']}", {"active": False})
    assert gone.status_code == 200, gone.text
    sent = await mails(platform)
    assert [mail["To"] for mail in sent] == ["boss@uef.example"], "what was not sent yet is withdrawn"
    to_others = "SELECT count(*) FROM notices WHERE recipient_member_id <> :id AND event_type LIKE 'catalog.member%'"
    assert await platform.scalar("notifications", to_others, id=member["id"]) == 1, "that of the administrator alone"
    again = {"email": "brief@uef.example", "roles": ["adviser"]}
    brief = (await town.client("boss@uef.example").post("/members", json=again)).json()
    assert (await town.change("PATCH", f"/members/{brief['id']}", {"active": False})).status_code == 200
    assert len(await mails(platform)) == 1


async def test_a_changed_address_does_not_invite_and_a_return_with_another_address_does(platform: Platform) -> None:
    town = await kuopio(platform)
    await platform.settle()
    path = f"/members/{town.people['desk@uef.example'].id}"
    assert (await town.change("PATCH", path, {"email": "second@uef.example"})).status_code == 200
    assert [mail["To"] for mail in await mails(platform)] == ["desk@uef.example"], "the former one is told"
    assert (await town.change("PATCH", path, {"active": False})).status_code == 200
    both = {"active": True, "email": "third@uef.example"}
    assert (await town.change("PATCH", path, both)).status_code == 200
    sent = [mail["To"] for mail in await mails(platform)]
    assert sent == ["desk@uef.example", "second@uef.example", "third@uef.example"]
