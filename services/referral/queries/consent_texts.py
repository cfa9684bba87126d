"""The text that an adviser gives a client to read before the client consents."""

from uuid import UUID

from services.referral.consent.texts import ConsentText, notes, text_in
from services.referral.queries.recipients import recipient_of
from services.referral.schemas.legal_basis import ConsentTextView
from services.referral.schemas.parts import Named
from services.referral.tables import Member
from services.referral.unit_of_work import ActorUnitOfWork


async def consent_text(work: ActorUnitOfWork, service_id: UUID, language: str) -> ConsentTextView:
    """The text for a client of the actor's organisation who is about to be referred to a service.

    Raises 422 for a service that can't be referred to.
    """
    recipient = await recipient_of(work, service_id)
    assert recipient.source is not None, "the organisation of a member who may act is known"
    source, target, service = recipient.source, recipient.organization, recipient.service
    text = text_in(language)
    adviser = await work.tx.get_one(Member, work.actor.member_id)
    return ConsentTextView(
        **text.about(source, target.names, service.names).model_dump(),
        requested_language=language,
        in_requested_language=speaks(text, language),
        notes=_notes(text, language, adviser.language),
        notes_language=adviser.language,
        source_organization=Named(id=work.actor.organization_id, name=source),
        target_organization=Named(id=target.id, name=target.names),
        service=Named(id=service.id, name=service.names),
    )


def speaks(text: ConsentText, language: str) -> bool:
    """Whether the text is in a language, whatever its region and script."""
    return text.language == language.split("-", maxsplit=1)[0].lower()


def _notes(text: ConsentText, language: str, adviser_language: str) -> list[str]:
    found = [] if speaks(text, language) else [notes().other_language]
    if not text.reviewed:
        found.append(notes().unreviewed)
    return [note.in_language(adviser_language) for note in found]
