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
    """What is done inside is undone when PossibleDuplicate is raised, so that the caller can be asked first."""
    if choice != "ask":
        yield
        return
    async with work.tx.savepoint():
        yield


def ask(request: Request, work: ActorUnitOfWork, possible: PossibleDuplicate) -> Response:
    """The question, as an answer of its own and not raised: that it tells of clients is to be kept."""
    return problem_responses.response(request, question(work, possible))
