"""Following a suggestion: a declined referral is sent on to the service that its target suggested, and closed."""

from typing import Literal
from uuid import UUID

from services.referral.domain.lifecycle import Side, Status
from services.referral.queries.suggestions import follower_of
from services.referral.schemas.commands import Forward
from services.referral.schemas.referrals import NewReferral
from services.referral.schemas.sending import SendSuggested
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.commands import perform
from services.referral.use_cases.creation import CreatedReferral, create
from services.referral.use_cases.forwarding import forward, recipient_to_ask
from services.referral.use_cases.recording import record_unseen
from services.referral.use_cases.sealed_texts import Texts, read_texts
from shared.problems import conflict


async def send_suggested(work: ActorUnitOfWork, declined: Referral, given: SendSuggested) -> CreatedReferral:
    """A new referral of the same client to the suggested service, sent; the declined one is closed with it.

    Reason, private note and urgency are the same, the legal basis is a fresh one: it holds for one recipient.
    Raises 409 when there is nothing to follow, 422 where sending would.
    """
    suggested = await _suggestion_to_follow(work, declined)
    texts = await read_texts(work, declined)
    new = NewReferral.model_construct(  # the texts were checked when they came in
        service_id=suggested,
        client_id=declined.client_id,
        reason=texts.reason,
        shareable_note=_note(given, texts),
        private_note=texts.private_note,
        urgency=_urgency(declined),
        legal_basis=given.legal_basis,
        on_duplicate=given.on_duplicate,
    )
    following = await create(work, new, follows=declined)
    await _note_following(work, declined)
    return following


async def forward_to_suggested(
    work: ActorUnitOfWork, parent: Referral, declined: Referral, given: SendSuggested
) -> Referral:
    """The same for a declined child of `parent`: that is passed on anew, to the suggested service.

    Both are locked, the parent first. Raises 409 also where the parent can't be passed on, 422 where forwarding would.
    No duplicates are looked for: the client is not one of the actor's organisation.
    """
    suggested = await _suggestion_to_follow(work, declined)
    texts = await read_texts(work, declined)
    to = Forward.model_construct(  # the texts were checked when they came in
        service_id=suggested,
        legal_basis=given.legal_basis,
        reason=texts.reason,
        shareable_note=_note(given, texts),
        urgency=_urgency(declined),
    )
    following = await forward(work, parent, to, await recipient_to_ask(work, to), follows=declined)
    await _note_following(work, declined)
    return following


def _urgency(declined: Referral) -> Literal["routine", "urgent"]:
    return "urgent" if declined.urgency == "urgent" else "routine"


def _note(given: SendSuggested, texts: Texts) -> str | None:
    """The note for the recipient: the one that is given, be it none, else that of the declined referral."""
    return given.shareable_note if "shareable_note" in given.model_fields_set else texts.shareable_note


async def _note_following(work: ActorUnitOfWork, declined: Referral) -> None:
    """Write down that the suggestion was followed; nothing is left to do with the declined referral.

    For its target that is a closing like any other, so its version counts no more than that.
    """
    record_unseen(work, declined, "followed", Side.SOURCE, work.actor.member_id)
    if declined.closed_at is None:
        await perform(work, declined, "close")


async def _suggestion_to_follow(work: ActorUnitOfWork, declined: Referral) -> UUID:
    if declined.status != Status.REJECTED:
        raise conflict("Only a declined referral has a suggestion to follow.", name="illegal-command")
    if declined.suggested_service_id is None:
        raise conflict("It was declined without a suggestion. Refer the client anew.", name="no-suggestion")
    follower = await follower_of(work, declined)
    if follower is not None:
        detail = f"The suggestion was followed already, see the referral {follower.reference}."
        raise conflict(detail, name="already-followed")
    return declined.suggested_service_id
