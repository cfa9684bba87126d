"""Chains: referrals that were passed on. Pure rules of who may be asked, what lies below, and who still knows whom."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final, Protocol, TypeVar
from uuid import UUID

from services.referral.domain.lifecycle import Side, Status, discloses

MAX_DEPTH: Final = 5
"""How many referrals there may be from the first of a chain to its last, both counted."""


class Link(Protocol):
    """What the rules need to know of a referral in a chain."""

    @property
    def id(self) -> UUID: ...
    @property
    def parent_id(self) -> UUID | None: ...
    @property
    def source_organization_id(self) -> UUID: ...
    @property
    def target_organization_id(self) -> UUID: ...


LinkT = TypeVar("LinkT", bound=Link)


class ChainCycle(Exception):
    """The organisation has, or had, a part in this chain already."""


class ChainTooLong(Exception):
    """The chain has as many referrals as it may have."""


def below(referral_id: UUID, links: Iterable[LinkT]) -> list[LinkT]:
    """What was passed on from a referral, and on from there: each after the one it came from, the older first."""
    children: dict[UUID, list[LinkT]] = {}
    for link in sorted(links, key=lambda link: link.id):
        if link.parent_id is not None:
            children.setdefault(link.parent_id, []).append(link)

    def walk(parent_id: UUID) -> Iterator[LinkT]:
        for child in children.get(parent_id, ()):
            yield child
            yield from walk(child.id)

    return list(walk(referral_id))


def above(referral: LinkT, links: Iterable[LinkT]) -> list[LinkT]:
    """The referral and all those above it, up to the first of its chain."""
    by_id = {link.id: link for link in links}
    path = [referral]
    while (parent_id := path[-1].parent_id) is not None:
        path.append(by_id[parent_id])
    return path


def may_be_forwarded(depth: int) -> bool:
    """Whether a referral that is the `depth`-th of its chain may have a child."""
    return depth < MAX_DEPTH


def check_forward(depth: int, path: Collection[Link], to_organization_id: UUID) -> None:
    """Raise ChainTooLong or ChainCycle unless the last of `path` may be passed on to an organisation.

    Another attempt beside one that was declined is no cycle: only those above count.
    """
    if not may_be_forwarded(depth):
        raise ChainTooLong
    if any(to_organization_id in (link.source_organization_id, link.target_organization_id) for link in path):
        raise ChainCycle


def still_knows(side: Side, status: Status, parent_status: Status | None) -> bool:
    """Whether `side` of a referral may know who the client is; `parent_status` is that of the one it came from.

    Who passed a referral on knows the client by the referral it was sent itself, and no longer than that lets it.
    """
    if side is Side.SOURCE and parent_status is not None:
        return discloses(Side.TARGET, parent_status)
    return discloses(side, status)
