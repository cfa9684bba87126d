"""Forwarding: the target of a referral passes it on to a third organisation, as a child referral of its own."""

from sqlmodel import select

from services.referral.domain.chains import MAX_DEPTH, ChainCycle, ChainTooLong, above, check_forward
from services.referral.queries.chains import members_of_chain
from services.referral.queries.recipients import Recipient, recipient_of, require_desk
from services.referral.schemas.commands import Forward
from services.referral.tables import Client, Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.commands import perform, send
from services.referral.use_cases.creation import draft_of, enter, refuse_future_consent
from services.referral.use_cases.sealed_texts import Texts, read_texts, seal_texts
from shared.problems import invalid


async def recipient_to_ask(work: ActorUnitOfWork, to: Forward) -> Recipient:
    """Whom a body asks to forward to. Raises 422 for a service that can't be referred to, or a consent to come.

    It comes before the version and the state of the referral. It says nothing of the chain.
    """
    refuse_future_consent(work, to.legal_basis)
    recipient = await recipient_of(work, to.service_id)
    require_desk(recipient)
    return recipient


async def forward(
    work: ActorUnitOfWork, parent: Referral, to: Forward, recipient: Recipient, *, follows: Referral | None = None
) -> Referral:
    """Pass `parent`, which is locked, on to another organisation and send that; returns the child.

    `follows`: the declined child whose suggestion is followed by this one. The child has the client of the parent, its
    reason too unless another is given. Raises 409 when the parent's state forbids it; last of all 422 for a chain that
    is too long, or a cycle: who stands above shows in an answer to nothing but what would be passed on otherwise.
    """
    await perform(work, parent, "forward", to)
    await work.key_of(parent.client_id)
    chain = await members_of_chain(work, parent)
    try:
        check_forward(parent.chain_depth, above(parent, chain), recipient.organization.id)
    except ChainTooLong:
        detail = (
            f"A referral is passed on until there are {MAX_DEPTH} in a row. Complete yours, and say who could help."
        )
        raise invalid(detail, name="chain-too-long") from None
    except ChainCycle:
        detail = "This organisation has a part in the chain already. Write to it, or choose another service."
        raise invalid(detail, [{"field": "service_id", "message": detail}], name="chain-cycle") from None
    # Nobody erases the client while something is being written about them.
    locked = select(Client).where(Client.id == parent.client_id).with_for_update(key_share=True)
    [client] = await work.tx.all(locked)
    child = await draft_of(work, recipient, client)
    child.follows_id = follows.id if follows else None
    child.urgency = to.urgency or parent.urgency
    child.parent_id, child.root_id, child.chain_depth = parent.id, parent.root_id, parent.chain_depth + 1
    root = next(link for link in chain if link.id == parent.root_id)
    child.root_reference = root.reference
    child.first_source_organization_id = root.source_organization_id
    child.first_source_member_id = root.source_member_id
    reason = to.reason or (await read_texts(work, parent)).reason
    texts = Texts(reason=reason, shareable_note=to.shareable_note)
    enter(work, child, texts, to.legal_basis)
    send(work, child, texts, recipient)
    await seal_texts(work, child, texts)
    return child
