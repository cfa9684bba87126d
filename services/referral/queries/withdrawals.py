"""What withdrawing a consent would mean: which referrals rest on it, and who has seen the client by it."""

from collections.abc import Sequence
from typing import Final, Literal

from sqlalchemy import func, select
from sqlmodel import col

from services.referral.domain.chains import below
from services.referral.domain.lifecycle import OPEN
from services.referral.queries.chains import chain_link, members_of_chain
from services.referral.queries.names import NamesOf
from services.referral.schemas.withdrawal import Resting, SeenBy, WithdrawalPreview
from services.referral.tables import Disclosure, Referral
from services.referral.unit_of_work import ActorUnitOfWork
from shared.problems import Problem, conflict

_WHAT: Final[dict[str, Literal["messages", "reference"]]] = {"messages": "messages", "duplicates": "reference"}
"""What is shown on an occasion, where it is not the client's details."""


def no_consent() -> Problem:
    """The problem (409) of withdrawing a consent where the referral rests on a statute."""
    detail = "This referral does not rest on a consent that could be withdrawn. Cancel it instead."
    return conflict(detail, name="no-consent")


async def withdrawal_preview(work: ActorUnitOfWork, referral: Referral) -> WithdrawalPreview:
    """What a withdrawal of the consent behind `referral` would end, and who has seen the client by it until now.

    Raises 409 where the referral rests on a statute.
    """
    if not rests_on_consent(referral):
        raise no_consent()
    passed_on = below(referral.id, await members_of_chain(work, referral))
    resting = [referral, *(child for child in passed_on if rests_on_consent(child))]
    names = await NamesOf.referrals(work, resting)
    possible = any(map(ends_with_withdrawal, resting))
    return WithdrawalPreview(
        possible=possible,
        rests=[
            Resting(
                **chain_link(each, names, first=referral).model_dump(),
                ends_with_withdrawal=possible and ends_with_withdrawal(each),
            )
            for each in resting
        ],
        seen_by=await _seen_by(work, resting, names),
    )


async def withdrawal_ends_below(work: ActorUnitOfWork, referral: Referral) -> bool:
    """Whether withdrawing the consent behind a referral that has ended would end something passed on from it."""
    passed_on = below(referral.id, await members_of_chain(work, referral))
    return any(map(ends_with_withdrawal, passed_on))


def rests_on_consent(referral: Referral) -> bool:
    """Whether the legal basis of the referral is a consent of the client."""
    return referral.legal_basis_kind == "consent"


def ends_with_withdrawal(referral: Referral) -> bool:
    """Whether withdrawing the client's consent ends this referral: it rests on consent, and has not ended yet."""
    return rests_on_consent(referral) and referral.status in OPEN


async def _seen_by(work: ActorUnitOfWork, resting: Sequence[Referral], names: NamesOf) -> list[SeenBy]:
    """Out of the record of disclosures, per referral, organisation and occasion, in order of the first time."""
    references = {each.id: each.reference for each in resting}
    key = (col(Disclosure.referral_id), col(Disclosure.organization_id), col(Disclosure.occasion))
    query = (
        select(
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
        for row in await work.tx.execute(query)
    ]
