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
_TOO_LARGE = Problem(
    431, "head-too-large", "Too much in the headers", "Address and headers together are too large. Send less in them."
)


_UPGRADE = malformed("This server knows no other protocol. Send a request that has a body without `Upgrade`.")


class UpgradeWithBody(Exception):
    """Another protocol is asked for by a request with a body: the parser would take the body for the next request."""


class HeadTooLarge(Exception):
    """More was sent of address and headers than is read."""


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with problems (RFC 9457) where it would say plain text."""

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser did not take, and close the connection; `msg` is uvicorn's own, and not sent."""
        self.refuse(sys.exc_info()[1])

    def refuse(self, error: BaseException | None) -> None:
        """Answer what could not be read because of `error`, or of what lies behind it, and close the connection.

        Where an answer is under way it is cut short: a second one would be taken for a part of it.
        """
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            return self.transport.abort()  # a close would wait for what is written to be read
        problem = _problem_of(error)
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


def _problem_of(error: BaseException | None) -> Problem:
    if isinstance(error, HttpParserInvalidMethodError):
        return _UNKNOWN_METHOD
    # What a callback raises, the parser raises as an error of its own.
    causes = (error, getattr(error, "__context__", None))
    if any(isinstance(cause, UpgradeWithBody) for cause in causes):
        return _UPGRADE
    return _TOO_LARGE if any(isinstance(cause, HeadTooLarge) for cause in causes) else _NO_REQUEST
