"""Where a mail server hands in mail that came back. It is no part of the API for people's programs."""

import hmac
import logging
from typing import Annotated, Final

from fastapi import Depends, Request

from services.notifications.api.dependencies import NotificationsApp
from services.notifications.domain.bounces import read_bounce
from services.notifications.use_cases.bounces import take_bounce
from shared.clock import utc_now
from shared.problems import Problem, not_found, unauthenticated
from shared.publishing.outbox import Outbox
from shared.web.base import state_of
from shared.web.json_api import TransactionOf
from shared.web.routing import Router
from shared.web.tokens import bearer_token

log = logging.getLogger(__name__)

router = Router()

_REPORT: Final = "message/rfc822"


async def mail_server(request: Request) -> None:
    """Let only who has the secret go on. Raises 404 where none is set, and 401."""
    secret = state_of(request, NotificationsApp).settings.bounce_secret.get_secret_value()
    if not secret:
        raise not_found("page")
    given = bearer_token(request)
    if given is None or not hmac.compare_digest(given.encode(), secret.encode()):
        raise unauthenticated("Send `Authorization: Bearer <BOUNCE_SECRET>`.", token_given=given is not None)


async def report(request: Request) -> bytes:
    """The mail that a mail server got back, as it is. Raises 415 for anything else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _REPORT:
        detail = f"Send the mail that came back as it is, with `Content-Type: {_REPORT}`."
        raise Problem(415, "unsupported-media-type", "Not a mail", detail)
    return await request.body()


@router.post("/bounces", include_in_schema=False, dependencies=[Depends(mail_server)])
async def post_bounce(request: Request, raw: Annotated[bytes, Depends(report)], tx: TransactionOf) -> dict[str, int]:
    """Take it in. `bounced` is 0 for what is no report of a mail of ours that failed: nothing is to be done then."""
    bounce = read_bounce(raw)
    epoch = state_of(request, NotificationsApp).settings.epoch
    taken = bounce is not None and await take_bounce(tx, Outbox("notifications", epoch), bounce, utc_now())
    if taken and bounce:
        log.warning("delivery %s came back", bounce.delivery_id)
    return {"bounced": int(taken)}
