"""Passkeys: made by a person who has proved to be it, and used to sign in. The device asks for finger, face or PIN."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.portal.domain.lifetimes import CEREMONY
from services.portal.tables import Passkey, Person
from services.portal.use_cases.attempts import begin_step, steps_of, use_up
from services.portal.vault import AccountVault
from shared.database.transaction import Transaction

MOST_PASSKEYS: Final = 20
LONGEST_NAME: Final = 60
_LONGEST_ANSWER: Final = 20_000
_TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "hybrid", "internal", "smart-card", "cable"})
_MILLISECONDS: Final = int(CEREMONY.total_seconds() * 1000)
_FAULTS: Final = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Site:
    """For which site passkeys are: the host of the public address. They open no other."""

    origin: str
    host: str

    @classmethod
    def of(cls, public_url: str) -> "Site":
        """The site of a public address."""
        parts = urlsplit(public_url)
        return cls(f"{parts.scheme}://{parts.netloc}", parts.hostname or "")


@dataclass(frozen=True)
class Given:
    """What a device answered when it made a passkey, and the name that its owner gives to it."""

    answer: str
    name: str


async def passkeys_of(tx: Transaction, person_id: UUID) -> list[Passkey]:
    """The passkeys of a person, the oldest first."""
    return await tx.all(select(Passkey).where(Passkey.person_id == person_id).order_by(col(Passkey.created_at)))


async def begin_passkey(
    tx: Transaction, vault: AccountVault, site: Site, person: Person, browser: str, now: datetime
) -> dict[str, Any]:
    """What a device needs to make a passkey for a person (PublicKeyCredentialCreationOptionsJSON)."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name="Luotsi",
        user_id=person.user_handle,
        user_name=person.address,
        user_display_name=person.address,
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_descriptors(await passkeys_of(tx, person.id)),
    )
    content = {"challenge": bytes_to_base64url(options.challenge)}
    await begin_step(tx, vault, "new_passkey", browser, content, now, person_id=person.id)
    return _as_json(options)


async def add_passkey(
    tx: Transaction,
    vault: AccountVault,
    site: Site,
    person: Person,
    browser: str | None,
    given: Given,
    now: datetime,
) -> Passkey | None:
    """Keep the passkey that a device made; None where its answer is none to what this browser asked."""
    for step in await steps_of(tx, vault, "new_passkey", browser, now):
        if step.row.person_id != person.id:
            continue
        use_up(tx, step, now)
        made = _made(site, given, step.content["challenge"], person.id, now)
        if made is not None and await _has_room(tx, person.id) and await tx.insert_if_new(made):
            return made
        break
    return None


def _made(site: Site, answered: Given, challenge: str, person_id: UUID, now: datetime) -> Passkey | None:
    try:
        given = json.loads(answered.answer[:_LONGEST_ANSWER])
        found = verify_registration_response(
            credential=given,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
        transports = given.get("response", {}).get("transports") or []
    except _FAULTS:
        return None
    return Passkey(
        person_id=person_id,
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        name=answered.name,
        backed_up=found.credential_backed_up,
        transports=[each for each in transports if each in _TRANSPORTS] if isinstance(transports, list) else [],
        created_at=now,
    )


async def ask_for_passkey(
    tx: Transaction, vault: AccountVault, site: Site, browser: str, now: datetime
) -> dict[str, Any]:
    """What a device needs to answer with any passkey for this site (PublicKeyCredentialRequestOptionsJSON).

    It names no passkeys, so it says of nobody that they have some; the person chooses on the device.
    """
    options = generate_authentication_options(
        rp_id=site.host, timeout=_MILLISECONDS, user_verification=UserVerificationRequirement.REQUIRED
    )
    await begin_step(tx, vault, "passkey", browser, {"challenge": bytes_to_base64url(options.challenge)}, now)
    return _as_json(options)


async def accept_passkey(
    tx: Transaction, vault: AccountVault, site: Site, browser: str | None, answer: str, now: datetime
) -> Person | None:
    """Who signs in with a passkey; None where it is unknown here, or its answer is none to what this browser asked.

    A challenge is answered once. A count that went back is of a copy of the passkey: it opens nothing.
    """
    steps = await steps_of(tx, vault, "passkey", browser, now)
    if not steps:
        return None
    for step in steps:
        use_up(tx, step, now)
    try:
        given = parse_authentication_credential_json(answer[:_LONGEST_ANSWER])
        handle = given.response.user_handle
    except _FAULTS:
        return None
    query = select(Passkey).where(Passkey.credential_id == given.raw_id).with_for_update()
    passkey = await tx.first(query)
    if passkey is None:
        return None
    person = await tx.get_one(Person, passkey.person_id)
    if handle is not None and handle != person.user_handle:
        return None
    for step in steps:
        if _is_answered(site, passkey, given, step.content["challenge"], now):
            tx.update(passkey)
            return person
    return None


def _is_answered(site: Site, passkey: Passkey, given: Any, challenge: str, now: datetime) -> bool:
    try:
        found = verify_authentication_response(
            credential=given,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except _FAULTS:
        return False
    passkey.sign_count, passkey.backed_up, passkey.last_used_at = found.new_sign_count, found.credential_backed_up, now
    return True


async def remove_passkey(tx: Transaction, person_id: UUID, passkey_id: UUID) -> Passkey | None:
    """Forget a passkey of the person; None where it has no such one."""
    passkey = await tx.get(Passkey, passkey_id, lock=True)
    if passkey is None or passkey.person_id != person_id:
        return None
    tx.delete(passkey)
    return passkey


async def _has_room(tx: Transaction, person_id: UUID) -> bool:
    count = select(func.count()).select_from(Passkey).where(col(Passkey.person_id) == person_id)
    return (await tx.all(count))[0] < MOST_PASSKEYS


def _descriptors(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=each.credential_id) for each in passkeys]


def _as_json(options: Any) -> dict[str, Any]:
    return dict(json.loads(options_to_json(options)))
