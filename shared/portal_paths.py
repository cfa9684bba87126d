"""The paths of the portal's pages that other services link to. Each is declared here, and nowhere else."""

from typing import Final
from uuid import UUID

REFERRAL: Final = "/referrals/{referral_id}"
"""One referral, for those who may open it."""

OVERVIEW: Final = "/overview"
"""How referrals stand across the organisations, for coordinators."""

SIGN_IN: Final = "/sign-in"
"""Where members begin."""


def referral_url(public_url: str, referral_id: UUID) -> str:
    """The address of a referral's page; `public_url` is where people open the platform."""
    return _join(public_url, REFERRAL.format(referral_id=referral_id))


def overview_url(public_url: str) -> str:
    """The address of the coordinators' overview."""
    return _join(public_url, OVERVIEW)


def sign_in_url(public_url: str) -> str:
    """The address of the page on which members sign in."""
    return _join(public_url, SIGN_IN)


def _join(public_url: str, path: str) -> str:
    return public_url.rstrip("/") + path
