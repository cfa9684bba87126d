"""Steps of signing in that wait for the next one: begun by a browser, and used once by the same browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select

from services.portal.domain.lifetimes import CEREMONY, LINK, PROOF, PROVIDER, RECOVERY_CODES
from services.portal.tables import Attempt
from services.portal.use_cases.sealed import STEP
from services.portal.vault import AccountVault, Unreadable, digest, new_secret
from shared.database.transaction import Transaction
from shared.ids import new_id

Kind = Literal["mail", "proof", "passkey", "new_passkey", "provider", "linking", "recovery_codes", "sign_out"]
Content = dict[str, Any]
Unfit = Literal["over", "other_browser"]
"""Why a step leads no further: it is over (used, too old, or never was), or another browser began it"""

_DOUBLE_CLICK: Final = timedelta(seconds=10)
LIFETIMES: Final[Mapping[Kind, timedelta]] = {
    "mail": LINK,
    "proof": PROOF,
    "passkey": CEREMONY,
    "new_passkey": CEREMONY,
    "provider": PROVIDER,
    "linking": PROVIDER,
    "recovery_codes": RECOVERY_CODES,
    "sign_out": PROVIDER,
}


@dataclass(frozen=True)
class Step:
    """A step that was found, with what it holds."""

    row: Attempt
    content: Content


async def begin_step(
    tx: Transaction,
    vault: AccountVault,
    kind: Kind,
    browser: str,
    content: Content,
    now: datetime,
    *,
    person_id: UUID | None = None,
) -> str:
    """Write a step down; returns the token by which it is found. `browser` is the secret of the browser's cookie."""
    token, row_id = new_secret(), new_id()
    tx.insert(
        Attempt(
            id=row_id,
            kind=kind,
            token_digest=digest(token),
            browser_digest=digest(browser),
            person_id=person_id,
            sealed=vault.seal(content, STEP.place(row_id)),
            created_at=now,
            expires_at=now + LIFETIMES[kind],
        )
    )
    return token


async def find_step(
    tx: Transaction, vault: AccountVault, kind: Kind, token: str, browser: str | None, now: datetime
) -> Step | Unfit:
    """The step of that token, locked; why not, where it leads no further."""
    query = select(Attempt).where(Attempt.token_digest == digest(token), Attempt.kind == kind).with_for_update()
    row = await tx.first(query)
    if row is None or row.used_at is not None or now >= row.expires_at:
        return "over"
    if browser is None or row.browser_digest != digest(browser):
        return "other_browser"
    return _opened(vault, row) or "over"


async def steps_of(tx: Transaction, vault: AccountVault, kind: Kind, browser: str | None, now: datetime) -> list[Step]:
    """The open steps of one kind that a browser began, locked, the newest first."""
    if browser is None:
        return []
    query = (
        select(Attempt)
        .where(Attempt.browser_digest == digest(browser), Attempt.kind == kind)
        .where(col(Attempt.used_at).is_(None), Attempt.expires_at > now)
        .order_by(col(Attempt.created_at).desc())
        .with_for_update()
    )
    return [step for row in await tx.all(query) if (step := _opened(vault, row)) is not None]


async def was_just_used(tx: Transaction, kind: Kind, browser: str | None, now: datetime) -> bool:
    """Whether a browser used a step of that kind a moment ago: what it sends once more is a double click."""
    if browser is None:
        return False
    query = select(Attempt.id).where(
        Attempt.browser_digest == digest(browser), Attempt.kind == kind, col(Attempt.used_at) > now - _DOUBLE_CLICK
    )
    return await tx.first(query.limit(1)) is not None


def use_up(tx: Transaction, step: Step, now: datetime) -> None:
    """The step leads nobody anywhere any more."""
    step.row.used_at = now
    tx.update(step.row)


def keep_in(tx: Transaction, vault: AccountVault, step: Step, content: Content) -> None:
    """Replace what the step holds."""
    step.row.sealed = vault.seal(content, STEP.place(step.row.id))
    tx.update(step.row)


def count_try(tx: Transaction, step: Step, most: int, now: datetime) -> bool:
    """Count a wrong try; returns whether there is another. The step is over with the last."""
    step.row.tries += 1
    tx.update(step.row)
    if step.row.tries < most:
        return True
    use_up(tx, step, now)
    return False


async def end_steps_of(tx: Transaction, person_id: UUID, now: datetime) -> None:
    """End everything that a person has begun, in whichever browser."""
    open_ones = update(Attempt).where(col(Attempt.person_id) == person_id, col(Attempt.used_at).is_(None))
    await tx.execute(open_ones.values(used_at=now))


async def forget_old_steps(tx: Transaction, now: datetime) -> int:
    """Remove the steps whose time has passed. Returns how many."""
    return (await tx.execute(delete(Attempt).where(col(Attempt.expires_at) < now))).rowcount


def _opened(vault: AccountVault, row: Attempt) -> Step | None:
    """The step with what it holds; None where PORTAL_KEY was changed since: it is over, as after its minutes."""
    try:
        return Step(row, vault.open(row.sealed, STEP.place(row.id)))
    except Unreadable:
        return None
