"""Signing in by a mail: asked for, and answered by the button behind its link or by its code.

Nothing that is answered, nor how long that takes, says whether an address is a member's: the same is done for any
address, and the mail is sent when the answer is on its way.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from services.portal.domain.codes import digits_of, mail_code
from services.portal.domain.lifetimes import CODE_TRIES
from services.portal.queries.accounts import Account
from services.portal.queries.ways_in import WaysIn, member_to_link, ways_in
from services.portal.use_cases.attempts import Content, Step, Unfit, begin_step, count_try, find_step, steps_of, use_up
from services.portal.use_cases.limits import allows, is_first
from services.portal.vault import AccountVault
from shared.database.transaction import Transaction
from shared.values.email_addresses import same_address

MailKind = Literal["link", "provider", "lost"]
_RANDOM: Final = 10**18


@dataclass(frozen=True)
class Wanted:
    """A mail that somebody asks for, from a network address.

    `linking` is an identity at an organisation's provider, which the mail is to link to a member of it.
    """

    address: str
    return_to: str
    language: str
    network: str
    linking: Content | None = None
    key: str = ""
    """Of the form that was sent: pressed twice, it brings one mail"""


@dataclass(frozen=True)
class MailToSend:
    """A mail to a member's own address. `organizations` are those that the member signs in to by their provider."""

    kind: MailKind
    to: str
    language: str
    token: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    organizations: tuple[Account, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What came of asking. Without a mail the answer is the same; `too_many` is about the network address alone."""

    mail: MailToSend | None = None
    too_many: bool = False


async def ask_for_mail(tx: Transaction, vault: AccountVault, browser: str, wanted: Wanted, now: datetime) -> Asked:
    """Begin to sign in by a mail to an address, should it be a member's."""
    if wanted.key and not await is_first(tx, vault, browser, wanted.key, now):
        return Asked()
    if not await allows(tx, vault, "mail_from_address", wanted.network, now):
        return Asked(too_many=True)
    address = same_address(wanted.address)
    may_send = await allows(tx, vault, "mail_to_account", address, now)
    found = await ways_in(tx, address)
    code = mail_code(secrets.randbelow(_RANDOM))
    content = {"address": address, "code": digits_of(code), "return_to": wanted.return_to, "linking": wanted.linking}
    token = await begin_step(tx, vault, "mail", browser, content, now)
    if not may_send:
        return Asked()
    if wanted.linking is not None:
        member = await member_to_link(tx, address, UUID(wanted.linking["organization_id"]))
        return Asked(None if member is None else MailToSend("link", member.email, wanted.language, token, code))
    return Asked(_mail(wanted.language, found, token, code))


def _mail(language: str, found: WaysIn, token: str, code: str) -> MailToSend | None:
    """The mail that tells the owner of an address how it gets in; none where nobody knows the address."""
    if found.address is None:
        return None
    if found.local:
        return MailToSend("link", found.address, language, token, code)
    if found.by_provider:
        return MailToSend("provider", found.address, language, organizations=tuple(found.by_provider))
    return MailToSend("lost", found.address, language)


async def look_at_link(
    tx: Transaction, vault: AccountVault, token: str, browser: str | None, now: datetime
) -> Unfit | None:
    """What stands against the link of a mail; None where its button works. Looking uses nothing up."""
    found = await find_step(tx, vault, "mail", token, browser, now)
    return None if isinstance(found, Step) else found


async def open_link(
    tx: Transaction, vault: AccountVault, token: str, browser: str | None, now: datetime
) -> Step | Unfit:
    """Use the link of a mail, in the browser that asked for it."""
    found = await find_step(tx, vault, "mail", token, browser, now)
    if isinstance(found, Step):
        use_up(tx, found, now)
    return found


async def type_code(
    tx: Transaction, vault: AccountVault, typed: str, browser: str | None, now: datetime
) -> Step | Literal["over", "wrong"]:
    """Use the code of a mail, typed in the browser that asked for it. Wrong ones are counted."""
    steps = await steps_of(tx, vault, "mail", browser, now)
    for step in steps:
        if hmac.compare_digest(step.content["code"], digits_of(typed)):
            use_up(tx, step, now)
            return step
    left = [count_try(tx, step, CODE_TRIES, now) for step in steps]
    return "wrong" if any(left) else "over"
