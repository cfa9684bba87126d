"""The second factor without a passkey: codes of an authenticator app, and recovery codes."""

import logging
import os
from datetime import datetime
from typing import Literal
from uuid import UUID

import pyotp
from sqlalchemy import delete
from sqlmodel import col

from services.portal.domain.codes import RECOVERY_CODES, accepted_step, bare_recovery_code, recovery_code
from services.portal.tables import Authenticator, Person, RecoveryCode
from services.portal.use_cases.limits import allows, forgive
from services.portal.use_cases.sealed import APP_SECRET, CODE_KEY
from services.portal.vault import AccountVault, Unreadable, keyed_digest
from shared.database.transaction import Transaction

log = logging.getLogger(__name__)

Checked = Literal["right", "wrong", "too_many", "unreadable"]
"""What came of a code: `too_many` were tried, or what it is checked with opens with no key any more (`unreadable`)"""


async def app_secret(tx: Transaction, vault: AccountVault, person_id: UUID, now: datetime) -> str:
    """The secret for an app that is being set up: the same one until it is confirmed, so that a reload changes nothing.

    A person with an app that works gets the secret of a further one elsewhere: raises ValueError.
    """
    known, place = await tx.get(Authenticator, person_id, lock=True), APP_SECRET.place(person_id)
    if known is not None and known.confirmed_at is not None:
        raise ValueError("this person has an authenticator app")
    if known is not None and vault.age_of(known.sealed_secret, place) is not None:
        return str(vault.open(known.sealed_secret, place))
    secret = pyotp.random_base32()
    if known is None:
        tx.insert(
            Authenticator(person_id=person_id, sealed_secret=vault.seal(secret, place), last_step=0, created_at=now)
        )
    else:  # no key opens it any more, and nobody has used it yet
        known.sealed_secret = vault.seal(secret, place)
        tx.update(known)
    return secret


async def confirm_app(tx: Transaction, vault: AccountVault, person_id: UUID, typed: str, now: datetime) -> Checked:
    """Take an app into use by a first code of it."""
    app = await tx.get(Authenticator, person_id, lock=True)
    if app is None:
        return "wrong"
    checked = await _check(tx, vault, app, typed, now)
    if checked == "right" and app.confirmed_at is None:
        app.confirmed_at = now
        tx.update(app)
    return checked


async def check_app(tx: Transaction, vault: AccountVault, person_id: UUID, typed: str, now: datetime) -> Checked:
    """Whether a code is one of the person's app, and was not used yet."""
    app = await tx.get(Authenticator, person_id, lock=True)
    if app is None or app.confirmed_at is None:
        return "wrong"
    return await _check(tx, vault, app, typed, now)


async def _check(tx: Transaction, vault: AccountVault, app: Authenticator, typed: str, now: datetime) -> Checked:
    if not await allows(tx, vault, "second_factor", str(app.person_id), now):
        return "too_many"
    try:
        secret = str(vault.open(app.sealed_secret, APP_SECRET.place(app.person_id)))
    except Unreadable:
        log.error("PORTAL_KEY opens the authenticator app of person %s no more", app.person_id)
        return "unreadable"
    step = accepted_step(secret, typed, now, app.last_step)
    if step is None:
        return "wrong"
    app.last_step = step
    tx.update(app)
    await forgive(tx, vault, "second_factor", str(app.person_id))
    return "right"


async def remove_app(tx: Transaction, person_id: UUID) -> None:
    """Forget the person's authenticator app."""
    await tx.execute(delete(Authenticator).where(col(Authenticator.person_id) == person_id))


async def new_recovery_codes(tx: Transaction, vault: AccountVault, person_id: UUID, now: datetime) -> list[str]:
    """Fresh recovery codes in place of all others of the person."""
    await tx.execute(delete(RecoveryCode).where(col(RecoveryCode.person_id) == person_id))
    person, key = await tx.get_one(Person, person_id, lock=True), os.urandom(32)
    person.sealed_code_key = vault.seal(key.hex(), CODE_KEY.place(person_id))
    tx.update(person)
    codes = [recovery_code(os.urandom(16)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        tx.insert(RecoveryCode(digest=_digest(key, person_id, code), person_id=person_id, created_at=now))
    return codes


async def use_recovery_code(
    tx: Transaction, vault: AccountVault, person_id: UUID, typed: str, now: datetime
) -> Checked:
    """Use up a recovery code of the person."""
    if not await allows(tx, vault, "recovery_code", str(person_id), now):
        return "too_many"
    try:
        keys = _code_keys(vault, await tx.get_one(Person, person_id))
    except Unreadable:
        log.error("PORTAL_KEY opens the recovery codes of person %s no more", person_id)
        return "unreadable"
    for key in keys:
        code = await tx.get(RecoveryCode, _digest(key, person_id, typed), lock=True)
        if code is not None and code.used_at is None:
            code.used_at = now
            tx.update(code)
            await forgive(tx, vault, "recovery_code", str(person_id))
            return "right"
    return "wrong"


def _code_keys(vault: AccountVault, person: Person) -> list[bytes]:
    """What may have keyed the person's codes: a key of their own, or that of PORTAL_KEY. Raises Unreadable."""
    if person.sealed_code_key is None:
        return vault.digest_keys
    return [bytes.fromhex(vault.open(person.sealed_code_key, CODE_KEY.place(person.id)))]


def _digest(key: bytes, person_id: UUID, code: str) -> bytes:
    return keyed_digest(key, "recovery code", str(person_id), bare_recovery_code(code))
