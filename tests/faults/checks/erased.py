"""Clients who were erased: nothing that was written about them is left, neither in the clear nor sealed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.services import service_names, streams
from tests.faults.checks.expectations import Finding
from tests.faults.lab import Lab

_SEALED: Final = (
    "SELECT c.id, ARRAY(SELECT encode(c.details, 'hex') UNION SELECT encode(k.wrapped, 'hex') "
    "UNION SELECT encode(texts, 'hex') FROM referrals WHERE client_id = c.id "
    "UNION SELECT encode(text, 'hex') FROM messages JOIN referrals r ON r.id = referral_id WHERE r.client_id = c.id "
    "UNION SELECT encode(answer, 'hex') FROM idempotency_keys WHERE client_id = c.id) AS sealed "
    "FROM clients c JOIN client_keys k ON k.client_id = c.id "
    "WHERE c.id = (SELECT client_id FROM referrals WHERE id = $1)"
)
_NOT_ERASED: Final = "SELECT id FROM clients WHERE id = ANY($1::uuid[]) AND erased_at IS NULL"
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


@dataclass(frozen=True)
class Erased:
    """Whose data were destroyed: `words` stood in their texts, `sealed` are the texts and the key as they lay there."""

    client: UUID
    referral: UUID
    words: tuple[str, ...]
    sealed: tuple[str, ...]


def word_of(anything: str | UUID) -> str:
    """A word that stands in the texts of one client alone, made of letters, so that nothing takes it for a number."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in UUID(str(anything)).hex)


async def what_is_kept_of(lab: Lab, referral: UUID, key: str) -> Erased:
    """What is there to be destroyed of the client of a referral that was made under a key. LookupError: nothing is."""
    found = await lab.query("referral", _SEALED, referral, as_owner=True)
    client, sealed = (found[0]["id"], found[0]["sealed"]) if found else (UUID(int=0), [])
    return Erased(client, referral, (word_of(key), word_of(referral)), tuple(one for one in sealed if one))


async def check_erased(lab: Lab, erased: Iterable[Erased]) -> list[Finding]:
    """Look for all of it in every table of every database, and in every stream."""
    owner = {needle: one for one in erased for needle in _needles(one)}
    still = await lab.query("referral", _NOT_ERASED, [one.client for one in owner.values()])
    found = [Finding("lost", f"client {row['id']} was erased, and it is not kept") for row in still]
    for service in service_names():
        for row in await lab.query(service, _TABLES, as_owner=True):
            sql = (
                f'SELECT needle FROM unnest($1::text[]) AS needle WHERE EXISTS (SELECT FROM "{row["tablename"]}" t '
                "WHERE position(needle IN t::text) > 0)"
            )
            left = await lab.query(service, sql, list(owner), as_owner=True)
            found += [_left(owner[each["needle"]], f"{service}.{row['tablename']}") for each in left]
    for stream in sorted(streams()):
        for name in [stream, *[f"{stream}.dead.{service}" for service in service_names()]]:
            text = "\n".join(str(fields) for _, fields in await lab.redis.xrange(name))
            found += [_left(one, name) for needle, one in owner.items() if needle in text]
    return list(dict.fromkeys(found))


def _needles(erased: Erased) -> Iterator[str]:
    for word in erased.words:
        yield word
        yield word.encode().hex()
    yield from erased.sealed


def _left(erased: Erased, where: str) -> Finding:
    return Finding("wrong", f"client {erased.client} was erased, and something of theirs is left in {where}")
