"""One answer to many referrals: what is asked for, what became of each, and why some did not go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from services.portal import texts
from services.portal.clients.api import Answer, Away, side_by_side
from services.portal.pages.forms import Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.problem_texts import title_of
from services.portal.pages.referrals.step import nested
from services.portal.pages.referrals.timeline import kind_of
from shared.problems import Problem, malformed

Chosen = dict[str, int]
"""Id of a referral → the version that the person saw"""

_COMMANDS: Final = frozenset({"accept", "decline"})
_LOOKS: Final = frozenset({"first_viewed"})
"""What changes nothing about a referral: somebody opened its page, perhaps the same person"""


@dataclass
class Outcome:
    """What became of an answer to many: the ids that took it, and what was found wrong with the others."""

    done: list[str] = field(default_factory=list)
    refused: dict[str, Problem] = field(default_factory=dict)
    versions: Chosen = field(default_factory=dict)
    happened: dict[str, list[JSON]] = field(default_factory=dict)
    """Id of one that was refused → what has happened to it since the version that was seen"""


def chosen_in(form: Form) -> Chosen:
    """The rows that were ticked, each in the version that was seen. Raises a 400 for what no page sends."""
    found: Chosen = {}
    for value in form.all("chosen"):
        referral_id, _, version = value.partition(":")
        try:
            found[str(UUID(referral_id))] = int(version)
        except ValueError:
            raise malformed("The form cannot be read. Go back and send it again.") from None
    return found


def asked_in(form: Form) -> JSON:
    """The answer and what it carries: for `POST /referrals/bulk`, yet without the referrals."""
    command = form.text("command")
    if command not in _COMMANDS:
        raise malformed("The form cannot be read. Go back and send it again.")
    return {"command": command} | (nested(form, "reason.code", "reason.text") if command == "decline" else {})


async def give(page: Page, asked: JSON, chosen: Chosen) -> Outcome:
    """Answer; where somebody had only looked meanwhile, once more. Pressed twice, it is done once."""
    outcome = await _given(page, asked, chosen, page.form.key)
    stale = {each: chosen[each] for each, problem in outcome.refused.items() if problem.name == "stale-version"}
    outcome.happened = await _happened(page, stale)
    only_seen = {each: outcome.versions[each] for each in stale if _only_looks(outcome.happened.get(each))}
    if only_seen:
        again = await _given(page, asked, only_seen, f"{page.form.key}-again")
        outcome.done += again.done
        for each in again.done:
            del outcome.refused[each]
        outcome.refused |= again.refused
    return outcome


async def _given(page: Page, asked: JSON, chosen: Chosen, key: str) -> Outcome:
    referrals = [{"id": each, "version": version} for each, version in chosen.items()]
    answer = await page.referral.post("/referrals/bulk", asked | {"referrals": referrals}, key=key)
    outcome = Outcome()
    for result in answer["contents"]:
        if result["status"] == 200:
            outcome.done.append(result["id"])
        else:
            outcome.refused[result["id"]] = _problem(result["problem"])
            outcome.versions[result["id"]] = result["version"]
    return outcome


def _problem(given: Mapping[str, Any]) -> Problem:
    name = str(given["type"]).rpartition(":")[2]
    return Problem(given["status"], name, given["title"], given["detail"], errors=given.get("errors"))


async def _happened(page: Page, seen: Chosen) -> dict[str, list[JSON]]:
    """What has happened to each since the version that was seen; looking this up is no look at the referral."""
    found: list[Answer | Away] = await side_by_side(
        *(page.referral.get("/referrals/{id}/timeline", id=each) for each in seen)
    )
    return {
        each: [item for item in answer["contents"] if item["version"] > version]
        for (each, version), answer in zip(seen.items(), found, strict=True)
        if not isinstance(answer, Away)
    }


def _only_looks(happened: Sequence[JSON] | None) -> bool:
    return bool(happened) and all(kind_of(item) in _LOOKS for item in happened or ())


def why_not(problem: Problem, happened: Sequence[JSON], referral: JSON | None, language: str) -> str:
    """Why one was not answered, and how it stands now, in words."""
    if problem.name != "stale-version" or referral is None:
        return title_of(problem, language)
    changes = [
        texts.text(
            "desk.not_done.change",
            language,
            what=texts.of_code("referrals.event", kind_of(item), language),
            when=texts.moment(item["at"], language),
        )
        for item in happened
    ]
    return texts.text("desk.not_done.changed", language, changes=texts.enumeration(changes, language))
