"""Sign-ins, counted: how many succeed in which way, and at which step others come to nothing."""

from typing import Final, Literal, get_args

from prometheus_client import Counter

from services.portal.domain.ways import Way

Refused = Literal[
    "mail_code", "mail_link", "passkey", "app_code", "recovery_code", "provider", "too_many", "unreadable", "no_access"
]
"""The step that came to nothing; or `too_many` attempts, a secret that PORTAL_KEY does not open (`unreadable`), or
`no_access` for somebody who has shown who they are"""

SIGN_INS: Final = Counter("luotsi_sign_ins", "Sessions that began by signing in", ["way"])
_REFUSALS: Final = Counter("luotsi_sign_in_refusals", "Steps of signing in that came to nothing", ["step"])
for _way in get_args(Way):
    SIGN_INS.labels(_way)
for _step in get_args(Refused):
    _REFUSALS.labels(_step)


def refused(step: Refused) -> None:
    """Note that a step of signing in came to nothing."""
    _REFUSALS.labels(step).inc()


__all__ = ["SIGN_INS", "Refused", "refused"]
