"""The links in the head of every page, by what a member's roles open."""

from dataclasses import dataclass
from typing import Final

from services.portal import texts
from services.portal.queries.accounts import Account


@dataclass(frozen=True)
class Link:
    """A link; `current` says that it is, or leads to, the page it stands on."""

    href: str
    label: str
    current: bool


@dataclass(frozen=True)
class _Area:
    href: str
    key: str
    roles: frozenset[str] = frozenset()
    platform: bool = False


_AREAS: Final = (
    _Area("/", "layout.nav.home"),
    _Area("/desk", "layout.nav.desk", frozenset({"recipient"})),
    _Area("/services", "layout.nav.services"),
    _Area("/referrals", "layout.nav.referrals", frozenset({"adviser"})),
    _Area("/overview", "layout.nav.overview", frozenset({"coordinator"})),
    _Area("/notices", "layout.nav.notices"),
    _Area("/organizations/{own}", "layout.nav.organization", frozenset({"admin"})),
    _Area("/platform", "layout.nav.platform", platform=True),
)
"""In their order. A path begins with that of its area; `{own}` is the member's organisation."""


def links_for(member: Account, path: str, language: str) -> list[Link]:
    """The links that are open to a member on the page at `path`."""
    return [
        Link(href, texts.text(area.key, language), _is_in(href, path))
        for area in _AREAS
        for href in [area.href.format(own=member.organization_id)]
        if (not area.roles or not area.roles.isdisjoint(member.roles))
        and (member.is_platform_admin or not area.platform)
    ]


def _is_in(area: str, path: str) -> bool:
    return path == area or (area != "/" and path.startswith(f"{area}/"))
