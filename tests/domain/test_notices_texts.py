"""The words of notices: complete in three languages, and silent about the client."""

import re
import string
from pathlib import Path
from typing import get_args
from uuid import uuid4

import pytest
from babel.messages.pofile import read_po

from services.notifications.domain.audience import AUDIENCE, FIRST, HEARD
from services.notifications.domain.wording import About, AboutOrganization, What, wording
from services.notifications.texts import LANGUAGES, LOCALES, link_to, notice_texts, role_name, status_name, text
from services.notifications.use_cases.delivery_events import DELIVERY_FAILED
from services.referral.domain.lifecycle import Status
from shared.events.catalog import Role
from shared.events.envelope import Names
from shared.events.referral import Side
from tests.builders import names

REFERRAL = uuid4()
SERVICE = Path(__file__).resolve().parents[2] / "services" / "notifications"

TOLD_THE_FIRST = [
    event for event, rule in AUDIENCE.items() if rule.by_source | rule.by_target | rule.by_nobody >= FIRST
]
"""What the first adviser of a chain is told of a referral that was passed on."""


WORDED = [*HEARD, DELIVERY_FAILED]
TO_COORDINATORS = [
    *(event_type for event_type, rule in AUDIENCE.items() if "coordinator" in rule.by_nobody),
    DELIVERY_FAILED,
]


def messages(language: str) -> dict[str, str]:
    with (LOCALES / f"{language}.po").open("rb") as source:
        return {str(message.id): str(message.string) for message in read_po(source) if message.id}


def about(
    *,
    by_side: Side | None = "source",
    urgent: bool = False,
    suggested: bool = False,
    to_coordinator: bool = False,
    first: bool = False,
) -> About:
    return About(
        reference="KUO-7F3K-92",
        status="requested",
        urgent=urgent,
        by_side=by_side,
        source_organization_id=uuid4(),
        source=names("navigaattori"),
        target_organization_id=uuid4(),
        target=names("business-kuopio"),
        service_id=uuid4(),
        service=names("advice"),
        suggested=names("better-advice") if suggested else None,
        suggested_from=names("talent-hub") if suggested else None,
        unreached=names("kompassi"),
        to_coordinator=to_coordinator,
        first_organization_id=uuid4() if first else None,
    )


def placeholders(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_exists_with_the_same_placeholders(language: str) -> None:
    own, finnish = messages(language), messages("fi")
    assert list(own) == list(finnish)
    assert [key for key, message in own.items() if not message.strip()] == []
    assert {key: placeholders(m) for key, m in own.items()} == {key: placeholders(m) for key, m in finnish.items()}


def test_languages_differ_where_they_are_not_names() -> None:
    finnish, swedish, english = (messages(language) for language in ("fi", "sv", "en"))
    same = [key for key in finnish if len({finnish[key], swedish[key], english[key]}) < 3]
    assert same == ["fact.status"]  # a Swede and a Briton write "Status" alike


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event_type", WORDED)
@pytest.mark.parametrize("by_side", ["source", "target"])
@pytest.mark.parametrize("suggested", [True, False])
def test_every_notice_can_be_worded(event_type: str, by_side: Side, suggested: bool, language: str) -> None:
    texts = notice_texts(event_type, about(by_side=by_side, suggested=suggested), language)
    assert "KUO-7F3K-92" in texts.title
    assert "\n" not in texts.title
    assert f"advice ({language})" in texts.body
    assert "{" not in texts.title + texts.body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event_type", TO_COORDINATORS)
def test_what_a_coordinator_is_told_names_both_organisations_and_no_next_step(event_type: str, language: str) -> None:
    """A coordinator can't open the referral, so nothing tells to."""
    texts = notice_texts(event_type, about(by_side=None, to_coordinator=True), language)
    shown = texts.title + texts.body
    assert all(f"{name} ({language})" in shown for name in ("navigaattori", "business kuopio", "advice"))
    assert not any(word in shown for word in ("Avaa", "Öppna", "Open"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event_type", TOLD_THE_FIRST)
def test_what_becomes_of_a_child_can_be_worded_for_who_began(event_type: str, language: str) -> None:
    texts = notice_texts(event_type, about(first=True, suggested=True), language)
    assert "KUO-7F3K-92" in texts.title
    assert f"advice ({language})" in texts.body
    assert f"navigaattori ({language})" in texts.body, "who passed it on"
    assert f"business kuopio ({language})" in texts.body, "and to whom"


def test_what_the_clock_cancels_can_be_worded() -> None:
    assert notice_texts("referral.cancelled.v1", about(by_side=None), "fi").title == "Ohjaus KUO-7F3K-92 on peruttu"


def test_a_suggestion_is_named_with_its_organisation() -> None:
    body = notice_texts("referral.declined.v1", about(by_side="target", suggested=True), "en").body
    assert "better advice (en) (talent hub (en))" in body


def test_an_urgent_referral_says_so_first() -> None:
    titles = [notice_texts("referral.sent.v1", about(urgent=True), language).title for language in LANGUAGES]
    assert [title.split()[0] for title in titles] == ["Kiireellinen", "Brådskande", "Urgent"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", sorted(Status))
def test_every_status_has_words(status: str, language: str) -> None:
    assert text(f"status.{status}", language) == status_name(status, language)


def test_a_status_of_a_later_version_is_shown_as_it_is() -> None:
    assert status_name("received", "fi") == "received"


def test_no_text_is_left_over() -> None:
    rooms = [path for path in SERVICE.rglob("*.py") if "domain" not in path.parts]
    sources = "".join(path.read_text(encoding="utf-8") for path in rooms)
    used = {key for key in messages("fi") if re.match(r"status\.|fact\.|role\.", key) or key in sources}
    for event_type in WORDED:
        for by_side in ("source", "target", None):
            for urgent in (True, False):
                key = wording_of(event_type, by_side, urgent=urgent)
                used |= {f"{key}.title", f"{key}.body"}
    used |= {"declined_suggestion.title", "declined_suggestion.body", "taken_away.title", "taken_away.body"}
    for event_type in TO_COORDINATORS:
        key = wording(event_type, about(by_side=None, to_coordinator=True))
        used |= {f"{key}.title", f"{key}.body"}
    for event_type in TOLD_THE_FIRST:
        key = wording(event_type, about(first=True))
        used |= {f"{key}.title", f"{key}.body"}
    used |= {f"{what}.{part}" for what in get_args(What) for part in ("title", "body")}
    assert set(messages("fi")) - used == set()


def wording_of(event_type: str, by_side: Side | None, *, urgent: bool) -> str:
    return wording(event_type, about(by_side=by_side, urgent=urgent))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("what", get_args(What))
def test_what_is_about_no_referral_names_the_organisation_and_no_referral(what: What, language: str) -> None:
    shown = AboutOrganization(what=what, organization_id=uuid4(), organization=names("kompassi"))
    texts = notice_texts("catalog.organization_changed.v1", shown, language)
    assert f"kompassi ({language})" in texts.body
    assert "KUO-" not in texts.title + texts.body
    assert "{" not in texts.title + texts.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_role_has_words_and_one_of_a_newer_version_its_code(language: str) -> None:
    assert all(role_name(role, language) != role or language == "en" for role in get_args(Role))
    assert {key for key in messages(language) if key.startswith("role.")} == {f"role.{role}" for role in get_args(Role)}
    assert role_name("auditor", language) == "auditor"


def test_names_stay_on_one_line() -> None:
    broken = Names(fi="a\nBcc: b", sv="c\r\nd", en="e")
    shown = about().model_copy(update={"target": broken})
    assert notice_texts("referral.accepted.v1", shown, "fi").body.startswith("a Bcc: b on hyväksynyt")


def test_links_lead_to_the_referral() -> None:
    assert link_to("https://luotsi.example/", REFERRAL, about()) == f"https://luotsi.example/referrals/{REFERRAL}"


def test_a_coordinator_is_led_to_the_overview() -> None:
    shown = about(to_coordinator=True)
    assert link_to("https://luotsi.example/", REFERRAL, shown) == "https://luotsi.example/overview"
