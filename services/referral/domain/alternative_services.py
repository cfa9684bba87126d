"""Which other services an expired referral could go to, the best first. Pure rules."""

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

MOST_OFFERED: Final = 3

_EVERYONE: Final = "everyone"


class Offer(Protocol):
    """A service that takes referrals: in an active organisation that is open today and has a desk, and with room.

    `languages` are BCP 47 tags, `target_groups` codes of the catalogue.
    """

    @property
    def id(self) -> UUID: ...
    @property
    def organization_id(self) -> UUID: ...
    @property
    def slug(self) -> str: ...
    @property
    def capacity(self) -> str: ...
    @property
    def languages(self) -> Sequence[str]: ...
    @property
    def target_groups(self) -> Sequence[str]: ...


def next_best(
    target_groups: Sequence[str], language: str, silent_organization_id: UUID, offers: Sequence[Offer]
) -> list[UUID]:
    """The services to offer instead of one for `target_groups`, for a client who speaks `language`; three at most.

    A service fits when it is for one of the same target groups or for everyone; where the groups of the expired one
    are not known, when it is given in the client's language. Then counts, in this order: another organisation than the
    one that did not answer, target groups in common, the client's language, free places, and last the slug.
    """
    fitting = [offer for offer in offers if _fits(offer, target_groups, language)]

    def rank(offer: Offer) -> tuple[bool, int, bool, bool, str]:
        return (
            offer.organization_id == silent_organization_id,
            -len(set(offer.target_groups).intersection(target_groups)),
            not _speaks(offer, language),
            offer.capacity != "capacity",
            offer.slug,
        )

    return [offer.id for offer in sorted(fitting, key=rank)[:MOST_OFFERED]]


def _fits(offer: Offer, target_groups: Sequence[str], language: str) -> bool:
    if not target_groups:
        return _speaks(offer, language)
    return _EVERYONE in offer.target_groups or not set(target_groups).isdisjoint(offer.target_groups)


def _speaks(offer: Offer, language: str) -> bool:
    """Whether the first parts of the tags agree: `zh-Hant` is Chinese as `zh` is."""
    return _primary(language) in map(_primary, offer.languages)


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
