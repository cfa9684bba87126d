"""The HTTP interface: the caller's own inbox and preferences, and its organisation's deliveries."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.schemas.views import (
    DeliveryPage,
    NewPreference,
    NoticePage,
    NoticeView,
    PreferenceView,
    delivery_view,
    notice_view,
    preference_view,
)
from services.notifications.tables import Delivery, Member, Notice
from services.notifications.use_cases import telling, visibility
from shared.actors import Actor
from shared.clock import utc_now
from shared.problems import not_found
from shared.web.base import state_of
from shared.web.bodies import body, request_body
from shared.web.json_api import ActorOf, SessionOf
from shared.web.pages import PageOf, next_link

router = APIRouter()


async def own_notice(
    notice_id: Annotated[str, Path(description="Id of a notice")], actor: ActorOf, session: SessionOf
) -> Notice:
    """The notice of the path, when it is the caller's; 404 for anybody else's, and for what is no id at all."""
    try:
        own = select(Notice).where(Notice.id == UUID(notice_id), visibility.told_to(actor))
    except ValueError:
        raise not_found("notice") from None
    found = (await session.exec(own)).first()
    if found is None:
        raise not_found("notice")
    return found


OwnNotice = Annotated[Notice, Depends(own_notice)]


async def _shown(request: Request, session: AsyncSession, actor: Actor, notices: list[Notice]) -> list[NoticeView]:
    language = await telling.language_of(session, actor.member_id)
    public_url: str = state_of(request).settings.public_url
    return [notice_view(notice, language, public_url) for notice in notices]


@router.get("/notices", tags=["notices"], summary="What I was told, newest first")
async def list_notices(
    request: Request,
    actor: ActorOf,
    session: SessionOf,
    page: PageOf,
    unseen: Annotated[bool, Query(description="Only what I have not seen")] = False,
) -> NoticePage:
    own = select(Notice).where(visibility.told_to(actor))
    if unseen:
        own = own.where(col(Notice.seen_at).is_(None))
    if page.after is not None:
        own = own.where(col(Notice.id) < page.after)
    found = list(await session.exec(own.order_by(col(Notice.id).desc()).limit(page.limit + 1)))
    contents = await _shown(request, session, actor, found[: page.limit])
    return NoticePage(contents=contents, next=next_link(request, page, found))


@router.get("/notices/{notice_id}", tags=["notices"], summary="One notice")
async def get_notice(request: Request, actor: ActorOf, session: SessionOf, notice: OwnNotice) -> NoticeView:
    return (await _shown(request, session, actor, [notice]))[0]


@router.post("/notices/{notice_id}/seen", tags=["notices"], summary="I have seen this notice")
async def mark_notice_seen(request: Request, actor: ActorOf, session: SessionOf, notice: OwnNotice) -> NoticeView:
    """Saying so again changes nothing: the first time counts."""
    seen = await telling.mark_seen(session, notice)
    return (await _shown(request, session, actor, [seen]))[0]


@router.get("/preferences", tags=["preferences"], summary="How I am told")
async def get_preferences(actor: ActorOf, session: SessionOf) -> PreferenceView:
    preference = await telling.preference_of(session, actor.member_id)
    return preference_view(preference, await session.get_one(Member, actor.member_id))


@router.put(
    "/preferences",
    tags=["preferences"],
    summary="Choose how I am told",
    openapi_extra=request_body(NewPreference),
)
async def put_preferences(
    actor: ActorOf, session: SessionOf, new: Annotated[NewPreference, body(NewPreference)]
) -> PreferenceView:
    """Holds for notices to come. The inbox has every notice, whatever is chosen here."""
    member = await session.get_one(Member, actor.member_id)
    chosen = await telling.choose(session, actor.member_id, email=new.email, language=new.language, now=utc_now())
    return preference_view(chosen, member)


@router.get("/deliveries", tags=["deliveries"], summary="How the notices to my organisation went, newest first")
async def list_deliveries(
    request: Request,
    actor: ActorOf,
    session: SessionOf,
    page: PageOf,
    referral_id: Annotated[UUID | None, Query(description="Only those about this referral")] = None,
) -> DeliveryPage:
    own: Any = (
        select(Delivery, Notice)
        .join(Notice, col(Notice.id) == col(Delivery.notice_id))
        .where(visibility.told_to_organization_of(actor))
    )
    if referral_id is not None:
        own = own.where(Notice.referral_id == referral_id)
    if page.after is not None:
        own = own.where(col(Delivery.id) < page.after)
    found = (await session.exec(own.order_by(col(Delivery.id).desc()).limit(page.limit + 1))).all()
    contents = [delivery_view(delivery, notice) for delivery, notice in found[: page.limit]]
    return DeliveryPage(contents=contents, next=next_link(request, page, [delivery for delivery, _ in found]))
