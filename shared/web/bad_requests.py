"""HTTP as the server reads it: what is no request at all is answered with a problem, like everything else."""

import json
import sys
from http import HTTPStatus

from httptools import HttpParserInvalidMethodError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared import context
from shared.problems import Problem, details, malformed

_UNKNOWN_METHOD = Problem(
    501, "not-implemented", "Unknown method", "This server knows no such method. See /docs for those of an address."
)
_NO_REQUEST = malformed("This is no HTTP/1.1 request. Check the request line and the headers.")


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with problems (RFC 9457) where it would say plain text."""

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser did not take, and close the connection; `msg` is uvicorn's own, and not sent."""
        error = sys.exc_info()[1]
        problem = _UNKNOWN_METHOD if isinstance(error, HttpParserInvalidMethodError) else _NO_REQUEST
        body = json.dumps(details(problem).model_dump(exclude_none=True)).encode()
        head = (
            f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n"
            "content-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\n"
            f"x-correlation-id: {context.new_context().correlation_id}\r\n"
            "cache-control: no-store\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
