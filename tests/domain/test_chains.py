"""Chains: who may be asked, what lies below a referral, and who still knows the client."""

from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

import pytest

from services.referral.domain.chains import (
    MAX_DEPTH,
    ChainCycle,
    ChainTooLong,
    above,
    below,
    check_forward,
    may_be_forwarded,
    still_knows,
)
from services.referral.domain.lifecycle import DISCLOSED, Side, Status
from shared.ids import new_id


@dataclass(frozen=True)
class Referred:
    """A referral as the rules see one."""

    source_organization_id: UUID
    target_organization_id: UUID
    parent_id: UUID | None = None
    id: UUID = field(default_factory=new_id)


A, B, C, D, E, F = (new_id() for _ in range(6))


def chain_of(*organizations: UUID) -> list[Referred]:
    links: list[Referred] = []
    for source, target in pairwise(organizations):
        links.append(Referred(source, target, links[-1].id if links else None))
    return links


def test_what_lies_below_comes_each_after_its_parent() -> None:
    first, second, third = chain_of(A, B, C, D)
    beside = Referred(B, E, first.id)
    under_beside = Referred(E, F, beside.id)
    links = [under_beside, third, beside, first, second]
    assert below(first.id, links) == [second, third, beside, under_beside]
    assert below(beside.id, links) == [under_beside]
    assert below(third.id, links) == []
    assert above(under_beside, links) == [under_beside, beside, first]


@pytest.mark.parametrize("organization", [A, B, C])
def test_whoever_has_a_part_in_the_chain_is_not_asked_again(organization: UUID) -> None:
    links = chain_of(A, B, C)
    with pytest.raises(ChainCycle):
        check_forward(2, above(links[-1], links), organization)


def test_who_was_asked_beside_may_be_asked() -> None:
    first, second = chain_of(A, B, C)
    beside = Referred(B, D, first.id)
    check_forward(2, above(second, [first, second, beside]), D)


def test_five_in_a_row_are_the_most() -> None:
    links = chain_of(A, B, C, D, E, F)
    assert len(links) == MAX_DEPTH == 5
    check_forward(4, above(links[3], links), F)
    with pytest.raises(ChainTooLong):
        check_forward(5, above(links[4], links), new_id())
    assert [may_be_forwarded(depth) for depth in range(1, 6)] == [True, True, True, True, False]


@pytest.mark.parametrize("parent", list(Status))
@pytest.mark.parametrize("status", list(Status))
def test_who_passed_it_on_knows_the_client_by_its_own_referral(status: Status, parent: Status) -> None:
    assert still_knows(Side.SOURCE, status, None)
    assert still_knows(Side.SOURCE, status, parent) == (parent in DISCLOSED)
    assert still_knows(Side.TARGET, status, parent) == still_knows(Side.TARGET, status, None) == (status in DISCLOSED)
