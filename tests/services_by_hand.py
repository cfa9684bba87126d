"""The services as they are meant to be, written down by hand, beside the records of the code that tests would trust."""

from typing import Final

PROCESSES: Final = (
    "catalog-web",
    "catalog-worker",
    "notifications-web",
    "notifications-worker",
    "portal-web",
    "portal-worker",
    "referral-web",
    "referral-worker",
)
"""What runs on all the time."""

PREFIXES: Final = {
    "catalog": "/api/catalog",
    "referral": "/api/referral",
    "notifications": "/api/notifications",
    "portal": "",
}
"""Service → the path below which the edge publishes it."""

SECRETS: Final[dict[str, frozenset[str]]] = {
    "catalog": frozenset(),
    "referral": frozenset({"MASTER_KEY", "INDEX_KEY", "AUDIT_KEY"}),
    "notifications": frozenset(),
    "portal": frozenset({"PORTAL_KEY"}),
}
"""Service → the keys that it is given and no other service is."""

SIGNING: Final = frozenset({"portal-web"})
"""The processes that are given the private key, by which access tokens are signed for people."""

WORKER_SECRETS: Final = frozenset({"AUDIT_KEY"})
"""Those that a worker is given and a web process is not."""

WEB_SECRETS: Final = frozenset({"PORTAL_KEY"})
"""Those that a web process is given and a worker is not."""
