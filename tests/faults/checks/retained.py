"""What retention has to leave where it is: on a day at the rig nothing is old but the draft that is made so."""

from typing import Final

from tests.faults.lab import Lab

_KEPT: Final = {
    "referral": ("referrals", "messages", "timeline", "outbox", "clients", "client_keys", "idempotency_keys"),
    "notifications": ("notices", "deliveries", "outbox"),
    "catalog": ("organizations", "services", "members", "outbox"),
}
_KEY: Final = {
    "timeline": "event_id",
    "outbox": "event_id",
    "client_keys": "client_id",
    "idempotency_keys": "key",
}
_MAY_GO: Final = (
    "WHERE client_id NOT IN (SELECT client_id FROM referrals WHERE updated_at < now() - interval '90 days')"
)


async def all_ids(lab: Lab) -> dict[str, set[object]]:
    """What there is, table by table; without the keys of clients whose draft is old."""
    found = {}
    for service, tables in _KEPT.items():
        for table in tables:
            key, which = _KEY.get(table, "id"), _MAY_GO if table == "client_keys" else ""
            rows = await lab.query(service, f"SELECT {key} AS key FROM {table} {which}", as_owner=True)
            found[f"{service}.{table}"] = {row["key"] for row in rows}
    return found
