"""Plants a lie into each book once all is at rest, to show that the checks would notice: `--sabotage`."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tests.faults.checks.expectations import Finding
from tests.faults.lab import Lab
from tests.faults.ledger import Ledger


@dataclass(frozen=True)
class Lie:
    """`sql` tells it to the database of `service`, and a finding has to say `says`.

    `given` is what the statement takes: a word of a client who is `erased`, or the id of a `request` for many.
    """

    what: str
    service: str
    sql: str
    says: str
    given: str = ""


_BY_MAIL: Final = "SELECT id FROM deliveries WHERE channel = 'email' AND status"
LIES: Final = (
    Lie(
        "an inbox forgets",
        "notifications",
        "DELETE FROM inbox WHERE event_id = (SELECT event_id FROM notices ORDER BY id LIMIT 1)",
        "notifications never dealt with",
    ),
    Lie(
        "a notice is gone",
        "notifications",
        "DELETE FROM notices WHERE id = (SELECT max(id::text)::uuid FROM notices)",
        "notices have a gap",
    ),
    Lie(
        "a delivery waits",
        "notifications",
        "UPDATE deliveries SET status = 'failed', delivered_at = NULL, next_attempt_at = now() + interval '1 day' "
        f"WHERE id = ({_BY_MAIL} = 'delivered' LIMIT 1)",
        "'status': 'failed'",
    ),
    Lie(
        "a mail that arrived was given up",
        "notifications",
        "UPDATE deliveries SET status = 'exhausted', delivered_at = NULL "
        f"WHERE id = ({_BY_MAIL} = 'delivered' ORDER BY id DESC LIMIT 1)",
        "was given up, and no mail server refused it",
    ),
    Lie(
        "a mail that was refused counts as delivered",
        "notifications",
        "UPDATE deliveries SET status = 'delivered', delivered_at = now() "
        f"WHERE id = ({_BY_MAIL} = 'exhausted' ORDER BY id LIMIT 1)",
        "is delivered, and its mail was never taken",
    ),
    Lie(
        "a copy is old",
        "referral",
        "UPDATE members SET sequence = 0 WHERE id = (SELECT id FROM members LIMIT 1)",
        "has an old picture of members",
    ),
    Lie(
        "a proof is gone",
        "referral",
        "DELETE FROM deliveries WHERE id = (SELECT id FROM deliveries LIMIT 1)",
        "kept as None",
    ),
    Lie(
        "a timeline has a gap",
        "referral",
        "DELETE FROM timeline WHERE event_id = (SELECT event_id FROM timeline WHERE version = 2 LIMIT 1)",
        "and its log differ by",
    ),
    Lie(
        "a referral of an erased client has texts",
        "referral",
        "UPDATE referrals SET texts = 'left' WHERE client_id IN (SELECT id FROM clients WHERE erased_at IS NOT NULL)",
        "something of an erased client is left",
    ),
    Lie(
        "a word of an erased client is left where nobody looks",
        "referral",
        "UPDATE disclosures SET occasion = $1::text WHERE id = (SELECT max(id::text)::uuid FROM disclosures)",
        "something of theirs is left in referral.disclosures",
        given="erased",
    ),
    Lie(
        "an event was told twice",
        "referral",
        "INSERT INTO outbox (event_id, type, subject, payload, published_at) "
        "SELECT gen_random_uuid(), type, subject, payload, now() FROM outbox WHERE type = 'referral.sent.v1' LIMIT 1",
        "one event too many of version",
    ),
    Lie(
        "an event was never told",
        "referral",
        "DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox WHERE type = 'referral.created.v1')",
        "has 0 events",
    ),
    Lie(
        "one among many was refused, and is done",
        "referral",
        "UPDATE outbox SET payload = jsonb_set(payload::jsonb, '{correlationid}', to_jsonb($1::text))::text "
        "WHERE id = (SELECT max(id) FROM outbox WHERE type = 'referral.closed.v1')",
        "among many",
        given="request",
    ),
)
_AROUND: Final = {"a mail never arrived": "never arrived", "a dead letter that nobody poisoned": "nobody poisoned"}


async def sabotage(lab: Lab, ledger: Ledger) -> dict[str, str]:
    """Tell all the lies; returns what they are, and what a finding has to say of each."""
    given = {"": (), "erased": (ledger.erased[-1].words[0],), "request": (ledger.answers[-1].correlation,)}
    for lie in LIES:
        await lab.query(lie.service, lie.sql, *given[lie.given], as_owner=True)
    lab.mail.taken.pop()
    await lab.redis.xadd("referral.events.dead.notifications", {"__data__": json.dumps({"from": "nowhere"})})
    return {lie.what: lie.says for lie in LIES} | _AROUND


def overlooked(lies: dict[str, str], findings: Iterable[Finding]) -> list[str]:
    """The lies of which no finding says anything."""
    said = "\n".join(f"{one.kind}: {one.what}" for one in findings)
    return [lie for lie, says in lies.items() if says not in said]
