"""Who was told of what: each notice exists once, each of its deliveries ended, each mail left."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from tests.faults.checks.expectations import Finding, told_parts
from tests.faults.checks.given_up import failures_told, unreached, who_hears_of
from tests.faults.checks.snapshot import Event, Snapshot
from tests.faults.mail import delivery_of

ADDRESS = "the desk's address"


def check_notices(seen: Snapshot) -> Iterator[Finding]:
    """Each event is told to those whom the contract names, and to nobody else, once."""
    told: dict[Any, dict[str, Any]] = defaultdict(dict)
    for notice in seen.tables["notifications"]["notices"]:
        who = str(notice["recipient_member_id"] or ADDRESS)
        if who in told[notice["event_id"]]:
            yield Finding("doubled", f"{who} was told twice of {notice['event_id']}")
        told[notice["event_id"]][who] = notice
    for event in seen.heard_of("referral", "notifications"):
        yield from _told_rightly(seen, event, told.pop(event.id, {}))
    for event in seen.heard_of("catalog", "notifications"):
        if event.data.get("invited"):
            yield from _invited_rightly(seen, event, told.pop(event.id, {}))
    yield from _told_of_failures(seen, told)
    for event_id in told:
        yield Finding("wrong", f"notices of {event_id}, which nobody ever told")


def _invited_rightly(seen: Snapshot, event: Event, told: dict[str, Any]) -> Iterator[Finding]:
    """Whoever was let in is told so, unless gone again before that, and nobody else is."""
    member = str(event.data["id"])
    active = {str(row["id"]) for row in seen.tables["catalog"]["members"] if row["active"]}
    if member not in told and member in active:
        yield Finding("lost", f"{member} was not invited by {event.id}")
    for who in set(told) - {member}:
        yield Finding("wrong", f"{who} was told of {event.id}, which invited {member}")


def _told_of_failures(seen: Snapshot, told: dict[Any, dict[str, Any]]) -> Iterator[Finding]:
    """Mail that was given up is told to those who can see to it."""
    causes = {str(event.id): event for event in seen.heard_of("referral", "notifications")}
    for event in failures_told(seen):
        cause = causes.get(event.data["cause_id"])
        desk = _of_desk(seen, _state(cause)["target_organization_id"]) - {ADDRESS} if cause else set[str]()
        expected, here = who_hears_of(event, cause, desk, _coordinators(seen)), set(told.pop(event.id, {}))
        for who in expected - here:
            yield Finding("lost", f"{who} was not told that the mail of delivery {event.subject} was given up")
        for who in here - expected:
            yield Finding("wrong", f"{who} was told of {event.type} {event.id} without being concerned")


def _state(event: Event) -> Any:
    return event.data.get("referral", event.data)


def _told_rightly(seen: Snapshot, event: Event, told: dict[str, Any]) -> Iterator[Finding]:
    parts = told_parts(event.type, event.data)
    referral = _state(event)
    expected: set[str] = set()
    if "source" in parts:
        expected |= _of_source(seen, referral["source_member_id"], told)
    if "first" in parts:
        expected |= _of_source(seen, referral["first_source_member_id"], told)
    if "assigned" in parts:
        both = {referral["assigned_member_id"], event.data["former_member_id"]}
        expected |= {str(member) for member in both if member is not None} - {event.actor}
    if "desk" in parts:
        expected |= _of_desk(seen, referral["target_organization_id"])
    if "coordinators" in parts:
        expected |= _coordinators(seen)
    for who in expected - set(told):
        yield Finding("lost", f"{who} was not told of {event.type} {event.id}")
    for who in set(told) - expected:
        yield Finding("wrong", f"{who} was told of {event.type} {event.id} without being concerned")


def _of_source(seen: Snapshot, adviser: str, told: dict[str, Any]) -> set[str]:
    """The adviser; or, once gone, the deputy, and the adviser too when the notice came before that."""
    members = {str(row["id"]): row for row in seen.tables["catalog"]["members"]}
    if members[adviser]["active"]:
        return {adviser}
    before = {adviser} & set(told)
    if before and told[adviser]["seen_at"] is not None:
        return before
    return before | {str(members[adviser]["deputy_id"])}


def _of_desk(seen: Snapshot, organization_id: str) -> set[str]:
    """The target's recipients, none of whom comes or goes on a day at the rig; and its address."""
    organization = next(row for row in seen.tables["catalog"]["organizations"] if str(row["id"]) == organization_id)
    desk = {
        str(row["id"])
        for row in seen.tables["catalog"]["members"]
        if str(row["organization_id"]) == organization_id and row["active"] and "recipient" in row["roles"]
    }
    return desk | ({ADDRESS} if organization["email"] else set())


def _coordinators(seen: Snapshot) -> set[str]:
    members = seen.tables["catalog"]["members"]
    return {str(row["id"]) for row in members if row["active"] and "coordinator" in row["roles"]}


def check_deliveries(seen: Snapshot, held_back: Collection[str] = ()) -> Iterator[Finding]:
    """One delivery per notice and way, each ended well; and the numbers of a member's notices have no gap.

    `held_back` are deliveries that were withdrawn by a restore.
    """
    ways = Counter((row["notice_id"], row["channel"]) for row in seen.tables["notifications"]["deliveries"])
    numbers: dict[str, list[int]] = defaultdict(list)
    alone = unreached(seen)
    for notice in seen.tables["notifications"]["notices"]:
        member = notice["recipient_member_id"]
        if member is not None:
            numbers[str(member)].append(notice["number"])
        for channel in _ways_of(notice, alone.get(notice["event_id"])):
            if ways[notice["id"], channel] != 1:
                kind = "lost" if not ways[notice["id"], channel] else "doubled"
                yield Finding(kind, f"notice {notice['id']} has {ways[notice['id'], channel]} deliveries by {channel}")
    for member, given in numbers.items():
        if sorted(given) != list(range(1, len(given) + 1)):
            yield Finding("lost", f"the numbers of the notices of {member} have gaps")
    gone = {str(row["id"]) for row in seen.tables["catalog"]["members"] if not row["active"]}
    recipients = {row["id"]: str(row["recipient_member_id"]) for row in seen.tables["notifications"]["notices"]}
    for row in seen.tables["notifications"]["deliveries"]:
        if row["status"] not in ("delivered", "exhausted") and not (
            row["status"] == "withdrawn" and (recipients[row["notice_id"]] in gone or str(row["id"]) in held_back)
        ):
            yield Finding("stuck" if row["status"] in ("pending", "failed") else "lost", f"delivery {dict(row)}")


def _ways_of(notice: Any, unreached_by_mail: str | None) -> tuple[str, ...]:
    member = notice["recipient_member_id"]
    if str(member) == unreached_by_mail:
        return ("inbox",)
    return ("email", "inbox") if member else ("email",)


def check_mail(
    seen: Snapshot, mails: list[EmailMessage], filed: dict[str, bytes], known_as_sent: Collection[str] = ()
) -> Iterator[Finding]:
    """Every delivered mail has arrived or is a whole file, and a repeat is the same mail with the same Message-ID.

    Of deliveries `known_as_sent` no mail need have come.
    """
    arrived: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for mail in mails:
        arrived[delivery_of(mail)].add(_kind(mail))
    ends = {_last_line(mail) for mail in mails}
    for delivery, raw in filed.items():
        mail = message_from_bytes(raw, policy=policy.default)
        if delivery_of(mail) != delivery or _last_line(mail) not in ends:
            yield Finding("wrong", f"the file of the mail of delivery {delivery} is not whole ({len(raw)} bytes)")
        arrived[delivery].add(_kind(mail))
    known = {str(row["id"]): row for row in seen.tables["notifications"]["deliveries"] if row["channel"] == "email"}
    for delivery, row in known.items():
        if row["status"] == "delivered" and delivery not in arrived and delivery not in known_as_sent:
            yield Finding("lost", f"the mail of delivery {delivery} never arrived")
    for delivery, kinds in arrived.items():
        if delivery not in known:
            yield Finding("wrong", f"a mail of delivery {delivery}, which does not exist")
        if len(kinds) > 1:
            yield Finding("doubled", f"delivery {delivery} made different mails: {kinds}")


def _kind(mail: EmailMessage) -> tuple[str, str]:
    """To whom and what about. How a long subject was folded is no difference between two mails: blanks count once."""
    return str(mail["To"]), " ".join(str(mail["Subject"]).split())


def _last_line(mail: EmailMessage) -> str:
    """The last line of a mail: the same in every whole mail of a language."""
    lines = str(mail.get_content()).rstrip().splitlines()
    return lines[-1] if lines else ""
