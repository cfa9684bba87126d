"""What must hold at any moment, also while faults go on: one query each, whose rows are what is wrong.

Each service's queries see its database at one and the same moment.
"""

from typing import Final

from tests.faults.checks.expectations import DELIVERED, DELIVERY_FAILED, FACTS, NO_CHANGES, REMINDERS

_LOG: Final = (
    "WITH log AS MATERIALIZED (SELECT id, event_id, type, subject, (payload::jsonb ->> 'sequence')::bigint AS version, "
    "payload::jsonb -> 'data' ->> 'message_id' AS message, "
    f"type <> ALL (ARRAY{list(NO_CHANGES)}) AS is_change, entry_ms, entry_seq FROM outbox) "
)
_GROWS_BY_ONE: Final = (
    _LOG + "SELECT subject, version, earlier FROM (SELECT subject, version, coalesce(lag(version) OVER "
    "(PARTITION BY subject ORDER BY id), 0) AS earlier FROM log WHERE is_change) states "
    "WHERE version <> earlier + 1"
)
_AS_NEW: Final = (
    _LOG + "SELECT it.id, it.version, newest.version FROM {table} it FULL JOIN "
    "(SELECT subject, max(version) AS version FROM log WHERE is_change AND type LIKE '{types}' GROUP BY subject) "
    "newest ON newest.subject = it.id::text WHERE it.version IS DISTINCT FROM newest.version"
)
_IN_ORDER: Final = (
    _LOG + "SELECT subject, version, entry_ms, earlier_ms FROM (SELECT *, lag(id) OVER later AS earlier, "
    "lag(entry_ms) OVER later AS earlier_ms, lag(entry_seq) OVER later AS earlier_seq FROM log "
    "WINDOW later AS (PARTITION BY subject ORDER BY id)) pairs WHERE earlier IS NOT NULL AND entry_ms IS NOT NULL "
    "AND (earlier_ms IS NULL OR (entry_ms, entry_seq) < (earlier_ms, earlier_seq))"
)

ALWAYS: Final[dict[str, dict[str, str]]] = {
    "catalog": {
        "a log does not count 1, 2, 3 …": _GROWS_BY_ONE,
        "an event is on the stream before an older one of its subject": _IN_ORDER,
        "an organisation is not what its log told last": _AS_NEW.format(
            table="organizations", types="catalog.organization%"
        ),
        "a service is not what its log told last": _AS_NEW.format(table="services", types="catalog.service%"),
        "a member is not what its log told last": _AS_NEW.format(table="members", types="catalog.member%"),
    },
    "referral": {
        "a log does not count 1, 2, 3 …": _GROWS_BY_ONE,
        "an event is on the stream before an older one of its subject": _IN_ORDER,
        "a referral is not what its log told last": _AS_NEW.format(table="referrals", types=f"%' AND type <> '{FACTS}"),
        "a timeline is not the log": _LOG + "SELECT line.event_id, log.event_id FROM timeline line FULL JOIN "
        f"(SELECT * FROM log WHERE type <> '{FACTS}') log USING (event_id) "
        "WHERE (line.referral_id::text, line.event_type, line.version) "
        "IS DISTINCT FROM (log.subject, log.type, log.version)",
        "a message was not told of once": _LOG + "SELECT one.id, log.message FROM messages one "
        "FULL JOIN (SELECT message, subject FROM log WHERE message IS NOT NULL) log ON log.message = one.id::text "
        "WHERE log.message IS NULL OR one.id IS NULL AND log.subject NOT IN "
        "(SELECT r.id::text FROM referrals r JOIN clients c ON c.id = client_id WHERE erased_at IS NOT NULL)",
        "something of an erased client is left": "SELECT id FROM clients c WHERE erased_at IS NOT NULL AND "
        "(length(details) > 0 OR EXISTS (SELECT FROM client_keys WHERE client_id = c.id) "
        "OR EXISTS (SELECT FROM client_lookups WHERE client_id = c.id) "
        "OR EXISTS (SELECT FROM referrals WHERE client_id = c.id AND length(texts) > 0) "
        "OR EXISTS (SELECT FROM messages JOIN referrals r ON r.id = referral_id WHERE r.client_id = c.id) "
        "OR EXISTS (SELECT FROM idempotency_keys WHERE client_id = c.id AND answer IS NOT NULL))",
        "a client has no key and was not erased": "SELECT id FROM clients c WHERE erased_at IS NULL "
        "AND NOT EXISTS (SELECT FROM client_keys WHERE client_id = c.id)",
        "a reminder was told twice": _LOG + "SELECT subject, type, count(*) FROM log "
        f"WHERE type = ANY (ARRAY{list(REMINDERS)}) GROUP BY subject, type HAVING count(*) > 1",
        "two keys made one referral": "SELECT referral_id, count(*) FROM idempotency_keys "
        "WHERE referral_id IS NOT NULL GROUP BY referral_id HAVING count(*) > 1",
        "what is parked is not in the inbox": "SELECT event_id FROM parked WHERE event_id NOT IN "
        "(SELECT event_id FROM inbox)",
    },
    "portal": {
        "what is parked is not in the inbox": "SELECT event_id FROM parked WHERE event_id NOT IN "
        "(SELECT event_id FROM inbox)",
    },
    "notifications": {
        "somebody is told twice": "SELECT event_id, recipient_organization_id, recipient_member_id, count(*) "
        "FROM notices GROUP BY 1, 2, 3 HAVING count(*) > 1",
        "a notice of what is not in the inbox": "SELECT id, event_id FROM notices "
        "WHERE event_type LIKE 'referral.%' AND event_id NOT IN (SELECT event_id FROM inbox)",
        "what is parked is not in the inbox": "SELECT event_id FROM parked WHERE event_id NOT IN "
        "(SELECT event_id FROM inbox)",
        "the numbers of somebody's notices have a gap": "SELECT recipient_member_id, count(*), max(number), "
        "max(last_number) FROM notices LEFT JOIN counters ON member_id = recipient_member_id "
        "WHERE recipient_member_id IS NOT NULL GROUP BY 1 HAVING count(*) <> max(number) "
        "OR min(number) <> 1 OR count(DISTINCT number) <> count(*) OR max(last_number) IS DISTINCT FROM max(number)",
        "a notice without its ways, or with too many": "SELECT notices.id, count(deliveries.id) FROM notices "
        "LEFT JOIN deliveries ON notice_id = notices.id GROUP BY notices.id, recipient_member_id, notices.event_id "
        "HAVING count(deliveries.id) <> CASE WHEN recipient_member_id IS NULL OR recipient_member_id::text = "
        "(SELECT payload::jsonb -> 'data' ->> 'member_id' FROM outbox WHERE outbox.event_id = notices.event_id) "
        "THEN 1 ELSE 2 END "
        "OR count(DISTINCT channel) <> count(deliveries.id)",
        "a delivery was told of twice": "SELECT subject, count(*) FROM outbox GROUP BY subject HAVING count(*) > 1",
        "a delivery that ended is not what its log told last": _LOG
        + "SELECT one.id, one.status, one.version, log.version FROM (SELECT deliveries.* FROM deliveries "
        "JOIN notices ON notices.id = notice_id WHERE referral_id IS NOT NULL) one FULL JOIN log "
        "ON log.subject = one.id::text WHERE (one.status IN ('delivered', 'exhausted')) "
        "IS DISTINCT FROM (log.version IS NOT NULL) OR log.version > one.version "
        f"OR log.type <> CASE one.status WHEN 'delivered' THEN '{DELIVERED}' ELSE '{DELIVERY_FAILED}' END",
        "the newer consumer noted something twice": "SELECT event_id, count(*) FROM rig_notes GROUP BY event_id "
        "HAVING count(*) > 1",
        "the newer consumer noted what is not in the inbox": "SELECT event_id FROM rig_notes WHERE event_id NOT IN "
        "(SELECT event_id FROM inbox)",
    },
}
"""Service → what would be wrong → the query that finds it."""
