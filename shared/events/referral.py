"""What the referral service tells: each referral's whole non-personal state, messages, and figures of services."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.envelope import Payload

Side = Literal["source", "target"]
StatusCode = Literal[
    "draft",
    "requested",
    "accepted",
    "rejected",
    "in-progress",
    "on-hold",
    "completed",
    "failed",
    "cancelled",
    "entered-in-error",
]
"""HL7 FHIR Task.status, the codes that a referral uses, for those who show them; a reader takes any other as well."""


class ReferralState(Payload):
    """A referral without anything about who the client is, and without any free text.

    `status` is an HL7 FHIR Task code. `by_side` says which side caused this event, where a person did; and which side's
    organisation was deactivated or is back.
    `respond_by` is when the answer is, or was, due. `business_status` is `expired` where none came.
    `desk_member_ids` are the members who formed the target's desk when the referral was sent.

    A referral that was passed on is the child of another: `parent_id` is the one it was passed on from, `root_id`
    and `root_reference` are those of the first of the chain, and `first_source_…` say who began it. They are for the
    platform's own services: an organisation further down the chain learns nothing of what lies above its own part.
    `chain_depth` counts the referrals from the first one to this one.
    """

    id: UUID
    reference: str
    status: str
    version: int
    urgency: Literal["routine", "urgent"]
    language: str
    service_id: UUID
    source_organization_id: UUID
    source_member_id: UUID
    target_organization_id: UUID
    assigned_member_id: UUID | None = None
    desk_member_ids: tuple[UUID, ...] = ()
    parent_id: UUID | None = None
    root_id: UUID | None = None
    root_reference: str | None = None
    first_source_organization_id: UUID | None = None
    first_source_member_id: UUID | None = None
    chain_depth: int = 1
    suggested_service_id: UUID | None = None
    reason_code: str | None = None
    outcome_code: str | None = None
    business_status: str | None = None
    by_side: Side | None = None
    created_at: AwareDatetime
    sent_at: AwareDatetime | None = None
    first_viewed_at: AwareDatetime | None = None
    accepted_at: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    answer_seen_at: AwareDatetime | None = None
    closed_at: AwareDatetime | None = None
    respond_by: AwareDatetime | None = None


class ReferralAssigned(ReferralState):
    """A referral that was given to a member of the target (`assigned_member_id`) or back to its whole desk.

    Beyond the state it tells from whom it was taken.
    """

    former_member_id: UUID | None = None


class MessageSent(Payload):
    """A message between the two sides; its text never travels. `side` is the side that wrote it."""

    message_id: UUID
    side: Side
    referral: ReferralState


class DeclineReason(Payload):
    """How many referrals were declined for one reason. `other` also counts reasons that were too rare to be shown."""

    code: str
    referrals: int


class ServiceFacts(Payload):
    """What the network has learnt of a service, of referrals sent in the last `window_days` or still open.

    With fewer than five of them `suppressed` is true, and only the service's id is given. Otherwise a rate, a
    median or a reason is given where at least five stand behind it. `acceptance_rate` is accepted by answered, 0 to 1;
    a working day has 24 working hours; `overdue` are those of the open ones whose answer is late. Counts are in fives,
    rounded down, the rate in tenths, the median in steps of six hours. `as_of` is when these figures last changed.
    """

    service_id: UUID
    suppressed: bool
    organization_id: UUID | None = None
    window_days: int | None = None
    referrals: int | None = None
    acceptance_rate: float | None = None
    median_working_hours_to_answer: float | None = None
    decline_reasons: tuple[DeclineReason, ...] = ()
    open: int | None = None
    overdue: int | None = None
    as_of: AwareDatetime | None = None


STATE_EVENTS = (
    "created",
    "edited",
    "sent",
    "first_viewed",
    "accepted",
    "declined",
    "started",
    "held",
    "resumed",
    "completed",
    "failed",
    "cancelled",
    "consent_withdrawn",
    "marked_in_error",
    "answer_seen",
    "followed",
    "closed",
    "handed_over",
    "due_soon",
    "overdue",
    "overdue_again",
    "expired",
    "not_started",
    "no_news",
    "forwarded",
    "organization_deactivated",
    "organization_reactivated",
)

EVENTS: dict[str, type[Payload]] = {f"referral.{name}.v1": ReferralState for name in STATE_EVENTS} | {
    "referral.assigned.v1": ReferralAssigned,
    "referral.message_sent.v1": MessageSent,
    "referral.service_facts.v1": ServiceFacts,
}
