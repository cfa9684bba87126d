"""Plants a lie into each book once all is at rest, to show that the checks would notice: `--sabotage`."""

import json

from tests.faults.lab import Lab

_LIES = {
    "an inbox forgets": (
        "notifications",
        "DELETE FROM inbox WHERE event_id = (SELECT event_id FROM notices ORDER BY id LIMIT 1)",
    ),
    "a notice is gone": ("notifications", "DELETE FROM notices WHERE id = (SELECT max(id::text)::uuid FROM notices)"),
    "a delivery waits": (
        "notifications",
        "UPDATE deliveries SET status = 'failed', delivered_at = NULL, next_attempt_at = now() + interval '1 day' "
        "WHERE id = (SELECT id FROM deliveries WHERE channel = 'email' AND status = 'delivered' LIMIT 1)",
    ),
    "a mail was given up": (
        "notifications",
        "UPDATE deliveries SET status = 'exhausted', delivered_at = NULL "
        "WHERE id = "
        "(SELECT id FROM deliveries WHERE channel = 'email' AND status = 'delivered' ORDER BY id DESC LIMIT 1)",
    ),
    "a copy is old": ("referral", "UPDATE members SET sequence = 0 WHERE id = (SELECT id FROM members LIMIT 1)"),
    "a proof is gone": ("referral", "DELETE FROM deliveries WHERE id = (SELECT id FROM deliveries LIMIT 1)"),
    "a timeline has a gap": (
        "referral",
        "DELETE FROM timeline WHERE event_id = (SELECT event_id FROM timeline WHERE version = 2 LIMIT 1)",
    ),
    "an erased client's text is left": (
        "referral",
        "UPDATE referrals SET texts = 'left' WHERE client_id IN (SELECT id FROM clients WHERE erased_at IS NOT NULL)",
    ),
    "an event was told twice": (
        "referral",
        "INSERT INTO outbox (event_id, type, subject, payload, published_at) "
        "SELECT gen_random_uuid(), type, subject, payload, now() FROM outbox WHERE type = 'referral.sent.v1' LIMIT 1",
    ),
    "an event was never told": (
        "referral",
        "DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox WHERE type = 'referral.created.v1')",
    ),
}


async def sabotage(lab: Lab) -> list[str]:
    """Tell all the lies; returns what they are."""
    for service, sql in _LIES.values():
        await lab.query(service, sql, as_owner=True)
    lab.mail.taken.pop()
    await lab.redis.xadd("referral.events.dead.notifications", {"__data__": json.dumps({"from": "nowhere"})})
    return [*_LIES, "a mail never arrived", "a dead letter that nobody poisoned"]
