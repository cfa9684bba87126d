"""Referrals, and the keys of the requests that created them."""

from datetime import date, datetime
from typing import Any, ClassVar, Final, TypeAlias
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Row, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.referral.domain.chains import MAX_DEPTH
from services.referral.domain.deadlines import EXPIRED
from services.referral.domain.lifecycle import Outcome, Reason, Status
from services.referral.tables.base import Base, Moment, one_of

# What the queues are, as `queries/filters.py` says it too: an index of it holds no other rows.
SENT: Final = text("sent_at IS NOT NULL")
REQUESTED: Final = text("status = 'requested'")
ON_DESK: Final = text("status IN ('accepted', 'in-progress', 'on-hold', 'requested')")
UNCLOSED: Final = text("closed_at IS NULL")
ASSIGNED: Final = text("assigned_member_id IS NOT NULL")
EXPIRED_UNCLOSED: Final = text(f"closed_at IS NULL AND business_status = '{EXPIRED}'")
ANSWER_UNSEEN: Final = text(
    "sent_at IS NOT NULL AND closed_at IS NULL AND answer_seen_at IS NULL AND "
    "(status IN ('completed', 'failed', 'rejected') OR status = 'cancelled' AND reason_side IS DISTINCT FROM 'source')"
)
UNMEASURED: Final = text("working_time_to_answer IS NULL AND (accepted_at IS NOT NULL OR declined_at IS NOT NULL)")
NOT_CLOSED: Final = text(
    "sent_at IS NOT NULL AND closed_at IS NULL AND status IN ('cancelled', 'completed', 'failed', 'rejected') AND "
    "(answer_seen_at IS NOT NULL OR status = 'cancelled' AND reason_side = 'source')"
)

COUNTED: Final = (
    "source_organization_id",
    "target_organization_id",
    "service_id",
    "language",
    "status",
    "reason_code",
    "reason_side",
    "business_status",
    "accepted_at",
    "declined_at",
    "closed_at",
    "answer_seen_at",
    "respond_by",
    "working_time_to_answer",
)
"""What figures are made of: they are read from an index, and no referral's texts with them."""


class Referral(Base, table=True):
    """A referral. All free text about it, and the words of its legal basis, lie sealed in `texts`.

    A child was passed on from `parent_id`. `root_id` is the first of its chain (its own id when it is the first);
    `root_reference` and `first_source_…` repeat of the root what every event of a child tells of it.
    """

    __tablename__ = "referrals"
    __table_args__: ClassVar = (
        one_of("status", Status),
        one_of("urgency", ("routine", "urgent")),
        one_of("reason_code", Reason),
        one_of("outcome_code", Outcome),
        one_of("legal_basis_kind", ("consent", "statute")),
        CheckConstraint(f"chain_depth BETWEEN 1 AND {MAX_DEPTH}", name="chain_depth"),
        CheckConstraint("(parent_id IS NULL) = (chain_depth = 1)", name="child_depth"),
        CheckConstraint("(parent_id IS NULL) = (id = root_id)", name="child_root"),
        CheckConstraint(
            "(parent_id IS NULL) = (first_source_organization_id IS NULL)"
            " AND (parent_id IS NULL) = (first_source_member_id IS NULL)"
            " AND (parent_id IS NULL) = (root_reference IS NULL)",
            name="child_beginning",
        ),
        one_of("business_status", (EXPIRED,)),
        Index("ix_referrals_source", "source_organization_id", "id"),
        Index("ix_referrals_target", "target_organization_id", "id"),
        *(
            Index(f"ix_referrals_source_{moment}", "source_organization_id", moment, "id")
            for moment in ("respond_by", "updated_at", "sent_at")
        ),
        *(
            Index(f"ix_referrals_target_{moment}", "target_organization_id", moment, "id", postgresql_where=SENT)
            for moment in ("respond_by", "updated_at", "sent_at")
        ),
        Index("ix_referrals_target_status", "target_organization_id", "status", "id", postgresql_where=SENT),
        Index("ix_referrals_waiting", "target_organization_id", "respond_by", "id", postgresql_where=REQUESTED),
        Index("ix_referrals_assigned", "target_organization_id", "assigned_member_id", "id", postgresql_where=ON_DESK),
        Index("ix_referrals_unclosed", "source_organization_id", "status", "id", postgresql_where=UNCLOSED),
        Index("ix_referrals_expired", "source_organization_id", "id", postgresql_where=EXPIRED_UNCLOSED),
        Index("ix_referrals_answer_unseen", "source_organization_id", "id", postgresql_where=ANSWER_UNSEEN),
        Index("ix_referrals_not_closed", "source_organization_id", "id", postgresql_where=NOT_CLOSED),
        Index("ix_referrals_source_status", "source_organization_id", "status", "id"),
        Index("ix_referrals_sent_status", "status", "id", postgresql_where=SENT),
        Index(
            "ix_referrals_target_assignee",
            "target_organization_id",
            "assigned_member_id",
            "id",
            postgresql_where=ASSIGNED,
        ),
        Index("ix_referrals_assignee_unclosed", "assigned_member_id", postgresql_where=UNCLOSED),
        Index("ix_referrals_member_unclosed", "source_member_id", postgresql_where=UNCLOSED),
        Index("ix_referrals_unmeasured", "id", postgresql_where=UNMEASURED),
        Index("ix_referrals_figures", "sent_at", postgresql_include=COUNTED, postgresql_where=SENT),
    )

    id: UUID = Field(primary_key=True)
    reference: str = Field(sa_type=Text, unique=True)
    version: int = Field(sa_type=BigInteger)
    status: str = Field(sa_type=Text)
    urgency: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    client_id: UUID = Field(sa_type=Uuid, sa_column_args=[ForeignKey("clients.id")], index=True)
    service_id: UUID
    source_organization_id: UUID
    # The former version hands over by its index, this one by ix_referrals_member_unclosed; it goes one version later.
    source_member_id: UUID = Field(index=True)
    target_organization_id: UUID
    assigned_member_id: UUID | None = None
    desk_member_ids: list[UUID] = Field(default_factory=list, sa_type=ARRAY(Uuid))
    parent_id: UUID | None = Field(default=None, sa_type=Uuid, sa_column_args=[ForeignKey("referrals.id")], index=True)
    root_id: UUID = Field(index=True)
    root_reference: str | None = Field(default=None, sa_type=Text)
    first_source_organization_id: UUID | None = None
    first_source_member_id: UUID | None = None
    chain_depth: int = 1
    suggested_service_id: UUID | None = None
    follows_id: UUID | None = Field(
        default=None, sa_type=Uuid, unique=True, sa_column_args=[ForeignKey("referrals.id")]
    )
    texts: bytes = Field(sa_type=LargeBinary)
    legal_basis_kind: str | None = Field(default=None, sa_type=Text)
    legal_basis_recorded_by: UUID | None = None
    legal_basis_recorded_at: datetime | None = Field(default=None, sa_type=Moment)
    reason_code: str | None = Field(default=None, sa_type=Text)
    reason_side: str | None = Field(default=None, sa_type=Text)
    outcome_code: str | None = Field(default=None, sa_type=Text)
    withdrawal_told_by: str | None = Field(default=None, sa_type=Text)
    withdrawal_told_on: date | None = None
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    sent_at: datetime | None = Field(default=None, sa_type=Moment)
    first_viewed_at: datetime | None = Field(default=None, sa_type=Moment)
    accepted_at: datetime | None = Field(default=None, sa_type=Moment)
    declined_at: datetime | None = Field(default=None, sa_type=Moment)
    # In microseconds, from sending to accepting or declining, by the closures that were known then.
    working_time_to_answer: int | None = Field(default=None, sa_type=BigInteger)
    started_at: datetime | None = Field(default=None, sa_type=Moment)
    completed_at: datetime | None = Field(default=None, sa_type=Moment)
    answer_seen_at: datetime | None = Field(default=None, sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    # The terms that the sender was shown; a later change of the service's days is for later referrals.
    response_days: int | None = None
    expiry_days: int | None = None
    respond_by: datetime | None = Field(default=None, sa_type=Moment)
    business_status: str | None = Field(default=None, sa_type=Text)
    # The last change or message by a person.
    news_at: datetime | None = Field(default=None, sa_type=Moment)


ReferralRow: TypeAlias = Referral | Row[Any]
"""A referral, or columns of one under the same names: what a list reads."""


class IdempotencyKey(Base, table=True):
    """A key a member has used to create a referral, and the answer it got, sealed under the client's key."""

    __tablename__ = "idempotency_keys"

    member_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=Text)
    request_digest: bytes = Field(sa_type=LargeBinary)
    client_id: UUID | None = None
    referral_id: UUID | None = None
    answer: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=Moment)
