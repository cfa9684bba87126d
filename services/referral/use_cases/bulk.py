"""One command on many referrals: each succeeds or fails by itself, and all are committed together."""

from sqlmodel import col, select

from services.referral.domain.lifecycle import LIFECYCLE
from services.referral.queries.chains import FROM_ABOVE
from services.referral.queries.visibility import visible_to
from services.referral.schemas.desk import Bulk, BulkResult, Chosen
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.commands import check_carried, locked_referral, perform, require_side
from shared.problems import Problem, details
from shared.web.versions import stale


async def give_to_many(work: ActorUnitOfWork, bulk: Bulk) -> list[BulkResult]:
    """The results in the order of the request.

    Referrals are locked in the order of `FROM_ABOVE`, as everywhere, so that nobody waits for another in a circle. What
    the actor may not see is not locked at all.
    """
    given = {chosen.id: chosen for chosen in bulk.referrals}
    query = select(Referral.id).where(col(Referral.id).in_(given), visible_to(work.actor)).order_by(*FROM_ABOVE)
    in_order = [*await work.tx.all(query)]
    results = {each: await _give(work, bulk, given[each]) for each in dict.fromkeys([*in_order, *given])}
    return [results[chosen.id] for chosen in bulk.referrals]


async def _give(work: ActorUnitOfWork, bulk: Bulk, chosen: Chosen) -> BulkResult:
    """What a request for this referral alone would have been answered; a refusal undoes no more than its own part."""
    version = None
    try:
        async with work.tx.savepoint():
            referral = await locked_referral(work, chosen.id)
            require_side(work, referral, LIFECYCLE[bulk.command].sides)
            version = referral.version
            carried = bulk.carried()
            await check_carried(work, referral, carried)
            if version != chosen.version:
                raise stale(version)
            await perform(work, referral, bulk.command, carried)
    except Problem as problem:
        return BulkResult(id=chosen.id, status=problem.status, version=version, problem=details(problem))
    return BulkResult(id=chosen.id, status=200, version=referral.version)
