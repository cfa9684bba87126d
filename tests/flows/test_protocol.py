"""HTTP as a real server reads it: what is no request is a problem too."""

import asyncio
import json

import httpx2
import pytest

from tests.platform import Platform
from tests.web_server import served


async def raw(address: str, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to the bytes of a request, as they are."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers["content-length"]))
    writer.close()
    return int(head[0].split()[1]), headers, body


@pytest.mark.parametrize(
    ("line", "status", "name"),
    [
        ("FOO /services HTTP/1.1", 501, "not-implemented"),
        ("get /services HTTP/1.1", 501, "not-implemented"),
        ("PURGE /services HTTP/1.1", 405, "method-not-allowed"),
        ("PROPFIND /services HTTP/1.1", 405, "method-not-allowed"),
        ("TRACE /services HTTP/1.1", 405, "method-not-allowed"),
        ("GET /services HTTP/x", 400, "malformed"),
        ("GET /serv ices HTTP/1.1", 400, "malformed"),
    ],
)
async def test_whatever_is_sent_is_answered_with_a_problem(
    platform: Platform, line: str, status: int, name: str
) -> None:
    async with served(platform.apps["catalog"]) as address:
        found, headers, body = await raw(address, f"{line}\r\nHost: x\r\n\r\n".encode())
    assert (found, headers["content-type"]) == (status, "application/problem+json")
    problem = json.loads(body)
    assert (problem["type"], problem["status"]) == (f"urn:luotsi:problem:{name}", status)
    assert headers["x-correlation-id"]


async def test_a_head_and_a_304_leave_the_connection_usable(platform: Platform) -> None:
    async with served(platform.apps["catalog"]) as address, httpx2.AsyncClient(base_url=address) as client:
        first = await client.get("/services")
        for _ in range(2):
            assert (await client.head("/services")).headers["ETag"] == first.headers["ETag"]
            again = await client.get("/services", headers={"If-None-Match": first.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")
        assert (await client.get("/services")).content == first.content
