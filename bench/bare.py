"""Contender: a list, a search and a creation by FastAPI, pydantic and asyncpg alone, as quick as these let it be.

It reads the platform's own tables and answers the service's own models. It looks at a token once and believes it from
then on, and counts no requests; a list has no filters, a search gives no reasons and no facets, and a creation checks
its body, seals nothing and writes three rows of its own.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from services.catalog.domain.search import typed_words
from services.catalog.queries.service_search import SEARCH
from services.catalog.schemas.services import ServiceSummary
from services.referral.schemas.legal_basis import LegalBasis
from services.referral.schemas.parts import Urgency
from services.referral.schemas.referrals import ReferralPage
from shared.clock import day_in_kuopio, utc_now
from shared.ids import new_id
from shared.web.tokens import Verifier

TABLES: Final = (
    "CREATE TABLE bare_clients (id uuid PRIMARY KEY, body jsonb NOT NULL)",
    "CREATE TABLE bare_referrals (id uuid PRIMARY KEY, client_id uuid NOT NULL REFERENCES bare_clients, "
    "service_id uuid NOT NULL REFERENCES services, body jsonb NOT NULL)",
    "CREATE TABLE bare_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload text NOT NULL)",
    "GRANT ALL ON bare_clients, bare_referrals, bare_outbox TO referral",
)
_LIST: Final = """
SELECT r.id, r.reference, r.status, r.version, r.urgency, r.language, r.created_at, r.updated_at, r.sent_at,
    r.first_viewed_at, r.accepted_at, r.started_at, r.completed_at, r.closed_at, r.answer_seen_at, r.respond_by,
    r.business_status, (SELECT count(*) FROM messages AS m WHERE m.referral_id = r.id AND m.read_at IS NULL AND
    m.to_organization_id = $1) AS unread_messages, json_build_object('id', s.id, 'name', s.name) AS service,
    json_build_object('id', a.id, 'name', a.name) AS source_organization,
    json_build_object('id', b.id, 'name', b.name) AS target_organization
FROM referrals AS r JOIN services AS s ON s.id = r.service_id JOIN organizations AS a ON a.id = r.source_organization_id
    JOIN organizations AS b ON b.id = r.target_organization_id
WHERE r.source_organization_id = $1 ORDER BY r.id DESC LIMIT $2
"""
_FOUND: Final = """
SELECT s.id, s.slug, s.version, s.organization_id, s.name->>'fi' AS name, s.description->>'fi' AS description,
    s.eligibility_description->>'fi' AS eligibility_description, s.status, s.target_groups, s.response_days,
    (SELECT json_agg(json_build_object('id', s.id, 'code', l, 'name', l)) FROM unnest(s.languages) AS l) AS languages,
    json_build_object('status', s.capacity, 'updated', s.capacity_updated_at) AS capacity, true AS accepting,
    '{}'::text[] AS not_accepting_because, 'unknown' AS facts_status, s.updated_at AS last_modified,
    json_build_object('id', o.id, 'slug', o.slug, 'name', o.name->>'fi', 'description', o.description->>'fi')
    AS organization FROM services AS s JOIN organizations AS o ON o.id = s.organization_id WHERE s.id = ANY($1)
"""
_SEARCH: Final = SEARCH.compile(dialect=dialect())  # type: ignore[no-untyped-call]  # of SQLAlchemy


class Found(BaseModel):
    """What a search finds."""

    total_items: int
    contents: list[ServiceSummary]


class NewClient(BaseModel):
    """Who is referred."""

    name: str
    language: str
    email: str


class NewReferral(BaseModel):
    """What is sent."""

    service_id: UUID
    client: NewClient
    reason: str
    urgency: Urgency
    legal_basis: LegalBasis
    send: bool


async def _organization(request: Request, authorization: Annotated[str, Header()]) -> UUID:
    """That of a token that was valid when it was seen first."""
    known = request.app.state.tokens
    if authorization not in known:
        claims = await request.app.state.verifier.claims(authorization.removeprefix("Bearer "))
        known[authorization] = UUID(claims["org"])
    found: UUID = known[authorization]
    return found


async def _json(connection: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=json.loads)


@asynccontextmanager
async def _pools(app: FastAPI) -> AsyncIterator[None]:
    plan = {"plan_cache_mode": "force_generic_plan", "jit": "off"}
    app.state.verifier, app.state.tokens = Verifier(os.environ["ISSUER"], os.environ["JWKS"]), {}
    async with (
        asyncpg.create_pool(os.environ["REFERRAL"], init=_json) as app.state.referral,
        asyncpg.create_pool(os.environ["CATALOG"], init=_json, server_settings=plan) as app.state.catalog,
    ):
        yield


app = FastAPI(lifespan=_pools)


@app.get("/referrals")
async def listed(
    request: Request, organization: Annotated[UUID, Depends(_organization)], limit: int = 50
) -> ReferralPage:
    """The newest of an organisation."""
    rows = await request.app.state.referral.fetch(_LIST, organization, limit)
    return ReferralPage.model_validate({"contents": [dict(row) for row in rows], "next": None})


@app.get("/services")
async def searched(request: Request, query: str, size: int = 50) -> Found:
    """The services that fit best."""
    words = typed_words(query)
    values: dict[str, Any] = {"words": [each.folded for each in words], "exactly": False, "most": 500, "asker": "fi"}
    values |= {"today": day_in_kuopio(utc_now()), "narrowed": False, "unfit": False, "size": size, "skipped": 0}
    async with request.app.state.catalog.acquire() as connection:
        found = await connection.fetchrow(str(_SEARCH), *(values.get(name) for name in _SEARCH.positiontup or ()))
        ids = [UUID(each[0]) for each in found["page"] or ()]
        rows = {row["id"]: dict(row) for row in await connection.fetch(_FOUND, ids)}
    return Found.model_validate({"total_items": found["total"], "contents": [rows[key] for key in ids]})


@app.post("/referrals", status_code=201)
async def created(
    request: Request, new: NewReferral, organization: Annotated[UUID, Depends(_organization)]
) -> dict[str, Any]:
    """One more."""
    if not new.send:
        raise HTTPException(422)
    client_id, referral_id = new_id(), new_id()
    body = new.model_dump_json()
    async with request.app.state.referral.acquire() as connection, connection.transaction():
        await connection.execute("INSERT INTO bare_clients VALUES ($1, $2)", client_id, new.client.model_dump_json())
        insert = "INSERT INTO bare_referrals VALUES ($1, $2, $3, $4)"
        await connection.execute(insert, referral_id, client_id, new.service_id, body)
        await connection.execute("INSERT INTO bare_outbox (payload) VALUES ($1)", body)
    return {"id": referral_id, "organization": organization, **new.model_dump()}


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False)
