"""Commands on a referral: the lifecycle decides, the change is recorded, or nothing happens at all."""

from collections.abc import Callable, Sequence
from datetime import date
from uuid import UUID

from sqlmodel import select

from services.referral.domain.attention import is_answer
from services.referral.domain.lifecycle import LIFECYCLE, IllegalCommand, Reason, Rule, Side, Status, decide
from services.referral.queries.recipients import Recipient, recipient_of, require_desk, require_suggestable
from services.referral.queries.referrals import found_referral, visible
from services.referral.queries.terms import closures_of
from services.referral.queries.visibility import require_still_active, sent_by, side_of
from services.referral.queries.withdrawals import ends_with_withdrawal, no_consent
from services.referral.schemas.commands import CommandBody, Complete, Decline, Nothing, WithdrawConsent, WithReason
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.answer_times import measure_answer
from services.referral.use_cases.deadlines import recompute_timers, set_deadline, start_timers
from services.referral.use_cases.ending_below import (
    REACH_BELOW,
    lock_below,
    mark_below,
    note_withdrawal,
    withdraw_below,
)
from services.referral.use_cases.recording import record_change
from services.referral.use_cases.sealed_texts import Texts, read_texts, write_texts
from services.referral.use_cases.withholding import withhold_messages
from shared.problems import conflict, forbidden, invalid

_ROLES = {Side.SOURCE: ("adviser",), Side.TARGET: ("recipient",)}


async def locked_referral(work: ActorUnitOfWork, referral_id: UUID | None) -> Referral:
    """A referral that the actor may see, locked until the unit of work ends.

    Raises 404 for any other id, and 401 when the actor lost access while it waited for the lock.
    """
    found = await work.tx.first(visible(work.actor, referral_id).with_for_update())
    await require_still_active(work.tx, work.actor)
    return found_referral(found)


async def locked_parent(work: ActorUnitOfWork, referral_id: UUID | None) -> Referral | None:
    """What a referral of the actor's side was passed on from, locked; None where there is no such, or no such right.

    A chain is locked from the top down, so this comes before the referral itself is locked.
    """
    parent_id = select(Referral.parent_id).where(Referral.id == referral_id, sent_by(work.actor)).scalar_subquery()
    return await work.tx.first(select(Referral).where(Referral.id == parent_id).with_for_update())


def roles_on(side: Side, referral: Referral) -> tuple[str, ...]:
    """The roles of which one is needed to act on a side. What a desk passed on is its own work: recipients go on."""
    passed_on = side is Side.SOURCE and referral.parent_id is not None
    return (*_ROLES[side], "recipient") if passed_on else _ROLES[side]


def require_side(work: ActorUnitOfWork, referral: Referral, sides: frozenset[Side]) -> None:
    """Raise 403 unless the actor stands on one of `sides` and has the role that acts there."""
    side = side_of(work.actor, referral)
    if side not in sides:
        raise forbidden(f"Only the {' or the '.join(sorted(sides))} organisation of a referral may do this.")
    work.actor.require(*roles_on(side, referral))


async def check_carried(work: ActorUnitOfWork, referral: Referral, carried: CommandBody) -> None:
    """Raise 422 for a body that names what there is not. It comes before the version and the state of the referral."""
    if isinstance(carried, Decline) and carried.suggested_service_id is not None:
        await require_suggestable(work, carried.suggested_service_id, referral.service_id)
    if isinstance(carried, WithdrawConsent):
        await _refuse_impossible_day(work, referral, carried.withdrawal.told_on)


async def _refuse_impossible_day(work: ActorUnitOfWork, referral: Referral, told_on: date) -> None:
    """Raise 422 for a withdrawal of a day to come, or from before the consent."""
    if told_on > work.today:
        errors = [{"field": "withdrawal.told_on", "message": "in the future"}]
        raise invalid("A withdrawal can't have been told of on a day to come.", errors)
    consent = ((await read_texts(work, referral)).legal_basis or {}).get("consent")
    if isinstance(consent, dict) and told_on < date.fromisoformat(consent["given_on"]):
        errors = [{"field": "withdrawal.told_on", "message": "before the consent was given"}]
        raise invalid("A consent can't have been withdrawn before it was given; see `legal_basis`.", errors)


async def perform(work: ActorUnitOfWork, referral: Referral, command: str, carried: CommandBody | None = None) -> None:
    """Carry out a command of the lifecycle, also on what was passed on, where it reaches that.

    What it carries went through `check_carried`. Raises 409 when the state forbids it, 422 when a draft is incomplete.
    """
    passed_on = await lock_below(work, referral) if command in REACH_BELOW else []
    rule = _allowed(referral, command, passed_on)
    texts = await read_texts(work, referral)
    if command == "send":
        send(work, referral, texts, await recipient_of(work, referral.service_id))
        await write_texts(work, referral, texts)
        work.tx.update(referral)
        return
    side = side_of(work.actor, referral)
    if command in _FIRST:
        _FIRST[command](work, referral)
    closures = await closures_of(work, [referral.target_organization_id])
    _enter_state(work, referral, texts, rule)
    _keep(work, referral, texts, carried or Nothing(), rule)
    measure_answer(referral, closures[referral.target_organization_id])
    await write_texts(work, referral, texts)
    record_change(work, referral, rule.event, side, work.actor.member_id)
    if rule.to is not None:
        await withhold_messages(work, [referral])
    await recompute_timers(work, [referral], closures)
    if isinstance(carried, WithdrawConsent):
        await withdraw_below(work, passed_on, carried.withdrawal)
    elif passed_on:
        await mark_below(work, passed_on, referral.reason_code)


def send(work: ActorUnitOfWork, referral: Referral, texts: Texts, recipient: Recipient) -> None:
    """Send a draft of the actor's to the recipient that was looked up for it; its texts are to be sealed afterwards.

    Raises 422 without a reason, a legal basis, or somebody to receive it.
    """
    refuse_incomplete(texts)
    require_desk(recipient)
    rule = LIFECYCLE["send"]
    referral.desk_member_ids = recipient.desk
    _enter_state(work, referral, texts, rule)
    set_deadline(referral, recipient.service, recipient.organization.closed_days)
    record_change(work, referral, rule.event, Side.SOURCE, work.actor.member_id)
    start_timers(work, referral, recipient.organization.closed_days)


def refuse_incomplete(texts: Texts) -> None:
    """Raise 422 where a referral lacks what only a draft may lack."""
    missing = [name for name in ("reason", "legal_basis") if getattr(texts, name) is None]
    if missing:
        errors = [{"field": name, "message": "needed for sending"} for name in missing]
        detail = f"To send the referral, give its {' and '.join(missing)}; or keep it as a draft with `send: false`."
        raise invalid(detail, errors, name="incomplete-referral")


def _allowed(referral: Referral, command: str, passed_on: Sequence[Referral]) -> Rule:
    """The rule of a command that the state of the referral, and of what was passed on from it, allows. Raises 409."""
    was_sent, is_closed = referral.sent_at is not None, referral.closed_at is not None
    ends_below = any(map(ends_with_withdrawal, passed_on))
    try:
        return decide(command, Status(referral.status), was_sent=was_sent, is_closed=is_closed, ends_below=ends_below)
    except IllegalCommand as illegal:
        raise conflict(illegal.why, name="illegal-command") from None


def _enter_state(work: ActorUnitOfWork, referral: Referral, texts: Texts, rule: Rule) -> None:
    """Give the referral the state and the time that a rule leads to."""
    if rule.to is not None:
        referral.status = rule.to
        referral.reason_code = referral.reason_side = texts.status_reason = None  # they spoke of the former state
    if rule.stamps is not None:
        setattr(referral, rule.stamps, work.now)


def _keep(work: ActorUnitOfWork, referral: Referral, texts: Texts, carried: CommandBody, rule: Rule) -> None:
    """Keep what the command brought along: codes in columns, words under seal."""
    side = side_of(work.actor, referral)
    if isinstance(carried, WithReason | Decline):
        referral.reason_code, referral.reason_side = carried.reason.code, side
        texts.status_reason = carried.reason.text
    if isinstance(carried, Decline) and carried.suggested_service_id is not None:
        referral.suggested_service_id = carried.suggested_service_id
    if isinstance(carried, Complete):
        referral.outcome_code, texts.outcome = carried.outcome.code, carried.outcome.text
    if isinstance(carried, WithdrawConsent):
        note_withdrawal(referral, carried.withdrawal)
        if rule.to is not None:  # else it had ended before, for a reason of its own
            referral.reason_code, referral.reason_side = Reason.CONSENT_WITHDRAWN, side


def _see_answer(work: ActorUnitOfWork, referral: Referral) -> None:
    """Whoever closes has seen how it ended."""
    ended_by = Side(referral.reason_side) if referral.reason_side else None
    if referral.answer_seen_at is None and is_answer(Status(referral.status), ended_by):
        referral.answer_seen_at = work.now


def _check_consent(_: ActorUnitOfWork, referral: Referral) -> None:
    if referral.legal_basis_kind != "consent":
        raise no_consent()


_FIRST: dict[str, Callable[[ActorUnitOfWork, Referral], None]] = {
    "withdraw-consent": _check_consent,
    "close": _see_answer,
}
"""What a command asks for, or brings with it, beyond its row in the lifecycle."""
