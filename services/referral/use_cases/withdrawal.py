"""Withdrawing a consent: what rests on it, who has seen the client by it, and the end of all that was passed on."""

from collections.abc import Sequence
from typing import Final, Literal

from sqlalchemy import func
from sqlmodel import col, select

from services.referral.domain.chains import below
from services.referral.domain.lifecycle import OPEN, Reason, Side, Status
from services.referral.queries.names import NamesOf
from services.referral.schemas.commands import Withdrawal
from services.referral.schemas.withdrawal import Resting, SeenBy, WithdrawalPreview
from services.referral.tables import Disclosure, Referral
from services.referral.unit_of_work import ActorWork
from services.referral.use_cases.chain import chain_link, lock_below, members_of_chain
from services.referral.use_cases.deadlines import recompute_timers
from services.referral.use_cases.recording import changed
from services.referral.use_cases.sealed_texts import read_texts, write_texts
from shared.problems import Problem, conflict

_WHAT: Final[dict[str, Literal["messages", "reference"]]] = {"messages": "messages", "duplicates": "reference"}
"""What is shown on an occasion, where it is not the client's details."""


def no_consent() -> Problem:
    """409: the referral rests on a statute."""
    detail = "This referral does not rest on a consent that could be withdrawn. Cancel it instead."
    return conflict(detail, name="no-consent")


def note_withdrawal(referral: Referral, withdrawal: Withdrawal, side: Side | None) -> None:
    """Keep who told of the withdrawal, and on which day, as the reason for the end."""
    referral.reason_code, referral.reason_side = Reason.CONSENT_WITHDRAWN, side
    referral.withdrawal_told_by = withdrawal.told_by
    referral.withdrawal_told_on = withdrawal.told_on


async def withdraw_below(work: ActorWork, referral: Referral, withdrawal: Withdrawal) -> None:
    """End what was passed on from `referral` and rests on consent, as far as it is open.

    Neither side of such a child did it, so both are told.
    """
    ending = [child for child in await lock_below(work, referral) if _ends(child)]
    for child in ending:
        texts = await read_texts(work, child)
        texts.status_reason = None
        child.status = Status.CANCELLED
        note_withdrawal(child, withdrawal, None)
        await write_texts(work, child, texts)
        changed(work, child, "consent_withdrawn", None, None)
    if ending:
        await recompute_timers(work, ending)


async def withdrawal_preview(work: ActorWork, referral: Referral) -> WithdrawalPreview:
    """What a withdrawal of the consent behind `referral` would end, and who has seen the client by it until now.

    Raises 409 where the referral rests on a statute.
    """
    if not _rests_on_consent(referral):
        raise no_consent()
    passed_on = below(referral.id, await members_of_chain(work, referral))
    resting = [referral, *(child for child in passed_on if _rests_on_consent(child))]
    names = await NamesOf.referrals(work, resting)
    possible = referral.status in OPEN
    return WithdrawalPreview(
        possible=possible,
        rests=[
            Resting(
                **chain_link(each, names, first=referral).model_dump(),
                ends_with_withdrawal=possible and _ends(each),
            )
            for each in resting
        ],
        seen_by=await _seen_by(work, resting, names),
    )


def _rests_on_consent(referral: Referral) -> bool:
    return referral.legal_basis_kind == "consent"


def _ends(referral: Referral) -> bool:
    return _rests_on_consent(referral) and referral.status in OPEN


async def _seen_by(work: ActorWork, resting: Sequence[Referral], names: NamesOf) -> list[SeenBy]:
    """Out of the record of disclosures, per referral, organisation and occasion, in order of the first time."""
    references = {each.id: each.reference for each in resting}
    key = (col(Disclosure.referral_id), col(Disclosure.organization_id), col(Disclosure.occasion))
    query = (
        select(  # type: ignore[call-overload]
            *key,
            func.array_agg(col(Disclosure.member_id).distinct()).label("members"),
            func.count().label("times"),
            func.min(Disclosure.at).label("first"),
            func.max(Disclosure.at).label("last"),
        )
        .where(col(Disclosure.referral_id).in_(references))
        .group_by(*key)
        .order_by(func.min(Disclosure.at), *key)
    )
    return [
        SeenBy(
            reference=references[row.referral_id],
            organization=names.organization(row.organization_id),
            what=_WHAT.get(row.occasion, "client"),
            occasion=row.occasion,
            members=len(row.members),
            member_ids=sorted(row.members) if row.organization_id == work.actor.organization_id else None,
            times=row.times,
            first_at=row.first,
            last_at=row.last,
        )
        for row in await work.session.execute(query)
    ]
