"""How the caller wants to be told."""

from typing import Annotated

from services.notifications.api.answers import preference_view
from services.notifications.queries.preferences import account_language, preference_of
from services.notifications.schemas.preferences import NewPreference, PreferenceView
from services.notifications.use_cases.preferences import choose
from shared.web.bodies import body, request_body
from shared.web.json_api import ActorOf, TransactionOf
from shared.web.routing import Router

router = Router(tags=["preferences"])


@router.get("/preferences", operation_id="getPreferences", summary="How I am told")
async def get_preferences(actor: ActorOf, tx: TransactionOf) -> PreferenceView:
    preference = await preference_of(tx, actor.member_id)
    return preference_view(preference, await account_language(tx, actor.member_id))


@router.put(
    "/preferences",
    operation_id="setPreferences",
    summary="Choose how I am told",
    openapi_extra=request_body(NewPreference),
)
async def put_preferences(
    actor: ActorOf, tx: TransactionOf, new: Annotated[NewPreference, body(NewPreference)]
) -> PreferenceView:
    """Holds for notices to come. The inbox has every notice, whatever is chosen here."""
    language = await account_language(tx, actor.member_id)
    chosen = await choose(tx, actor.member_id, email=new.email, language=new.language)
    return preference_view(chosen, language)
