"""Clients, texts and messages of the newest referrals, sealed as the service seals them, so that they can be opened.

Older ones are noise of the same length: what is never opened costs the same whatever is in it.
"""

from typing import Any, Final

import asyncpg

from services.referral.schemas.clients import NewClient
from services.referral.tables import Client
from services.referral.use_cases.lookups import details_associated_data, lookups_for
from services.referral.use_cases.sealed_texts import Texts
from services.referral.vault import Vault, seal

NEWEST: Final = 1000
"""`referral.sql` leaves out the keys and lookups of so many."""

_TEXTS: Final = Texts(
    reason="Wants to open a bakery and asks which permits that takes.",
    shareable_note="Speaks English, and some Finnish.",
    legal_basis={
        "kind": "consent",
        "consent": {"given_on": "2026-01-02", "how": "oral", "scope": "Name and contact, to the advisers."},
    },
)


async def seal_newest(connection: asyncpg.Connection, vault: Vault) -> None:
    """Seal what is about the newest clients, in the transaction that made them."""
    found = await connection.fetch(
        "SELECT n, at, journeys.id, client_id, towns.id AS source_id, messages.id AS message_id FROM filling, journeys "
        "JOIN towns ON o = source LEFT JOIN messages ON referral_id = journeys.id WHERE n > referrals - $1 ORDER BY n",
        NEWEST,
    )
    rows: dict[str, list[tuple[Any, ...]]] = {"keys": [], "lookups": [], "details": [], "texts": [], "messages": []}
    for each in found:
        key, wrapped = vault.new_key(each["client_id"])
        details = details_of(each["n"])
        sealed = seal(key, details, details_associated_data(each["client_id"]))
        client = Client(
            id=each["client_id"], organization_id=each["source_id"], kind="person", language="en", interpreter=False,
            contact_via="client", details=sealed, created_at=each["at"],
        )  # fmt: skip
        rows["keys"].append((client.id, wrapped))
        lookups = lookups_for(vault, client, details)
        rows["lookups"] += [(one.client_id, one.field, one.organization_id, one.digest) for one in lookups]
        rows["details"].append((sealed, client.id))
        texts = _TEXTS.model_dump(mode="json", exclude_none=True)
        rows["texts"].append((seal(key, texts, f"referral:{each['id']}:texts"), each["id"]))
        if each["message_id"]:
            text = seal(key, "When may the client come?", f"message:{each['message_id']}")
            rows["messages"].append((text, each["message_id"]))
    await connection.executemany("INSERT INTO client_keys VALUES ($1, $2)", rows["keys"])
    await connection.executemany("INSERT INTO client_lookups VALUES ($1, $2, $3, $4)", rows["lookups"])
    await connection.executemany("UPDATE clients SET details = $1 WHERE id = $2", rows["details"])
    await connection.executemany("UPDATE referrals SET texts = $1 WHERE id = $2", rows["texts"])
    await connection.executemany("UPDATE messages SET text = $1 WHERE id = $2", rows["messages"])


def details_of(number: int) -> dict[str, str]:
    """What is known of the client of the referral with that number."""
    return NewClient(
        name=f"Esimerkki Asiakas-{number}", language="en", email=f"client-{number}@newcomer.example"
    ).details()
