"""Plans of what a request asks of a database: which statements it runs, and how many rows each of them reads."""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.platform import Platform

JSON = dict[str, Any]

PLANNED_FOR: Final = (
    "random_page_cost = 1.1",
    "enable_seqscan = off",
    "enable_hashjoin = off",
    "enable_mergejoin = off",
)
"""As for a table that is too large to be read through, on a disk that need not seek; a test fills little."""


async def plans_of(platform: Platform, service: str, ask: Callable[[], Awaitable[object]]) -> list[list[JSON]]:
    """For each SELECT that the service's web process runs while it is asked: the nodes of its plan, when run again."""
    return await plans_on(platform.apps[service].state.luotsi.database.engine, ask)


async def plans_on(engine: AsyncEngine, ask: Callable[[], Awaitable[object]]) -> list[list[JSON]]:
    """The same, of an engine by which a web process reads."""
    ran: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        ran.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        await ask()
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    plans = []
    async with engine.connect() as connection:
        for setting in PLANNED_FOR:
            await connection.exec_driver_sql(f"SET LOCAL {setting}")
        for statement, parameters in ran:
            if statement.startswith("SELECT"):
                found = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
                plans.append(nodes_of(found.scalar_one()))
    return plans


def nodes_of(told: Any) -> list[JSON]:
    """The nodes of a plan, out of what EXPLAIN has told as JSON."""
    return list(_nodes((json.loads(told) if isinstance(told, str) else told)[0]["Plan"]))


def _nodes(plan: JSON) -> Iterator[JSON]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def rows_read(nodes: list[JSON], relation: str) -> float:
    """How many rows of a table were looked at, found or not."""
    looked_at = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(
        sum(float(node.get(name, 0)) for name in looked_at) * int(node["Actual Loops"])
        for node in nodes
        if node.get("Relation Name") == relation
    )


def from_indexes(nodes: list[JSON]) -> bool:
    """Whether no table was read through."""
    return "Seq Scan" not in {node["Node Type"] for node in nodes}
