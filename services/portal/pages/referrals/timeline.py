"""The timeline of a referral in words: what happened, who was told of it and when, and whether it was opened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.portal import texts
from services.portal.pages.json_objects import JSON

_ICONS: Final = {
    "sent": ("requested", ""),
    "first_viewed": ("eye", ""),
    "answer_seen": ("eye", ""),
    "accepted": ("accepted", "good"),
    "declined": ("rejected", "bad"),
    "started": ("in-progress", "good"),
    "held": ("on-hold", ""),
    "resumed": ("in-progress", "good"),
    "completed": ("completed", "good"),
    "failed": ("failed", "bad"),
    "cancelled": ("cancelled", "bad"),
    "consent_withdrawn": ("cancelled", "bad"),
    "marked_in_error": ("entered-in-error", "bad"),
    "expired": ("expired", "bad"),
    "due_soon": ("clock", ""),
    "overdue": ("overdue", "bad"),
    "overdue_again": ("overdue", "bad"),
    "not_started": ("clock", ""),
    "no_news": ("clock", ""),
    "message_sent": ("message", ""),
    "forwarded": ("arrow", ""),
    "followed": ("arrow", ""),
    "created": ("draft", ""),
    "edited": ("draft", ""),
    "closed": ("completed", ""),
    "assigned": ("person", ""),
    "handed_over": ("person", ""),
}


@dataclass(frozen=True)
class Names:
    """Who is spoken of: the two organisations of a referral, and members of one's own by id."""

    language: str
    own_side: str
    organizations: Mapping[str, str]
    members: Mapping[str, str]

    @classmethod
    def of(cls, referral: JSON, members: Iterable[JSON], language: str) -> "Names":
        """The names that a referral is told with."""
        organizations = {
            side: texts.name(referral[f"{side}_organization"]["name"], language) for side in ("source", "target")
        }
        return cls(language, referral["side"], organizations, {each["id"]: each["email"] for each in members})

    def who(self, side: str | None, member_id: str | None) -> str:
        """A member of one's own organisation, else the organisation; nobody for the clock."""
        if member_id is not None and member_id in self.members:
            return self.members[member_id]
        return self.organizations.get(side or "", "")


def kind_of(item: JSON) -> str:
    """What happened, out of `referral.<event>.v1`."""
    return str(item["event_type"]).split(".")[1]


def shown(items: Sequence[JSON], names: Names, reference: str, seen: Mapping[tuple[str, str], str]) -> list[JSON]:
    """The items for the component `timeline`, the newest first; of a draft that was written on, the last time alone.

    `seen` says when a member of one's own organisation has seen the notice of an event, by both their ids.
    """
    kept = [item for item, following in zip(items, [*items[1:], None], strict=True) if not _goes_on(item, following)]
    return [_item(item, names, reference, seen) for item in reversed(kept)]


def _goes_on(item: JSON, following: JSON | None) -> bool:
    """Whether the same person kept the same draft once more: a page keeps it every few seconds."""
    same = ("event_type", "member_id", "reference")
    return following is not None and kind_of(item) == "edited" and all(item[each] == following[each] for each in same)


def changes_since(items: Sequence[JSON], names: Names, reference: str, version: int) -> list[JSON]:
    """What has happened since a version, the oldest first; what raised no version is passed over."""
    since = [item for item in items if item["version"] > version and kind_of(item) not in ("message_sent",)]
    return [_item(item | {"told": []}, names, reference, {}) for item in since]


def _item(item: JSON, names: Names, reference: str, seen: Mapping[tuple[str, str], str]) -> JSON:
    kind, language = kind_of(item), names.language
    icon, colour = _ICONS.get(kind, ("information", ""))
    return {
        "title": texts.of_code("referrals.event", kind, language),
        "when": texts.moment(item["at"], language),
        "iso": item["at"],
        "who": names.who(item["side"], item["member_id"]),
        "icon": icon,
        "kind": colour,
        "detail": _detail(item, kind, reference, language),
        "told": _told(item, names, seen),
    }


def _detail(item: JSON, kind: str, reference: str, language: str) -> str:
    parts = []
    if item["reference"] != reference:
        parts.append(texts.text("referrals.passed_on_as", language, reference=item["reference"]))
    if item["reason_code"] and kind in ("declined", "held", "failed", "cancelled", "marked_in_error"):
        parts.append(texts.of_code("referrals.reason", item["reason_code"], language))
    if item["outcome_code"] and kind == "completed":
        parts.append(texts.of_code("referrals.outcome", item["outcome_code"], language))
    return ". ".join(parts)


def _told(item: JSON, names: Names, seen: Mapping[tuple[str, str], str]) -> list[JSON]:
    """A line for everybody who was told: by which channels and when, and when it was opened."""
    groups: dict[tuple[str, str | None, str], list[JSON]] = {}
    for each in item["told"]:
        groups.setdefault((each["side"], each["member_id"], each["status"]), []).append(each)
    return [_line(item, key, group, names, seen) for key, group in groups.items()]


def _line(
    item: JSON,
    key: tuple[str, str | None, str],
    group: Sequence[JSON],
    names: Names,
    seen: Mapping[tuple[str, str], str],
) -> JSON:
    side, member_id, status = key
    language = names.language
    who = texts.text("referrals.coordinator", language) if side == "coordinator" else names.who(side, member_id)
    channels = [
        texts.of_code("referrals.channel", each, language) for each in sorted({one["channel"] for one in group})
    ]
    opened = group[0]["opened_at"] or seen.get((item["event_id"], member_id or ""))
    said = {
        "who": who,
        "channels": texts.enumeration(channels, language),
        "when": texts.moment(min(each["at"] for each in group), language),
    }
    if status == "failed":
        return {"text": texts.text("referrals.told.failed", language, **said), "opened": False}
    if opened:
        said["opened"] = texts.moment(opened, language)
        return {"text": texts.text("referrals.told.opened", language, **said), "opened": True}
    return {"text": texts.text("referrals.told.sent", language, **said), "opened": False}
