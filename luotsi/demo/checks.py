"""What has to hold when the story is over: all that was due is there, and nothing else is."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from luotsi.demo.mailbox import Mail, Mailbox
from luotsi.demo.people import COORDINATOR, EVERYBODY, JSON, STRANGERS, Cast, Person
from luotsi.demo.record import Check, End, Expected, Record, Which

_PROOF_PATIENCE_SECONDS = 10.0
_RECOGNISABLE_LETTERS = 24
"""A secret is found in a text by its first so many letters."""

_QUIET_SECONDS = 0.5
"""How long to wait for notices and mails that nobody should get."""


@dataclass(frozen=True)
class Found:
    """All notices, each with its recipient's address, and all mails, once nothing more comes."""

    notices: list[tuple[str, JSON]]
    mails: list[Mail]


async def check_all(
    record: Record, cast: Cast, mailbox: Mailbox, ends: Mapping[Which, End], secrets: list[str]
) -> None:
    """Add every check of the end to the record.

    `ends`: how each referral ends. `secrets`: texts that nobody may be told.
    """
    record.checks += check_told(record)
    record.checks += [await check_ends(record, cast, ends), await check_proof(record, cast, ends)]
    await asyncio.sleep(_QUIET_SECONDS)
    found = await _look_around(record, cast, mailbox)
    record.checks += [
        check_nothing_else(record, found),
        check_language(record, found),
        check_secrets(found, secrets),
        await check_strangers(record, cast),
        await check_overview(record, cast, secrets),
    ]


async def _look_around(record: Record, cast: Cast, mailbox: Mailbox) -> Found:
    """All notices and mails about the story's referrals; on a platform of the demo's own, all there are."""
    mailbox.look()
    ids = [referral["id"] for referral in record.referrals.values()]
    references = [referral["reference"] for referral in record.referrals.values()]
    notices = [(person.email, notice) for person in EVERYBODY for notice in await cast[person].notices()]
    return Found(
        [(email, notice) for email, notice in notices if record.alone or notice["referral_id"] in ids],
        [mail for mail in mailbox.mails if record.alone or any(each in mail.subject for each in references)],
    )


def check_told(record: Record) -> list[Check]:
    """Each expected notice and mail was there in time; what the story never came to is missing too."""
    notices = {told.expected for told in record.told if told.notice_id}
    mails = {told.expected for told in record.told if told.mail_file}
    checks = [
        _check_each("Every notice was read by its recipient, with the recipient's own token", notices, "notice", record)
    ]
    if record.mail_is_read:
        checks.append(_check_each("Every mail was read from disk", mails, "mail", record))
    return checks


def _check_each(name: str, found: set[Expected], what: str, record: Record) -> Check:
    return Check(name, [f"no {what} to {each}" for each in record.expected if each not in found])


async def check_ends(record: Record, cast: Cast, ends: Mapping[Which, End]) -> Check:
    """Each referral ended as it should, and its loop is closed."""
    wrong = []
    for which, end in ends.items():
        if which not in record.referrals:
            wrong.append(f"the {which} referral was never made")
            continue
        referral = (await cast[end.reader].get("referral", f"/referrals/{record.referrals[which]['id']}")).json()
        record.referrals[which] = referral
        if referral["status"] != end.status or referral["closed_at"] is None:
            wrong.append(f"the {which} referral is {referral['status']}, closed_at {referral['closed_at']}")
    return Check("Every referral came to its end and is closed", wrong)


async def check_proof(record: Record, cast: Cast, ends: Mapping[Which, End]) -> Check:
    """The referrals' own timelines show each delivery once. They learn of it by events, so they get some time."""
    due = _due_proof(record, ends)
    patience = _PROOF_PATIENCE_SECONDS if record.well else _QUIET_SECONDS
    deadline = time.monotonic() + patience
    while (there := await _proof(record, cast, ends)) != due and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    wrong = [f"the timeline does not show: {line}" for line in (due - there).elements()]
    wrong += [f"the timeline shows, and should not: {line}" for line in (there - due).elements()]
    return Check("The timelines of the referrals prove each delivery", wrong)


def _due_proof(record: Record, ends: Mapping[Which, End]) -> Counter[str]:
    """The lines that the timelines must have.

    Not among them: what the first adviser of a chain is told of its later referrals, for no timeline shows that.
    """
    due: Counter[str] = Counter()
    for expected in record.expected:
        if expected.opens is not None:
            continue
        side = _side(expected.person, ends[expected.referral].reader)
        for channel in ("inbox", "email"):
            due[_proof_line(expected.referral, expected.event_type, side, channel, "delivered")] += 1
    return due


def _side(person: Person, source: Person) -> str:
    return "coordinator" if person == COORDINATOR else "source" if person == source else "target"


async def _proof(record: Record, cast: Cast, ends: Mapping[Which, End]) -> Counter[str]:
    there: Counter[str] = Counter()
    for which, referral in record.referrals.items():
        timeline = (await cast[ends[which].reader].get("referral", f"/referrals/{referral['id']}/timeline")).json()
        for item in timeline["contents"]:
            for told in item["told"]:
                there[_proof_line(which, item["event_type"], told["side"], told["channel"], told["status"])] += 1
    return there


def _proof_line(which: str, event_type: str, side: str, channel: str, status: str) -> str:
    return f"{event_type} of the {which} referral to the {side} by {channel}: {status}"


def check_nothing_else(record: Record, found: Found) -> Check:
    """Nobody has a notice or a mail that was not due, nor the same one twice."""
    names = {referral["id"]: which for which, referral in record.referrals.items()}
    due = Counter(str(expected) for expected in record.expected)
    there = Counter(
        f"{email} of {notice['event_type']} of the {names.get(notice['referral_id'], 'unknown')} referral"
        for email, notice in found.notices
    )
    wrong = [f"a notice too many: to {line}" for line in (there - due).elements()]
    used = {told.mail_file for told in record.told}
    strange = [mail for mail in found.mails if mail.file not in used]
    wrong += [f"a mail too many: to {mail.to}, “{mail.subject}” ({mail.file})" for mail in strange]
    return Check("Nobody was told anything else: not the city, not a colleague, not another organisation", wrong)


def check_language(record: Record, found: Found) -> Check:
    """Each mail is in its recipient's language. So is the notice: the mail was known by having its title."""
    mails = {mail.file: mail for mail in found.mails}
    wrong = []
    for told in record.told:
        mail, language = mails.get(told.mail_file or ""), told.expected.person.language
        if mail and mail.language != language:
            wrong.append(f"the mail to {told.expected} is in {mail.language}, not {language}")
    return Check("Each is told in the language of the account", wrong)


def check_secrets(found: Found, secrets: Iterable[str]) -> Check:
    """No notice and no mail holds the client's name, contact or anything that was written about the client."""
    secrets = list(secrets)
    texts = [
        (f"the notice {notice['id']} to {email}", "\n".join(str(value) for value in notice.values()))
        for email, notice in found.notices
    ]
    texts += [(f"the mail {mail.file} to {mail.to}", mail.text) for mail in found.mails]
    wrong = [f"{where} says “{secret}”" for where, text in texts for secret in _told_by(text, secrets)]
    return Check("No notice and no mail says who the client is, or what was written", wrong)


def _told_by(text: str, secrets: Iterable[str]) -> list[str]:
    """Which secrets stand in a text, in whatever case and spacing; of a long one its beginning is enough."""
    flat = _flat(text)
    return [secret for secret in secrets if _flat(secret)[:_RECOGNISABLE_LETTERS] in flat]


def _flat(text: str) -> str:
    return "".join(text.split()).casefold()


async def check_strangers(record: Record, cast: Cast) -> Check:
    """Other organisations are answered as if the referrals did not exist."""
    wrong = []
    for person in (*STRANGERS, COORDINATOR):
        for which, referral in record.referrals.items():
            for path in ("", "/timeline", "/messages"):
                answer = await cast[person].ask("referral", "GET", f"/referrals/{referral['id']}{path}")
                if answer.status_code != 404:
                    wrong.append(f"{person.email} asked for the {which} referral{path}: {answer.status_code}")
    return Check("For other organisations the referrals do not exist", wrong)


async def check_overview(record: Record, cast: Cast, secrets: list[str]) -> Check:
    """The coordinator sees how each referral went, and not whom it is about."""
    text = (await cast[COORDINATOR].get("referral", "/overview/referrals", limit="100")).text
    wrong = [
        f"the {which} referral is not in the coordinator's overview"
        for which, referral in record.referrals.items()
        if referral["id"] not in text
    ]
    wrong += [f"the coordinator's overview says “{secret}”" for secret in _told_by(text, secrets)]
    return Check("The coordinator sees how each referral went, and not whom it is about", wrong)
