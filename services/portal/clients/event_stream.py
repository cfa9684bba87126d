"""Server-sent events, as far as the platform's own APIs make use of them: an id, and data of JSON."""

import json
from collections.abc import AsyncIterator
from typing import Any


async def read_events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
    """The id and the data of each event out of the lines of a stream; comments are passed over."""
    number, data = "", list[str]()
    async for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            number = value
        elif name == "data":
            data.append(value)
        elif not line and data:
            yield number, json.loads("\n".join(data))
            data.clear()
