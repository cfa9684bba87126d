"""What the routes need before they act, in the order in which a request may fail: 401, 404, 403, then the body."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.referral.domain.lifecycle import Side
from services.referral.queries.health import seals, timers
from services.referral.queries.referrals import visible_referral
from services.referral.settings import WebSettings, vault_of
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.commands import locked_parent, locked_referral, require_side
from services.referral.use_cases.key_check import opens_some
from shared.clock import Clock, utc_now
from shared.figures import Look
from shared.key_check import keys_look
from shared.publishing.outbox import Outbox
from shared.web.base import state_of
from shared.web.json_api import ActorOf, ApiState, TransactionOf
from shared.web.tokens import FindMember


class ReferralApp(ApiState):
    """What the requests share: also the vault and the clock."""

    def __init__(self, settings: WebSettings, find_member: FindMember, clock: Clock = utc_now) -> None:
        super().__init__("referral", settings, find_member)
        self.outbox = Outbox("referral", settings.epoch)
        self.vault = vault_of(settings)
        self.clock = clock

    def looks(self) -> Sequence[Look]:
        """Timers, the seals of the log, and whether the keys open anything."""
        return timers, seals, keys_look("referral", partial(opens_some, vault=self.vault))


async def unit_of_work(request: Request, tx: TransactionOf, actor: ActorOf) -> ActorUnitOfWork:
    """The unit of work of a request that a member makes."""
    app = state_of(request, ReferralApp)
    return ActorUnitOfWork(tx=tx, outbox=app.outbox, vault=app.vault, now=app.clock(), actor=actor)


WorkOf = Annotated[ActorUnitOfWork, Depends(unit_of_work)]


def as_id(text: str) -> UUID | None:
    """An id from a path; None for what is none, which is then not found like any other unknown one."""
    try:
        return UUID(text)
    except ValueError:
        return None


async def the_referral(work: WorkOf, referral_id: str) -> Referral:
    """The referral of the path, to be read. 404 unless the actor may see it."""
    return await visible_referral(work, as_id(referral_id))


async def the_locked_referral(work: WorkOf, referral_id: str) -> Referral:
    """The referral of the path, to be changed: nobody else changes it until this request is done."""
    return await locked_referral(work, as_id(referral_id))


async def the_locked_parent(work: WorkOf, referral_id: str) -> Referral | None:
    """What the referral of the path was passed on from, if the actor's side did that; for routes that change both."""
    return await locked_parent(work, as_id(referral_id))


ReferralOf = Annotated[Referral, Depends(the_referral)]
LockedReferralOf = Annotated[Referral, Depends(the_locked_referral)]
LockedParentOf = Annotated[Referral | None, Depends(the_locked_parent)]


def requires(*roles: str) -> Callable[[ActorUnitOfWork], Awaitable[None]]:
    """A dependency: 403 unless the actor has one of `roles`; the first is the one that is asked for."""

    async def check(work: WorkOf) -> None:
        if work.actor.roles.isdisjoint(roles):
            work.actor.require(roles[0])

    return check


def on_side_for_reading(*sides: Side) -> Callable[[ActorUnitOfWork, Referral], Awaitable[None]]:
    """A dependency: 403 unless the actor stands on one of `sides` of the referral, which is only read."""

    async def check(work: WorkOf, referral: ReferralOf) -> None:
        require_side(work, referral, frozenset(sides))

    return check


def on_side_locked(*sides: Side) -> Callable[[ActorUnitOfWork, Referral], Awaitable[None]]:
    """A dependency: 403 unless the actor stands on one of `sides` of the locked referral."""

    async def check(work: WorkOf, referral: LockedReferralOf) -> None:
        require_side(work, referral, frozenset(sides))

    return check
