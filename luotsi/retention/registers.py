"""Every register: whose it is, from when on its time counts, how to see what is due, and how to take it away."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from luotsi.platform.process import PlatformError
from luotsi.retention import clients, drafts, logs
from luotsi.retention.retention_run import Due, RetentionRun
from services.referral.domain.lifecycle import TERMINAL

PERIODS: Final = Path(__file__).with_name("registers.yaml")
"""How many days Luotsi keeps each register, unless told otherwise"""

_ENDED = ", ".join(f"'{status}'" for status in sorted(TERMINAL))
_OLD_MESSAGES = (
    "FROM messages m JOIN referrals r ON r.id = m.referral_id "
    f"WHERE r.status IN ({_ENDED}) AND coalesce(r.closed_at, r.updated_at) < :before"
)
_OLD_NOTICES = (
    "FROM notices n WHERE n.created_at < :before "
    "AND NOT EXISTS (SELECT FROM deliveries d WHERE d.notice_id = n.id AND d.next_attempt_at IS NOT NULL)"
)


@dataclass(frozen=True)
class Register:
    """One register; `counts_from` completes "its time counts from". Both functions say what was kept long enough."""

    service: str
    counts_from: str
    due: Callable[[RetentionRun], Awaitable[Due]]
    remove: Callable[[RetentionRun], Awaitable[Due]]


def _rows(service: str, counts_from: str, table: str, rows: str, since: str) -> Register:
    """A register that is some rows of one table; `rows` names the table by its first letter."""

    async def due(run: RetentionRun) -> Due:
        return await run.count(service, f"SELECT count(*), min({since}) {rows}")

    async def remove(run: RetentionRun) -> Due:
        old = f"SELECT {table[0]}.id, {since} AS since {rows}"
        statement = f"DELETE FROM {table} USING ({old}) AS old WHERE {table}.id = old.id RETURNING since"  # noqa: S608
        return await run.remove(service, statement)

    return Register(service, counts_from, due, remove)


_ANSWERING: Final = ("referral", "catalog")
"""The services that keep answers for repeated requests."""


_OLD_ANSWERS = "FROM idempotency_keys WHERE created_at < :before"


async def _answers_due(run: RetentionRun) -> Due:
    query = f"SELECT count(*), min(created_at) {_OLD_ANSWERS}"
    return Due.together([await run.count(service, query) for service in _ANSWERING])


async def _remove_answers(run: RetentionRun) -> Due:
    statement = f"DELETE {_OLD_ANSWERS} RETURNING created_at"
    return Due.together([await run.remove(service, statement) for service in _ANSWERING])


_OLD_WORDS = "FROM unfound_words WHERE last_on < CAST(:before AS timestamptz)"


async def _words_due(run: RetentionRun) -> Due:
    return await run.count("catalog", f"SELECT count(*), min(CAST(last_on AS timestamptz)) {_OLD_WORDS}")


async def _remove_words(run: RetentionRun) -> Due:
    return await run.remove("catalog", f"DELETE {_OLD_WORDS} RETURNING CAST(last_on AS timestamptz)")


REGISTERS: Final[Mapping[str, Register]] = {
    "drafts": Register("referral", "the last change of a draft never sent", drafts.drafts_due, drafts.discard_drafts),
    "clients": Register("referral", "the last referral's end", clients.clients_due, clients.erase_clients),
    "messages": _rows(
        "referral", "the referral's end", "messages", _OLD_MESSAGES, "coalesce(r.closed_at, r.updated_at)"
    ),
    "answers": Register("referral and catalog", "the request", _answers_due, _remove_answers),
    "disclosures": Register("referral", "the showing", clients.disclosures_due, clients.remove_disclosures),
    "referral_log": Register("referral", "the client's erasure", logs.referral_log_due, logs.cut_referral_log),
    "notices": _rows("notifications", "the notice", "notices", _OLD_NOTICES, "n.created_at"),
    "delivery_log": Register(
        "notifications", "the delivery, once its notice is gone", logs.delivery_log_due, logs.cut_delivery_log
    ),
    "catalogue_log": Register("catalog", "a newer state", logs.catalogue_log_due, logs.cut_catalogue_log),
    "unfound_words": Register("catalog", "the last search", _words_due, _remove_words),
    "handled": Register("all", "handling, once the event is gone from its log", logs.handled_due, logs.forget_handled),
}
"""In the order in which they are cleared: what tells about something comes after it."""


def read_periods(path: Path) -> dict[str, int]:
    """Days per register. PlatformError unless the file names every register, and no other, with whole days."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise PlatformError(f"{path} cannot be read: {type(error).__name__}") from error
    if not isinstance(found, dict) or found.keys() != REGISTERS.keys():
        raise PlatformError(f"{path} has to name these and no others: {', '.join(REGISTERS)}")
    if not all(isinstance(days, int) and not isinstance(days, bool) and days >= 0 for days in found.values()):
        raise PlatformError(f"{path} has to give whole days")
    return found
