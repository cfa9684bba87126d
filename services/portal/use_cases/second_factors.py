"""The second factor without a passkey: codes of an authenticator app, and recovery codes."""

import os
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import delete
from sqlmodel import col

from services.portal.domain.codes import RECOVERY_CODES, accepted_step, bare_recovery_code, recovery_code
from services.portal.tables import Authenticator, RecoveryCode
from services.portal.use_cases.limits import allows, forgive
from services.portal.vault import AccountVault
from shared.database.transaction import Transaction


async def app_secret(tx: Transaction, vault: AccountVault, person_id: UUID, now: datetime) -> str:
    """The secret for an app that is being set up: the same one until it is confirmed, so that a reload changes nothing.

    A person with an app that works gets the secret of a further one elsewhere: raises ValueError.
    """
    known = await tx.get(Authenticator, person_id, lock=True)
    if known is not None and known.confirmed_at is not None:
        raise ValueError("this person has an authenticator app")
    if known is not None:
        return str(vault.open(known.sealed_secret, _place(person_id)))
    secret = pyotp.random_base32()
    tx.insert(
        Authenticator(
            person_id=person_id, sealed_secret=vault.seal(secret, _place(person_id)), last_step=0, created_at=now
        )
    )
    return secret


async def confirm_app(tx: Transaction, vault: AccountVault, person_id: UUID, typed: str, now: datetime) -> bool | None:
    """Take an app into use by a first code of it. Returns whether the code was right; None for one too many tries."""
    app = await tx.get(Authenticator, person_id, lock=True)
    if app is None:
        return False
    accepted = await _accept(tx, vault, app, typed, now)
    if accepted and app.confirmed_at is None:
        app.confirmed_at = now
        tx.update(app)
    return accepted


async def check_app(tx: Transaction, vault: AccountVault, person_id: UUID, typed: str, now: datetime) -> bool | None:
    """Whether a code is one of the person's app, and was not used yet; None for one too many tries."""
    app = await tx.get(Authenticator, person_id, lock=True)
    if app is None or app.confirmed_at is None:
        return False
    return await _accept(tx, vault, app, typed, now)


async def _accept(tx: Transaction, vault: AccountVault, app: Authenticator, typed: str, now: datetime) -> bool | None:
    if not await allows(tx, vault, "second_factor", str(app.person_id), now):
        return None
    secret = str(vault.open(app.sealed_secret, _place(app.person_id)))
    step = accepted_step(secret, typed, now, app.last_step)
    if step is None:
        return False
    app.last_step = step
    tx.update(app)
    await forgive(tx, vault, "second_factor", str(app.person_id))
    return True


async def remove_app(tx: Transaction, person_id: UUID) -> None:
    """Forget the person's authenticator app."""
    await tx.execute(delete(Authenticator).where(col(Authenticator.person_id) == person_id))


async def new_recovery_codes(tx: Transaction, vault: AccountVault, person_id: UUID, now: datetime) -> list[str]:
    """Fresh recovery codes in place of all others of the person."""
    await tx.execute(delete(RecoveryCode).where(col(RecoveryCode.person_id) == person_id))
    codes = [recovery_code(os.urandom(16)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        tx.insert(RecoveryCode(digest=_digest(vault, person_id, code), person_id=person_id, created_at=now))
    return codes


async def use_recovery_code(
    tx: Transaction, vault: AccountVault, person_id: UUID, typed: str, now: datetime
) -> bool | None:
    """Use up a recovery code of the person. Returns whether it was one; None for one too many tries."""
    if not await allows(tx, vault, "recovery_code", str(person_id), now):
        return None
    code = await tx.get(RecoveryCode, _digest(vault, person_id, typed), lock=True)
    if code is None or code.used_at is not None:
        return False
    code.used_at = now
    tx.update(code)
    await forgive(tx, vault, "recovery_code", str(person_id))
    return True


def _digest(vault: AccountVault, person_id: UUID, code: str) -> bytes:
    return vault.digest("recovery code", str(person_id), bare_recovery_code(code))


def _place(person_id: UUID) -> str:
    return f"authenticator:{person_id}"
