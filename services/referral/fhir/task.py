"""A referral as a Task: how the work that was asked for is going."""

from typing import Final
from uuid import UUID

from services.referral.domain.lifecycle import Status
from services.referral.fhir.codes import ENROLLMENT, GRAVITY_CODES, OUTCOMES, REASONS, TASK_CODES
from services.referral.fhir.parts import (
    Json,
    coded,
    identifier,
    instant,
    meta,
    organization_reference,
    parent_request,
    patient,
    period,
    present,
    request_id,
    service,
)
from services.referral.schemas.referrals import ReferralView

_REASONS: Final = {str(code): words for code, words in REASONS.items()}
_OUTCOMES: Final = {str(code): words for code, words in OUTCOMES.items()}


def task(seen: ReferralView, parent_id: UUID | None) -> Json:
    """The Task. Its status is the referral's, verbatim, whichever side brought it about."""
    return present(
        resourceType="Task",
        id=str(seen.id),
        meta=meta(seen),
        identifier=[identifier(seen)],
        basedOn=parent_request(parent_id),
        partOf=[{"reference": f"Task/{parent_id}", "type": "Task"}] if parent_id else None,
        status=seen.status,
        statusReason=coded(seen.status_reason, "reason", _REASONS),
        businessStatus=_business_status(seen),
        intent="order",
        priority=seen.urgency,
        code={"coding": [{"system": TASK_CODES, "code": "fulfill"}]},
        focus={"reference": f"urn:uuid:{request_id(seen.id)}", "type": "ServiceRequest"},
        **{"for": patient(seen)},
        authoredOn=instant(seen.sent_at or seen.created_at),
        lastModified=instant(seen.updated_at),
        requester=organization_reference(seen.source_organization),
        owner=organization_reference(seen.target_organization),
        executionPeriod=period(seen.started_at or seen.accepted_at, seen.completed_at),
        restriction=_restriction(seen),
        input=[_language(seen)],
        output=_outputs(seen) or None,
    )


def _business_status(seen: ReferralView) -> Json | None:
    """What Task.status can't say: that no answer came, the loop is closed, or the target has looked."""
    code: str
    if seen.business_status is not None:
        seen_since = ", and the source has seen it" if seen.closed_at is not None else ""
        code, words = seen.business_status, f"Nobody answered in time{seen_since}"
    elif seen.closed_at is not None:
        code, words = "closed", "The source has seen the end"
    elif seen.status == Status.REQUESTED and seen.first_viewed_at is not None:
        code, words = "viewed", "The target has opened it and not answered"
    else:
        return None
    return {"coding": [{"system": "urn:luotsi:business-status", "code": code}], "text": words}


def _language(seen: ReferralView) -> Json:
    value = {"coding": [{"system": "urn:ietf:bcp:47", "code": seen.language}]}
    return {"type": _parameter("language", "Language of the client"), "valueCodeableConcept": value}


def _restriction(seen: ReferralView) -> Json | None:
    """By when an answer is due, counted from the sending; None for a draft."""
    due = period(seen.sent_at, seen.respond_by) if seen.respond_by is not None else None
    return {"period": due} if due else None


def _outputs(seen: ReferralView) -> list[Json]:
    found = []
    if outcome := _outcome(seen):
        found.append({"type": _parameter("outcome", "What became of the client"), "valueCodeableConcept": outcome})
    if seen.suggested_service is not None:
        suggested = service(seen.suggested_service)
        kind = _parameter("suggested-service", "Service that would fit better")
        found.append({"type": kind, "valueCodeableConcept": suggested})
    return found


def _outcome(seen: ReferralView) -> Json | None:
    """The outcome in our code, and in Gravity's where it has one."""
    found = coded(seen.outcome, "outcome", _OUTCOMES)
    if found is not None and seen.outcome is not None and seen.outcome.code in ENROLLMENT:
        code, display = ENROLLMENT[seen.outcome.code]
        found["coding"].append({"system": GRAVITY_CODES, "code": code, "display": display})
    return found


def _parameter(code: str, words: str) -> Json:
    return {"coding": [{"system": "urn:luotsi:task-parameter", "code": code}], "text": words}
