"""What is not well, in an order of need, each with the values that its text names and the command that helps."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from services.portal.clients.api import Away


class _Help(NamedTuple):
    title: str
    text: str
    command: str


_HELP: Final = {
    "away": _Help("platform.finding.away", "platform.finding.away_text", "luotsi doctor"),
    "dependency": _Help("platform.finding.dependency", "platform.finding.dependency_text", "luotsi doctor"),
    "keys": _Help("platform.finding.keys", "platform.finding.keys_text", "luotsi doctor"),
    "missing": _Help("platform.finding.missing", "platform.finding.missing_text", "luotsi doctor"),
    "unread": _Help("platform.finding.unread", "platform.finding.unread_text", "luotsi doctor"),
    "dead": _Help("platform.finding.dead", "platform.finding.dead_text", "luotsi events dead list"),
    "behind": _Help("platform.finding.behind", "platform.finding.behind_text", "luotsi events lag"),
    "outbox": _Help("platform.finding.outbox", "platform.finding.outbox_text", "luotsi doctor"),
    "timers": _Help("platform.finding.timers", "platform.finding.timers_text", "luotsi doctor"),
    "mail": _Help("platform.finding.mail", "platform.finding.mail_text", "luotsi doctor"),
    "seals": _Help("platform.finding.seals", "platform.finding.seals_text", "luotsi audit verify"),
    "parked": _Help("platform.finding.parked", "platform.finding.parked_text", "luotsi rebuild --all"),
}
"""What may be found, the most pressing first: the keys of its words, and the command that shows more or mends it"""
_ORDER: Final = tuple(_HELP)


@dataclass(frozen=True)
class Finding:
    """Something that is not well: in which service, what, and the values that its texts name."""

    service: str
    kind: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def help(self) -> _Help:
        """The keys of what it means and what to do, and what an operator runs."""
        return _HELP[self.kind]


def findings(service: str, said: dict[str, Any] | Away) -> list[Finding]:
    """What is not well in a service."""
    if isinstance(said, Away):
        return [Finding(service, "away")]
    return [Finding(service, *each) for piece in said["findings"] if not piece["well"] for each in _of(piece, said)]


def in_order(found: list[Finding]) -> list[Finding]:
    """The most pressing first."""
    return sorted(found, key=lambda each: _ORDER.index(each.kind))


def _of(piece: dict[str, Any], said: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What there is to say of a piece that is not well."""
    kind, what = piece["piece"], piece["what"]
    if kind == "stream":
        return [each for stream in said["streams"] if stream["stream"] == what for each in _of_stream(stream)]
    if kind == "dependency":
        return [(kind, {"what": what})]
    if kind == "keys":
        return [(kind, {})]
    if kind == "mail":
        return [(kind, {"number": _mail(said["mail"])})]
    waiting = said[kind]
    return [(kind, {"number": waiting["number"], "minutes": round(waiting["oldest_seconds"] / 60)})]


def _of_stream(stream: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    what = {"what": stream["stream"]}
    found: list[tuple[str, dict[str, Any]]] = []
    if stream["dead_letters"]:
        found.append(("dead", {**what, "number": stream["dead_letters"]}))
    if stream["missing"]:
        found.append(("missing", what))
    elif not stream["consumers"]:
        found.append(("unread", what))
    elif not found:
        found.append(("behind", {**what, "number": stream["lag"]}))
    return found


def _mail(mail: dict[str, Any]) -> int:
    """How many mails are concerned: those that fail, were given up, or wait for an attempt."""
    return int(mail["failing"] or mail["given_up"] or mail["due"])
