"""The web process of the referral service."""

from fastapi import FastAPI

from services.referral.api import (
    chains,
    clients,
    creation,
    desk,
    fhir,
    following,
    health,
    legal_bases,
    messages,
    overview,
    queues,
    referrals,
    report,
)
from services.referral.api.dependencies import ReferralApp
from services.referral.jobs.key_check import refuse_other_keys
from services.referral.settings import WebSettings
from shared.clock import Clock, utc_now
from shared.consuming.catalog_copy import find_member
from shared.settings import from_environment
from shared.web.base import serve
from shared.web.json_api import create_api

_ABOUT = "Refer a client from one organisation to another, and follow the referral until its loop is closed."


def create_app(settings: WebSettings, clock: Clock = utc_now) -> FastAPI:
    """The application; `clock` may be moved by tests."""
    app = create_api("Luotsi: referrals", _ABOUT, ReferralApp(settings, find_member, clock))
    for module in (
        queues,
        referrals,
        creation,
        chains,
        desk,
        fhir,
        following,
        health,
        legal_bases,
        messages,
        clients,
        overview,
        report,
    ):
        app.include_router(module.router)
    return app


def main() -> None:
    """Run the web process until it is stopped; settings come from the environment."""
    settings = from_environment(WebSettings)
    refuse_other_keys(settings)
    serve("referral", settings, lambda: create_app(settings, settings.clock))


if __name__ == "__main__":
    main()
