"""A referral as a ServiceRequest: what its source asks for."""

from typing import Final
from uuid import UUID

from services.referral.domain.lifecycle import Status
from services.referral.fhir.codes import CAN_BE_REVOKED, GRAVITY_CODES, REQUEST_STATUS
from services.referral.fhir.parts import (
    Json,
    consent_id,
    identifier,
    instant,
    meta,
    organization_reference,
    parent_request,
    patient,
    present,
    request_id,
    service,
)
from services.referral.schemas.referrals import ReferralView

_CATEGORY: Final = {
    "coding": [
        {
            "system": GRAVITY_CODES,
            "code": "sdoh-category-unspecified",
            "display": "SDOH Category Unspecified",
        }
    ]
}


def service_request(seen: ReferralView, parent_id: UUID | None, *, ended_by_source: bool, on_consent: bool) -> Json:
    """The ServiceRequest. `ended_by_source`: whether the source, or the client through it, took the request back."""
    consent = {"reference": f"urn:uuid:{consent_id(seen.id)}", "type": "Consent"}
    return present(
        resourceType="ServiceRequest",
        id=str(request_id(seen.id)),
        meta=meta(seen),
        identifier=[identifier(seen)],
        basedOn=parent_request(parent_id),
        status=_status(seen, ended_by_source),
        intent="order",
        category=[_CATEGORY],
        priority=seen.urgency,
        code=service(seen.service),
        orderDetail=_contact(seen),
        subject=patient(seen),
        authoredOn=instant(seen.sent_at or seen.created_at),
        requester=organization_reference(seen.source_organization),
        performer=[organization_reference(seen.target_organization)],
        reasonCode=[{"text": seen.reason}] if seen.reason else None,
        supportingInfo=[consent] if on_consent else None,
        note=[{"text": seen.shareable_note}] if seen.shareable_note else None,
    )


def _status(seen: ReferralView, ended_by_source: bool) -> str:
    """What the source says of its request. That the target ended its work, or none answered, is the Task's to say.

    The request stands until the source revokes it, as it also does by closing.
    """
    status = Status(seen.status)
    taken_back = ended_by_source or seen.closed_at is not None
    return "revoked" if status in CAN_BE_REVOKED and taken_back else REQUEST_STATUS[status]


def _contact(seen: ReferralView) -> list[Json] | None:
    """That the client is reached through the adviser. This is no wish to be left alone, for which others have flags."""
    if seen.client is None or seen.client.contact_via != "adviser":
        return None
    coding = {"system": "urn:luotsi:contact", "code": "through-adviser", "display": "Through the adviser"}
    return [{"coding": [coding], "text": "Contact the client through the adviser who refers"}]
