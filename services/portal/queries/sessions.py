"""Sessions: who is signed in in a browser, and since when."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.portal.queries.accounts import Account, account_of, count_memberships
from services.portal.tables import Member, Organization, Session
from services.portal.vault import digest
from shared.database.reader import Reader
from shared.membership import may_act


@dataclass(frozen=True)
class Found:
    """A session with its account, None where that may not act any more. `memberships` counts those of its address."""

    session: Session
    account: Account | None
    memberships: int
    secret: str = field(repr=False)


_WITH_ACCOUNT = (
    select(Session, Member, Organization, may_act(col(Member.active), col(Organization.active)))
    .join(Member, col(Member.id) == Session.member_id)
    .join(Organization, col(Organization.id) == Member.organization_id)
)


async def find_session(reader: Reader, secret: str) -> Found | None:
    """The session of the browser that has `secret`, ended ones too."""
    query = _WITH_ACCOUNT.where(Session.secret_digest == digest(secret))
    for session, member, organization, active in await reader.tuples(query):
        account = account_of(member, organization) if active else None
        return Found(session, account, await count_memberships(reader, member.email), secret)
    return None


async def sessions_of(reader: Reader, member_ids: list[UUID], seen_since: datetime) -> list[Session]:
    """The sessions of a person's accounts that have not ended, the one used last first."""
    query = (
        select(Session)
        .where(col(Session.member_id).in_(member_ids), col(Session.ended_at).is_(None))
        .where(col(Session.last_seen_at) >= seen_since)
        .order_by(col(Session.last_seen_at).desc())
    )
    return await reader.all(query)
