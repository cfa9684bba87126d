"""Validators of answers: an ETag for what was read, and 304 to who has it (RFC 9110, sections 8.8.3 and 13).

The ETag of a thing that has a version is its version and a digest of the answer, such as `"3-9f86d081884c7d65"`: the
version is what `If-Match` is about, and the digest differs with the language, the caller's side, and what stands in the
answer and is not the thing's own, such as how many messages are unread. Other answers have the digest alone.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_VERSION = re.compile(r'"(\d+)"')
_CODING = re.compile(r'-(?:gzip|br|zstd|deflate)"$')
_NOT_IN_304 = ("content-length", "content-type", "content-encoding", "content-disposition", "content-language")

DIGEST_LENGTH: Final = 16


def tags_in(lines: Iterable[str]) -> list[str]:
    """The opaque tags that the lines of an `If-Match` or `If-None-Match` name, quotes included; `*` for any.

    What a compressing proxy has made of a tag is undone: the mark of a weak one, and a suffix such as `-gzip`.
    """
    whole = ",".join(lines).strip()
    return ["*"] if whole == "*" else [_CODING.sub('"', tag) for tag in _TAG.findall(whole)]


def names_version(tag: str, version: int) -> bool:
    """Whether a tag is one of this version, whatever digest stands behind it."""
    return tag == "*" or tag.strip('"').partition("-")[0] == str(version)


class Validators:
    """Gives each answer to a GET its ETag, and answers 304 without a body to who has it already.

    An answer that comes in parts, such as a stream or a file, is left as it is. The head of a stream, which has no
    length, is not held back: its first part may be long in coming.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self._app(scope, receive, send)
        start: Message | None = None

        async def send_valid(message: Message) -> None:
            nonlocal start
            if _is_whole(message):
                start = message
                return
            if start is not None:
                head, start = start, None
                if not message.get("more_body") and _mark(head, message.get("body", b"")):
                    message = _unchanged_for(scope, head, message)
                await send(head)
            await send(message)

        await self._app(scope, receive, send_valid)


def _is_whole(message: Message) -> bool:
    """Whether a message begins an answer of 200 whose length is known."""
    begins = message["type"] == "http.response.start" and message["status"] == 200
    return begins and "content-length" in MutableHeaders(scope=message)


def _mark(head: Message, body: bytes) -> bool:
    """Give the answer its ETag. Returns False for one that has its own and is no version."""
    headers = MutableHeaders(scope=head)
    digest = hashlib.blake2b(body, digest_size=DIGEST_LENGTH // 2).hexdigest()
    present = headers.get("ETag")
    if present is None:
        headers["ETag"] = f'"{digest}"'
        return True
    version = _VERSION.fullmatch(present)
    if version:
        headers["ETag"] = f'"{version[1]}-{digest}"'
    return version is not None


def _unchanged_for(scope: Scope, head: Message, body: Message) -> Message:
    """The body to send: none, with the head turned into that of a 304, when the caller has this very answer."""
    headers = MutableHeaders(scope=head)
    named = tags_in(Headers(scope=scope).getlist("If-None-Match"))
    if headers["ETag"] not in named and "*" not in named:
        return body
    head["status"] = 304
    for name in _NOT_IN_304:
        del headers[name]
    return {"type": "http.response.body", "body": b""}
