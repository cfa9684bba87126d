"""The web process of the referral service."""

from uuid import UUID

from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from services.referral.api import (
    chains,
    clients,
    creation,
    desk,
    fhir,
    following,
    legal_bases,
    messages,
    overview,
    referrals,
    report,
)
from services.referral.api.dependencies import ReferralApp
from services.referral.settings import ReferralSettings
from shared.actors import Membership
from shared.clock import Clock, utc_now
from shared.db import run_plainly
from shared.settings import from_environment
from shared.web import create_app as create_service_app
from shared.web import serve

_ABOUT = "Refer a client from one organisation to another, and follow the referral until its loop is closed."
_MEMBER = "SELECT organization_id, roles, active FROM members WHERE id = $1"


async def find_member(session: AsyncSession, member_id: UUID) -> Membership | None:
    """What the copy of the catalogue knows of a member."""
    for organization_id, roles, active in await run_plainly(session, _MEMBER, member_id):
        return Membership(organization_id, frozenset(roles), active)
    return None


def create_app(settings: ReferralSettings, clock: Clock = utc_now) -> FastAPI:
    """The application; `clock` may be moved by tests."""
    app = create_service_app("Luotsi: referrals", _ABOUT, ReferralApp(settings, find_member, clock))
    for module in (
        referrals,
        creation,
        chains,
        desk,
        fhir,
        following,
        legal_bases,
        messages,
        clients,
        overview,
        report,
    ):
        app.include_router(module.router)
    return app


def main() -> None:
    """Run the web process until it is told to stop; settings come from the environment."""
    settings = from_environment(ReferralSettings)
    serve("referral", settings, lambda: create_app(settings, settings.clock))


if __name__ == "__main__":
    main()
