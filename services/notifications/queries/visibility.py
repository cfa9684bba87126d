"""Who sees which rows: every query for an actor goes through one of these conditions."""

from sqlalchemy import ColumnElement
from sqlmodel import col

from services.notifications.tables import Notice
from shared.actors import Actor


def told_to(actor: Actor) -> ColumnElement[bool]:
    """Notices to the actor itself."""
    return col(Notice.recipient_member_id) == actor.member_id


def told_to_organization_of(actor: Actor) -> ColumnElement[bool]:
    """Notices to anybody of the actor's organisation, or to its desk address."""
    return col(Notice.recipient_organization_id) == actor.organization_id
