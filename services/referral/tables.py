"""The referral service's tables: its own rows, and its copy of the catalogue's facts."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from services.referral.chains import MAX_DEPTH
from services.referral.clocks import EXPIRED, Kind
from services.referral.domain import Outcome, Reason, Side, Status
from shared.catalog_copy import MemberCopy, OrganizationCopy, ServiceCopy
from shared.copies import Copied
from shared.tables import new_registry

_Moment: Any = DateTime(timezone=True)


def _one_of(column: str, values: Any) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Base(SQLModel, registry=new_registry()):
    """Base of this service's tables."""


class Organization(Base, OrganizationCopy, table=True):
    """An organisation, copied from the catalogue."""


class Service(Base, ServiceCopy, table=True):
    """A service, copied from the catalogue, with its days to answer and whom it is for."""

    languages: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    target_groups: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    response_days: int | None = None
    urgent_response_days: int | None = None
    expiry_days: int | None = None


class Member(Base, MemberCopy, table=True):
    """A member of staff, copied from the catalogue."""


class Client(Base, table=True):
    """A client of the source organisation: a person or a company. `details` is sealed under the client's key."""

    __tablename__ = "clients"
    __table_args__: ClassVar = (
        _one_of("kind", ("person", "company")),
        _one_of("contact_via", ("client", "adviser")),
    )

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(index=True)
    kind: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    interpreter: bool
    contact_via: str = Field(sa_type=Text)
    details: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=_Moment)
    # Then nothing about the person is left here, and referrals have no texts.
    erased_at: datetime | None = Field(default=None, sa_type=_Moment)


class ClientKey(Base, table=True):
    """A client's key, wrapped by the master key. Destroying the row makes all about the client unreadable."""

    __tablename__ = "client_keys"

    client_id: UUID = Field(primary_key=True, sa_type=Uuid, sa_column_args=[ForeignKey("clients.id")])
    wrapped: bytes = Field(sa_type=LargeBinary)


class ClientLookup(Base, table=True):
    """A keyed hash by which an organisation finds its client again; `field` is one of identifiers.FIELDS."""

    __tablename__ = "client_lookups"
    __table_args__: ClassVar = (Index("ix_client_lookups_digest", "organization_id", "digest"),)

    client_id: UUID = Field(primary_key=True, sa_type=Uuid, sa_column_args=[ForeignKey("clients.id")])
    field: str = Field(primary_key=True, sa_type=Text)
    organization_id: UUID
    digest: bytes = Field(sa_type=LargeBinary)


class Referral(Base, table=True):
    """A referral. All free text about it, and the words of its legal basis, lie sealed in `texts`.

    A child was passed on from `parent_id`. `root_id` is the first of its chain (its own id when it is the first);
    `root_reference` and `first_source_…` repeat of the root what every event of a child tells of it.
    """

    __tablename__ = "referrals"
    __table_args__: ClassVar = (
        _one_of("status", Status),
        _one_of("urgency", ("routine", "urgent")),
        _one_of("reason_code", Reason),
        _one_of("outcome_code", Outcome),
        _one_of("legal_basis_kind", ("consent", "statute")),
        CheckConstraint(f"chain_depth BETWEEN 1 AND {MAX_DEPTH}", name="chain_depth"),
        CheckConstraint("(parent_id IS NULL) = (chain_depth = 1)", name="child_depth"),
        CheckConstraint("(parent_id IS NULL) = (id = root_id)", name="child_root"),
        CheckConstraint(
            "(parent_id IS NULL) = (first_source_organization_id IS NULL)"
            " AND (parent_id IS NULL) = (first_source_member_id IS NULL)"
            " AND (parent_id IS NULL) = (root_reference IS NULL)",
            name="child_beginning",
        ),
        _one_of("business_status", (EXPIRED,)),
        Index("ix_referrals_source", "source_organization_id", "id"),
        Index("ix_referrals_target", "target_organization_id", "id"),
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
    legal_basis_recorded_at: datetime | None = Field(default=None, sa_type=_Moment)
    reason_code: str | None = Field(default=None, sa_type=Text)
    reason_side: str | None = Field(default=None, sa_type=Text)
    outcome_code: str | None = Field(default=None, sa_type=Text)
    withdrawal_told_by: str | None = Field(default=None, sa_type=Text)
    withdrawal_told_on: date | None = None
    created_at: datetime = Field(sa_type=_Moment)
    updated_at: datetime = Field(sa_type=_Moment)
    sent_at: datetime | None = Field(default=None, sa_type=_Moment)
    first_viewed_at: datetime | None = Field(default=None, sa_type=_Moment)
    accepted_at: datetime | None = Field(default=None, sa_type=_Moment)
    declined_at: datetime | None = Field(default=None, sa_type=_Moment)
    started_at: datetime | None = Field(default=None, sa_type=_Moment)
    completed_at: datetime | None = Field(default=None, sa_type=_Moment)
    answer_seen_at: datetime | None = Field(default=None, sa_type=_Moment)
    closed_at: datetime | None = Field(default=None, sa_type=_Moment)
    # The terms that were told to the sender; a later change of the service's days is for later referrals.
    response_days: int | None = None
    expiry_days: int | None = None
    respond_by: datetime | None = Field(default=None, sa_type=_Moment)
    business_status: str | None = Field(default=None, sa_type=Text)
    # The last change or message by a person.
    news_at: datetime | None = Field(default=None, sa_type=_Moment)


class Timer(Base, table=True):
    """When something is told of a referral, or it expires, unless it moves before. Written under the referral's lock.

    `since` is the moment from which it counts. It rings once for each: with another `since` it is wound up again.
    """

    __tablename__ = "timers"
    __table_args__: ClassVar = (
        _one_of("kind", Kind),
        Index("ix_timers_due", "due_at", postgresql_where=text("fired_at IS NULL")),
    )

    referral_id: UUID = Field(
        primary_key=True, sa_type=Uuid, sa_column_args=[ForeignKey("referrals.id", ondelete="CASCADE")]
    )
    kind: str = Field(primary_key=True, sa_type=Text)
    since: datetime = Field(sa_type=_Moment)
    due_at: datetime = Field(sa_type=_Moment)
    fired_at: datetime | None = Field(default=None, sa_type=_Moment)


class TimelineEntry(Base, table=True):
    """What happened to a referral, by which side; written with the event of the same id."""

    __tablename__ = "timeline"
    __table_args__: ClassVar = (_one_of("side", Side), Index("ix_timeline_referral_id", "referral_id", "event_id"))

    event_id: UUID = Field(primary_key=True)
    referral_id: UUID = Field(sa_type=Uuid, sa_column_args=[ForeignKey("referrals.id")])
    event_type: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=_Moment)
    version: int = Field(sa_type=BigInteger)
    status: str = Field(sa_type=Text)
    side: str | None = Field(default=None, sa_type=Text)
    member_id: UUID | None = None
    reason_code: str | None = Field(default=None, sa_type=Text)
    outcome_code: str | None = Field(default=None, sa_type=Text)


class Message(Base, table=True):
    """A message between the two sides; its text is sealed under the client's key.

    `read_at` and `read_by` are the first reading by the side that did not write it.
    """

    __tablename__ = "messages"
    __table_args__: ClassVar = (
        _one_of("side", Side),
        Index("ix_messages_referral_id", "referral_id", "id"),
        Index("ix_messages_unread", "referral_id", postgresql_where=text("read_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    referral_id: UUID = Field(sa_type=Uuid, sa_column_args=[ForeignKey("referrals.id")])
    side: str = Field(sa_type=Text)
    member_id: UUID
    text: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=_Moment)
    read_at: datetime | None = Field(default=None, sa_type=_Moment)
    read_by: UUID | None = None


class Disclosure(Base, table=True):
    """That client data was shown, to whom and why; without a member, to an operator by the command line.

    Rows are only ever added: the service's database role can do nothing else.
    """

    __tablename__ = "disclosures"

    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(index=True)
    referral_id: UUID | None = None
    organization_id: UUID
    member_id: UUID | None = None
    occasion: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=_Moment, index=True)


class AuditSeal(Base, table=True):
    """The seal of one day of disclosures (services/referral/audit.py). Rows are only ever added."""

    __tablename__ = "audit_seals"

    day: date = Field(primary_key=True)
    rows: int
    first_id: UUID | None = None
    last_id: UUID | None = None
    digest: bytes = Field(sa_type=LargeBinary)
    previous: bytes = Field(sa_type=LargeBinary)
    seal: bytes = Field(sa_type=LargeBinary)
    sealed_at: datetime = Field(sa_type=_Moment)


class AuditCut(Base, table=True):
    """That the disclosures of all days up to `until` were removed, because their time of keeping was over."""

    __tablename__ = "audit_cuts"

    until: date = Field(primary_key=True)
    rows: int
    newest: bytes = Field(sa_type=LargeBinary)
    seal: bytes = Field(sa_type=LargeBinary)
    cut_at: datetime = Field(sa_type=_Moment)


class IdempotencyKey(Base, table=True):
    """A key a member has used to create a referral, and the answer it got, sealed under the client's key."""

    __tablename__ = "idempotency_keys"

    member_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=Text)
    request_digest: bytes = Field(sa_type=LargeBinary)
    client_id: UUID | None = None
    referral_id: UUID | None = None
    answer: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=_Moment)


class ToldFacts(Base, table=True):
    """What was told last of a service's facts: `digest` is of all that was told, `sequence` counts the tellings."""

    __tablename__ = "told_facts"

    service_id: UUID = Field(primary_key=True)
    sequence: int = Field(sa_type=BigInteger)
    digest: bytes = Field(sa_type=LargeBinary)
    told_at: datetime = Field(sa_type=_Moment)


class Delivery(Base, Copied, table=True):
    """Proof that a notice reached somebody or could not, copied from the notification service."""

    __tablename__ = "deliveries"
    __table_args__: ClassVar = (_one_of("status", ("delivered", "failed")),)

    id: UUID = Field(primary_key=True)
    referral_id: UUID = Field(index=True)
    cause_id: UUID
    channel: str = Field(sa_type=Text)
    organization_id: UUID
    member_id: UUID | None = None
    status: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=_Moment)
