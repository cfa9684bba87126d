"""Which services are offered instead of one that did not answer, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from services.referral.domain.alternative_services import next_best

SILENT, ELSEWHERE = uuid4(), uuid4()


@dataclass(frozen=True)
class Offer:
    """A service as the rules see it."""

    id: UUID
    organization_id: UUID
    slug: str
    capacity: str
    languages: Sequence[str]
    target_groups: Sequence[str]


def offer(
    slug: str,
    *,
    groups: tuple[str, ...] = ("newcomers",),
    languages: tuple[str, ...] = (),
    capacity: str = "capacity",
    organization: UUID = ELSEWHERE,
) -> Offer:
    return Offer(uuid4(), organization, slug, capacity, languages, groups)


def offered(*offers: Offer, groups: tuple[str, ...] = ("newcomers", "families"), language: str = "ar") -> list[str]:
    slugs = {each.id: each.slug for each in offers}
    return [slugs[service_id] for service_id in next_best(groups, language, SILENT, offers)]


def test_a_service_for_others_is_not_offered_and_one_for_everyone_is() -> None:
    assert offered(offer("a", groups=("researchers",)), offer("b", groups=("everyone",)), offer("c")) == ["c", "b"]


def test_the_silent_organisation_comes_last_however_well_its_services_fit() -> None:
    silent = offer("a", groups=("newcomers", "families"), languages=("ar",), organization=SILENT)
    assert offered(silent, offer("b", groups=("everyone",), capacity="waitlist")) == ["b", "a"]


def test_groups_in_common_then_the_language_then_places_then_the_slug() -> None:
    services = (
        offer("e"),
        offer("d"),
        offer("c", languages=("fi",), capacity="waitlist"),
        offer("b", languages=("ar-SY",), capacity="waitlist"),
        offer("a-full", groups=("newcomers", "families"), capacity="waitlist"),
    )
    assert offered(*services) == ["a-full", "b", "d"]
    assert offered(*reversed(services)) == ["a-full", "b", "d"], "whatever order they come in"


def test_where_the_groups_are_not_known_the_language_decides() -> None:
    services = (offer("a", languages=("fi", "en")), offer("b", languages=("zh-Hant",)), offer("c"))
    assert offered(*services, groups=(), language="zh") == ["b"]
    assert offered(*services, groups=(), language="so") == []
