"""Reading a referral as FHIR: what the actor's side sees of it, in the resources of a standard."""

from typing import Any

from sqlmodel import col, select

from services.referral.domain.lifecycle import Side
from services.referral.fhir.bundle import Beside, Known, bundle
from services.referral.tables import Organization, Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.showing import view


async def fhir_bundle(work: ActorUnitOfWork, referral: Referral) -> dict[str, Any]:
    """The referral as a FHIR Bundle for the actor's side. Showing client data is written down like any reading."""
    seen = await view(work, referral, "fhir")
    ids = [referral.source_organization_id, referral.target_organization_id]
    rows = await work.tx.all(select(Organization).where(col(Organization.id).in_(ids)))
    beside = Beside(
        organizations={row.id: Known(row.slug, row.active) for row in rows},
        # The side that passed it on knows the parent; the side that was asked learns nothing of what lies above.
        parent_id=referral.parent_id if seen.side == Side.SOURCE else None,
        ended_by_source=referral.reason_side == Side.SOURCE or referral.withdrawal_told_by is not None,
    )
    return bundle(seen, beside)
