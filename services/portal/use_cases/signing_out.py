"""Signing out at an organisation's provider too: what that takes is kept in the session, under the browser's secret."""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col

from services.portal.queries.sessions import Found
from services.portal.tables import Session
from services.portal.use_cases import sessions
from services.portal.use_cases.attempts import begin_step, steps_of, use_up
from services.portal.vault import AccountVault, Unreadable, digest, seal, unseal
from shared.database.transaction import Transaction

WayOut = Mapping[str, str]
"""The address at the provider, and what it is told"""


async def keep_way_out(tx: Transaction, secret: str, way_out: WayOut) -> None:
    """Keep in a session what it takes to sign out at the provider. Nobody who reads the database can open it."""
    sealed = seal(secret, json.dumps(dict(way_out)).encode())
    await tx.execute(update(Session).where(col(Session.secret_digest) == digest(secret)).values(sealed_way_out=sealed))


def way_out_of(found: Found) -> WayOut | None:
    """What a session has kept to sign out at the provider; None where one did not come from there."""
    sealed = found.session.sealed_way_out
    try:
        return None if sealed is None else dict(json.loads(unseal(found.secret, sealed)))
    except Unreadable:
        return None


async def sign_out(tx: Transaction, vault: AccountVault, found: Found, browser: str, now: datetime) -> bool:
    """End a session here. Returns whether this browser may now sign out at the provider too, as a step of its own."""
    await sessions.end(tx, found.secret, now)
    way_out = way_out_of(found)
    if way_out is None:
        return False
    await begin_step(tx, vault, "sign_out", browser, dict(way_out), now)
    return True


async def has_way_out(tx: Transaction, vault: AccountVault, browser: str | None, now: datetime) -> bool:
    """Whether a browser that has signed out here may do so at the provider."""
    return bool(await steps_of(tx, vault, "sign_out", browser, now))


async def take_way_out(tx: Transaction, vault: AccountVault, browser: str | None, now: datetime) -> WayOut | None:
    """What it takes to sign out at the provider, once; None where there is nothing to sign out of."""
    steps = await steps_of(tx, vault, "sign_out", browser, now)
    for step in steps:
        use_up(tx, step, now)
    return steps[0].content if steps else None
