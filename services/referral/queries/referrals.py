"""Referrals: one that the actor may see, lists of them, and what a list shows of each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, Protocol
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.referral.domain.attention import Attention, attention
from services.referral.domain.lifecycle import Side, Status
from services.referral.domain.referral_filter import ReferralFilter
from services.referral.queries import filters, visibility
from services.referral.queries.messages import unread_messages
from services.referral.queries.names import NamesOf
from services.referral.queries.ordering import Position, Sort, page
from services.referral.schemas.referrals import ReferralSummary
from services.referral.tables import Client, Referral, ReferralRow
from services.referral.unit_of_work import ActorUnitOfWork
from shared.actors import Actor
from shared.database.rows import columns_of, table_of
from shared.keyset import Keyset
from shared.problems import not_found

_AS_THEY_ARE: Final = [
    each for each in columns_of(Referral) if each in ReferralSummary.model_fields.keys() - {"assigned_member_id"}
]
_as_it_is: Final = attrgetter(*_AS_THEY_ARE)
_GONE_BY: Final = (
    "assigned_member_id", "service_id", "source_organization_id", "target_organization_id", "suggested_service_id",
    "parent_id", "reason_side",
)  # fmt: skip
_LISTED: Final = [table_of(Referral).c[name] for name in (*_AS_THEY_ARE, *_GONE_BY)]


async def visible_referral(work: ActorUnitOfWork, referral_id: UUID | None) -> Referral:
    """A referral that the actor may see. Raises 404 for any other id."""
    found = await work.tx.first(visible(work.actor, referral_id))
    return found_referral(found)


def visible(actor: Actor, referral_id: UUID | None) -> SelectOfScalar[Referral]:
    """The query for a referral by its id, which finds none that the actor may not see."""
    return select(Referral).where(Referral.id == referral_id, visibility.visible_to(actor))


def found_referral(referral: Referral | None) -> Referral:
    """The referral that was found. Raises 404 when there is none."""
    if referral is None:
        raise not_found("referral")
    return referral


async def list_referrals(
    work: ActorUnitOfWork, wanted: ReferralFilter, sort: Sort | None, after: Position | None, limit: int
) -> Sequence[ReferralRow]:
    """At most `limit` referrals that the actor may see and the filter wants, after a position in that order."""
    conditions = list(filters.conditions(work.actor, wanted, work.now))
    return await _listed(work, page(filters.boxes(work.actor, wanted), conditions, sort, after, limit))


async def referrals_of_client(work: ActorUnitOfWork, client: Client, keyset: Keyset) -> Sequence[ReferralRow]:
    """What the actor's organisation made for a client, newest first: one row more than the page, if there is one."""
    query = select(Referral).where(Referral.client_id == client.id, visibility.sent_by(work.actor))
    if keyset.after is not None:
        query = query.where(col(Referral.id) < keyset.after)
    return await _listed(work, query.order_by(col(Referral.id).desc()).limit(keyset.limit + 1))


async def _listed(work: ActorUnitOfWork, query: SelectOfScalar[Referral]) -> Sequence[ReferralRow]:
    """What a query finds, with the columns that a list goes by."""
    return (await work.tx.execute(query.with_only_columns(*_LISTED))).all()


async def summaries(work: ActorUnitOfWork, referrals: Sequence[ReferralRow]) -> list[dict[str, Any]]:
    """Referrals as a list shows them to the actor's side: the fields of `ReferralSummary`."""
    names = await NamesOf.referrals(work, referrals)
    unread = await unread_messages(work, referrals)
    return [summary(work, each, names, unread) for each in referrals]


def summary(work: ActorUnitOfWork, referral: ReferralRow, names: NamesOf, unread: Mapping[UUID, int]) -> dict[str, Any]:
    """The referral as a list shows it to the actor's side; `unread` is what `unread_messages` says of it."""
    received = visibility.side_of(work.actor, referral) is Side.TARGET
    return dict(zip(_AS_THEY_ARE, _as_it_is(referral), strict=True)) | {
        "assigned_member_id": referral.assigned_member_id if received else None,
        "attention": attention_to(referral),
        "unread_messages": unread[referral.id],
        "service": names.service(referral.service_id),
        "source_organization": names.organization(referral.source_organization_id),
        "target_organization": names.organization(referral.target_organization_id),
    }


class EndingColumns(Protocol):
    """What tells whether a referral still needs the source: the columns of `Referral` of the same names."""

    @property
    def status(self) -> str: ...
    @property
    def sent_at(self) -> datetime | None: ...
    @property
    def closed_at(self) -> datetime | None: ...
    @property
    def reason_side(self) -> str | None: ...
    @property
    def answer_seen_at(self) -> datetime | None: ...


def attention_to(referral: EndingColumns) -> Attention | None:
    """What keeps a referral, or a row with its columns, open though it has ended."""
    return attention(
        Status(referral.status),
        was_sent=referral.sent_at is not None,
        is_closed=referral.closed_at is not None,
        ended_by=Side(referral.reason_side) if referral.reason_side else None,
        answer_seen=referral.answer_seen_at is not None,
    )
