"""Responses that several routes give: a referral with its ETag, and the question whether to go on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request, Response

from services.referral.schemas.parts import OnDuplicate
from services.referral.schemas.referrals import ReferralView
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.duplicates import PossibleDuplicate, question
from shared.web import problem_responses
from shared.web.versions import etag


def referral_answer(response: Response, seen: ReferralView) -> ReferralView:
    """The referral, its version in the ETag."""
    response.headers["ETag"] = etag(seen.version)
    return seen


def created_answer(request: Request, response: Response, seen: ReferralView) -> ReferralView:
    """A referral that was created: also where it is."""
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/referrals/{seen.id}"
    return referral_answer(response, seen)


@asynccontextmanager
async def undone_if_asked(work: ActorUnitOfWork, choice: OnDuplicate) -> AsyncIterator[None]:
    """A block that creates or sends a referral. With the choice "ask", PossibleDuplicate undoes what was done in it."""
    if choice != "ask":
        yield
        return
    async with work.tx.savepoint():
        yield


def ask(request: Request, work: ActorUnitOfWork, possible: PossibleDuplicate) -> Response:
    """The answer that asks whether to go on: a problem with the possible duplicates.

    It is returned and not raised: raising would roll back the record that clients were shown to the caller.
    """
    return problem_responses.response(request, question(work, possible))
