"""Messages that nobody has read are marked when those they are to may not read them any more."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Text, Uuid, any_, bindparam, literal, union_all, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from services.referral.domain.lifecycle import Side, Status, reads_messages
from services.referral.tables import Message, Referral
from services.referral.unit_of_work import UnitOfWork

_ended = any_(bindparam("ended", type_=ARRAY(Uuid)))
_UNREADABLE: Final = union_all(
    select(col(Referral.id), literal(Side.SOURCE, Text).label("side")).where(col(Referral.id) == _ended),
    # Whoever passed a referral on reads what comes from below as long as the client is known here.
    select(col(Referral.id), literal(Side.TARGET, Text).label("side")).where(col(Referral.parent_id) == _ended),
).subquery("unreadable")
_WITHHOLD: Final = (
    update(Message)
    .where(
        col(Message.referral_id) == _UNREADABLE.c.id,
        col(Message.side) == _UNREADABLE.c.side,
        col(Message.read_at).is_(None),
        ~col(Message.withheld),
    )
    .values(withheld=True)
)


def is_withheld(referral: Referral, written_by: Side) -> bool:
    """Whether what a side writes now is for nobody to read; of what the target writes it is not said."""
    return written_by is Side.SOURCE and not reads_messages(Side.TARGET, written_by, Status(referral.status))


async def withhold_messages(work: UnitOfWork, referrals: Iterable[Referral]) -> None:
    """Mark what is unread of those referrals that have just ended so that their target knows the client no longer."""
    ended = [each.id for each in referrals if is_withheld(each, Side.SOURCE)]
    if ended:
        await work.tx.execute(_WITHHOLD, {"ended": ended})
