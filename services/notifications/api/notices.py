"""The caller's own inbox."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request

from services.notifications.api.answers import notice_view
from services.notifications.api.dependencies import NotificationsApp
from services.notifications.queries import notices
from services.notifications.queries.preferences import language_of
from services.notifications.schemas.notices import MOST_COUNTED, NoticePage, NoticeView, SeenUpTo, UnseenCount
from services.notifications.tables import Notice
from services.notifications.use_cases.notices import mark_all_seen, mark_seen
from shared.actors import Actor
from shared.database.transaction import Transaction
from shared.problems import invalid, not_found
from shared.web.base import state_of
from shared.web.bodies import body, request_body
from shared.web.json_api import ActorOf, TransactionOf
from shared.web.pages import PageOf, next_link
from shared.web.routing import Router

router = Router(tags=["notices"])


async def own_notice(
    notice_id: Annotated[str, Path(description="Id of a notice")], actor: ActorOf, tx: TransactionOf
) -> Notice:
    """The notice of the path, when it is the caller's; 404 for anybody else's, and for what is no id at all."""
    try:
        found = await notices.own_notice(tx, actor, UUID(notice_id))
    except ValueError:
        raise not_found("notice") from None
    if found is None:
        raise not_found("notice")
    return found


OwnNotice = Annotated[Notice, Depends(own_notice)]


async def _shown(request: Request, tx: Transaction, actor: Actor, rows: list[Notice]) -> list[NoticeView]:
    language = await language_of(tx, actor.member_id)
    public_url = state_of(request, NotificationsApp).settings.public_url
    return [notice_view(notice, language, public_url) for notice in rows]


@router.get("/notices", operation_id="listNotices", summary="What I was told, newest first")
async def list_notices(
    request: Request,
    actor: ActorOf,
    tx: TransactionOf,
    page: PageOf,
    unseen: Annotated[bool, Query(description="Only what I have not seen")] = False,
) -> NoticePage:
    found = await notices.own_notices(tx, actor, limit=page.limit + 1, before=page.after, unseen=unseen)
    contents = await _shown(request, tx, actor, found[: page.limit])
    return NoticePage(contents=contents, next=next_link(request, page, found))


@router.get("/notices/counts", operation_id="countNotices", summary="How many notices I have not seen")
async def get_counts(actor: ActorOf, tx: TransactionOf) -> UnseenCount:
    """It goes up to 100; then `more` is true."""
    found = await notices.count_unseen(tx, actor, MOST_COUNTED + 1)
    newest = await notices.newest_notice(tx, actor)
    return UnseenCount(
        unseen=min(found, MOST_COUNTED),
        more=found > MOST_COUNTED,
        newest=(newest and newest.number) or 0,
        newest_at=newest and newest.created_at,
    )


@router.post(
    "/notices/seen",
    operation_id="markNoticesSeen",
    summary="I have seen a notice and all older ones",
    openapi_extra=request_body(SeenUpTo),
)
async def mark_notices_seen(
    actor: ActorOf, tx: TransactionOf, given: Annotated[SeenUpTo, body(SeenUpTo)]
) -> UnseenCount:
    """What came in since is left unseen, and counted in the answer."""
    newest = await notices.own_notice(tx, actor, given.up_to)
    if newest is None:
        errors = [{"field": "up_to", "message": "no notice of yours"}]
        raise invalid("Name a notice of yours; GET /notices lists them.", errors, name="unknown-notice")
    await mark_all_seen(tx, actor, newest)
    return await get_counts(actor, tx)


@router.get("/notices/{notice_id}", operation_id="getNotice", summary="One notice")
async def get_notice(request: Request, actor: ActorOf, tx: TransactionOf, notice: OwnNotice) -> NoticeView:
    return (await _shown(request, tx, actor, [notice]))[0]


@router.post("/notices/{notice_id}/seen", operation_id="markNoticeSeen", summary="I have seen this notice")
async def mark_notice_seen(request: Request, actor: ActorOf, tx: TransactionOf, notice: OwnNotice) -> NoticeView:
    """Saying so again changes nothing: the first time counts."""
    seen = await mark_seen(tx, notice)
    return (await _shown(request, tx, actor, [seen]))[0]
