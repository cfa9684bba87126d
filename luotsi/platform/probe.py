"""A look at a service from outside: what its /readyz answers."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


def readiness(base_url: str, *, timeout: float = 3.0) -> tuple[int, dict[str, Any]]:
    """Status and body of GET /readyz; status 0 when nobody answers. Blocks for `timeout` seconds at most."""
    address = urlsplit(base_url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    connection = kind(address.netloc, timeout=timeout)
    try:
        connection.request("GET", f"{address.path.rstrip('/')}/readyz")
        answer = connection.getresponse()
        return answer.status, dict(json.loads(answer.read()))
    except (OSError, http.client.HTTPException, ValueError):
        return 0, {}
    finally:
        connection.close()
