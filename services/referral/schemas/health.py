"""How the referral service is doing."""

from shared.web.service_health import ServiceHealth, Waiting


class ReferralHealth(ServiceHealth):
    """`timers`: reminders and ends of referrals that should have come. `seals`: days of the log of who was shown what
    that are over and not sealed.
    """

    timers: Waiting
    seals: Waiting
