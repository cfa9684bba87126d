"""What a notice may show, and which text tells it."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Names
from shared.events.referral import Side


class About(BaseModel):
    """What a notice may show of a referral: never who the client is, never free text.

    For the first adviser of a chain, `reference` is that of the first referral, which is the one this adviser can
    open, and `first_organization_id` is the adviser's organisation; all else is about the one that was passed on.
    `taken_away` says that the reader is the member from whom the referral was taken.
    """

    reference: str
    status: str
    urgent: bool
    by_side: Side | None
    source_organization_id: UUID
    source: Names
    target_organization_id: UUID
    target: Names
    service_id: UUID
    service: Names
    suggested_service_id: UUID | None = None
    suggested: Names | None = None
    suggested_from: Names | None = None
    # The organisation whose mail was given up.
    unreached: Names | None = None
    taken_away: bool = False
    # Told to somebody as coordinator, who opens the overview and not the referral.
    to_coordinator: bool = False
    first_organization_id: UUID | None = None

    def side_of(self, organization_id: UUID) -> Side:
        """The side on which an organisation stands whose members were told of the referral."""
        return "source" if organization_id in (self.source_organization_id, self.first_organization_id) else "target"


What = Literal[
    "organization_left", "organization_returned", "address_changed", "desk_address_changed", "entered", "returned"
]
"""What a notice that is about no referral tells; also the key of its words."""


class AboutOrganization(BaseModel):
    """What a notice may show that is about no referral: what happened to an organisation, or to an account there.

    Of a changed address that one is told which the account, or the desk, had before, and neither is named. `entered`
    and `returned` invite a member, with its roles.
    """

    what: What
    organization_id: UUID
    organization: Names
    roles: tuple[str, ...] = ()
    to_coordinator: bool = False

    @property
    def is_invitation(self) -> bool:
        """Whether it leads its reader in, and so is of no use to anybody else."""
        return self.what in ("entered", "returned")


Facts = About | AboutOrganization
"""What a notice may show."""


def is_urgent(event_type: str, about: Facts) -> bool:
    """Whether a notice asks for an answer at once: an urgent referral has come."""
    return isinstance(about, About) and about.urgent and event_type == "referral.sent.v1"


def wording(event_type: str, about: Facts) -> str:
    """Which text tells of an event: the key under which the message catalogues hold its title and body."""
    if isinstance(about, AboutOrganization):
        return about.what
    name = event_type.removeprefix("referral.").removeprefix("notification.").removesuffix(".v1")
    variants = (
        (f"passed_on_{name}", about.first_organization_id is not None),
        ("sent_urgent", is_urgent(event_type, about)),
        ("declined_suggestion", name == "declined" and about.suggested is not None),
        ("handed_over_by_target", name == "handed_over" and about.by_side == "target"),
        ("taken_away", name == "assigned" and about.taken_away),
        (f"{name}_by_{about.by_side or 'nobody'}", name in ("cancelled", "message_sent")),
        (f"{name}_of_{about.by_side}", name in ("organization_deactivated", "organization_reactivated")),
        (f"{name}_to_coordinator", about.to_coordinator),
    )
    return next((variant for variant, holds in variants if holds), name)
