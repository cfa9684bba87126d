"""Showing a referral to a side: what it may see of it, with disclosures and first looks written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from services.referral.consent.statutes import listed
from services.referral.domain.attention import Attention
from services.referral.domain.chains import may_be_forwarded
from services.referral.domain.deadlines import EXPIRED
from services.referral.domain.lifecycle import LIFECYCLE, Outcome, Reason, Side, Status, commands_for
from services.referral.queries import visibility
from services.referral.queries.chains import knows_client, visible_chain
from services.referral.queries.clients import client_view
from services.referral.queries.messages import unread_messages
from services.referral.queries.names import NamesOf
from services.referral.queries.offers import next_best_services
from services.referral.queries.referrals import attention_to, summary
from services.referral.queries.suggestions import links
from services.referral.queries.withdrawals import rests_on_consent, withdrawal_ends_below
from services.referral.schemas.clients import ClientView
from services.referral.schemas.legal_basis import LegalBasisView
from services.referral.schemas.parts import OutcomeView, ReasonView
from services.referral.schemas.referrals import ChainLink, ReferralView, WithdrawalView
from services.referral.schemas.sending import BeforeSending, Duplicate, OfferedService
from services.referral.tables import Client, Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.checking import before_sending_draft, before_sending_new_draft
from services.referral.use_cases.clients import note_disclosure, show_client
from services.referral.use_cases.creation import CreatedReferral
from services.referral.use_cases.recording import record_change
from services.referral.use_cases.sealed_texts import Texts, read_texts

_LEGAL_BASIS: Final[TypeAdapter[LegalBasisView]] = TypeAdapter(LegalBasisView)


async def look_at(work: ActorUnitOfWork, referral: Referral) -> None:
    """The actor opens the referral. A first look is noted, and raises the version."""
    if _first_look(work, referral) is None:
        return
    await work.tx.refresh(referral, lock=True)  # two may look at the same moment
    await visibility.require_still_active(work.tx, work.actor)
    look = _first_look(work, referral)
    if look is not None:
        setattr(referral, f"{look}_at", work.now)
        record_change(work, referral, look, visibility.side_of(work.actor, referral), work.actor.member_id)


def _first_look(work: ActorUnitOfWork, referral: Referral) -> str | None:
    """The event of a look that is to be noted: the target's first one, and the source's first one at the answer."""
    if visibility.side_of(work.actor, referral) is Side.TARGET:
        return "first_viewed" if referral.first_viewed_at is None else None
    return "answer_seen" if attention_to(referral) is Attention.ANSWER_UNSEEN else None


async def view(
    work: ActorUnitOfWork, referral: Referral, occasion: str, *, duplicates: list[Duplicate] | None = None
) -> ReferralView:
    """The referral as the actor's side sees it. Showing the client is written down, with `occasion` as why.

    `duplicates` are those that are shown with it.
    """
    parts = ShownParts(
        texts=await read_texts(work, referral),
        names=await NamesOf.referrals(work, [referral]),
        open_to_side=await knows_client(work, referral),
        unread=await unread_messages(work, [referral]),
        chain=await visible_chain(work, referral),
        duplicates=duplicates,
    )
    if parts.open_to_side:
        parts.client = await _client(work, referral, occasion)
    if referral.status == Status.DRAFT:
        parts.before_sending = await before_sending_draft(work, referral)
    return await _seen(work, referral, parts)


async def view_created(work: ActorUnitOfWork, created: CreatedReferral) -> ReferralView:
    """A referral that was just created, as its source sees it: nothing is read again, and nothing unsealed.

    A client who was there before is unsealed all the same. Showing the client is written down.
    """
    referral, recipient = created.referral, created.recipient
    parts = ShownParts(
        texts=created.texts,
        names=NamesOf.recipient(work, recipient),
        open_to_side=True,
        unread={referral.id: 0},
        chain=None,
        duplicates=created.duplicates,
    )
    if created.details is None:
        parts.client = client_view(created.client, await show_client(work, created.client, "create", referral.id))
    else:
        note_disclosure(work, created.client.id, "create", referral.id)
        parts.client = client_view(created.client, created.details)
    if referral.status == Status.DRAFT:
        parts.before_sending = before_sending_new_draft(work, referral, recipient, created.duplicates)
    return await _seen(work, referral, parts)


@dataclass
class ShownParts:
    """What a referral is shown with beyond its row. `open_to_side`: whether the actor's side may know the client."""

    texts: Texts
    names: NamesOf
    open_to_side: bool
    unread: Mapping[UUID, int]
    chain: list[ChainLink] | None
    duplicates: list[Duplicate] | None
    client: ClientView | None = None
    before_sending: BeforeSending | None = None


async def _seen(work: ActorUnitOfWork, referral: Referral, parts: ShownParts) -> ReferralView:
    side = visibility.side_of(work.actor, referral)
    texts, names, open_to_side, own = parts.texts, parts.names, parts.open_to_side, side is Side.SOURCE
    follows, followed_by = await links(work, referral)
    return ReferralView(
        **summary(work, referral, names, parts.unread),
        side=side,
        commands=await _commands(work, referral, side),
        source_member_id=referral.source_member_id if own else None,
        client=parts.client,
        reason=texts.reason if open_to_side else None,
        shareable_note=texts.shareable_note,
        private_note=texts.private_note if own else None,
        legal_basis=_legal_basis(referral, texts, own) if open_to_side or own else None,
        status_reason=_status_reason(referral, texts, side, open_to_side),
        outcome=_outcome(referral, texts, readable=open_to_side or not own),
        suggested_service=names.service(referral.suggested_service_id) if referral.suggested_service_id else None,
        withdrawal=_withdrawal(referral),
        follows=follows,
        followed_by=followed_by,
        duplicates=parts.duplicates,
        before_sending=parts.before_sending,
        next_best_services=await _alternatives(work, referral) if own else [],
        chain=parts.chain,
    )


async def _commands(work: ActorUnitOfWork, referral: Referral, side: Side) -> list[str]:
    """The commands that `side` may give. Only of what has ended, the state of what was passed on matters too."""
    status, on_consent = Status(referral.status), rests_on_consent(referral)
    look_below = side is Side.SOURCE and on_consent and status in LIFECYCLE["withdraw-consent"].for_below
    return commands_for(
        side,
        status,
        was_sent=referral.sent_at is not None,
        is_closed=referral.closed_at is not None,
        rests_on_consent=on_consent,
        may_be_forwarded=may_be_forwarded(referral.chain_depth),
        withdrawal_ends_below=look_below and await withdrawal_ends_below(work, referral),
    )


async def _client(work: ActorUnitOfWork, referral: Referral, occasion: str) -> ClientView | None:
    client = await work.tx.get_one(Client, referral.client_id)
    if client.erased_at is not None:
        return None
    details = await show_client(work, client, occasion, referral.id)
    return client_view(client, details)


async def _alternatives(work: ActorUnitOfWork, referral: Referral) -> list[OfferedService]:
    """The services to offer instead, for a referral that expired without an answer; none for any other."""
    return await next_best_services(work, referral) if referral.business_status == EXPIRED else []


def _legal_basis(referral: Referral, texts: Texts, own: bool) -> LegalBasisView | None:
    if texts.legal_basis is None or referral.legal_basis_recorded_at is None:
        return None
    statute = listed(str(texts.legal_basis.get("statute") or ""))
    by = referral.legal_basis_recorded_by if own else None
    recorded = {"listed": statute, "recorded_by": by, "recorded_at": referral.legal_basis_recorded_at}
    return _LEGAL_BASIS.validate_python(texts.legal_basis | recorded)


def _status_reason(referral: Referral, texts: Texts, side: Side, open_to_side: bool) -> ReasonView | None:
    if referral.reason_code is None:
        return None
    readable = open_to_side or referral.reason_side == side
    return ReasonView(code=Reason(referral.reason_code), text=texts.status_reason if readable else None)


def _outcome(referral: Referral, texts: Texts, *, readable: bool) -> OutcomeView | None:
    if referral.outcome_code is None:
        return None
    return OutcomeView(code=Outcome(referral.outcome_code), text=texts.outcome if readable else None)


def _withdrawal(referral: Referral) -> WithdrawalView | None:
    if referral.withdrawal_told_by is None or referral.withdrawal_told_on is None:
        return None
    return WithdrawalView(told_by=referral.withdrawal_told_by, told_on=referral.withdrawal_told_on)
