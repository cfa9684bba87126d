"""The web process of the notification service."""

from uuid import UUID

from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.api import router
from services.notifications.settings import NotificationSettings
from services.notifications.tables import Member
from shared.auth import Membership
from shared.web import State, serve
from shared.web import create_app as create_base

SERVICE = "notifications"


async def find_member(session: AsyncSession, member_id: UUID) -> Membership | None:
    """A member as this service's copy knows it."""
    member = await session.get(Member, member_id)
    if member is None:
        return None
    return Membership(member.organization_id, frozenset(member.roles), member.active)


def create_app(settings: NotificationSettings) -> FastAPI:
    """The application that answers over HTTP."""
    app = create_base(
        "Luotsi notifications",
        "Your inbox: what became of the referrals that concern you. And how each notice went.",
        State(SERVICE, settings, find_member),
    )
    app.include_router(router)
    return app


if __name__ == "__main__":
    own_settings = NotificationSettings()
    serve(SERVICE, own_settings, lambda: create_app(own_settings))
