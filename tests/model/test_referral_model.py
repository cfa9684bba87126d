"""Random people give random commands to the real service and to a model of it; both must always agree.

Compared are the answer to each request, what each side sees, who finds which referral in which list, and the events in
the log. Hypothesis chooses the requests; each story is played anew from its beginning.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from random import Random
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.builders import Someone, Town, small_town
from tests.contract import EVENT_OF
from tests.model.referral_model import Actor, Referral
from tests.platform import Platform
from tests.referring import CONSENT, SECRETS, at_work, new_referral

Answer = TypeVar("Answer")

STATUTE = {"kind": "statute", "statute": "a section"}
BASES = {"consent": CONSENT, "statute": STATUTE, None: None}
REASON = {"reason": {"code": "lack_of_resources"}}
BODIES: dict[str, Any] = {
    "decline": REASON,
    "hold": REASON,
    "fail": REASON,
    "cancel": REASON,
    "mark-error": REASON,
    "complete": {"outcome": {"code": "enrolled", "text": "owes the landlord nothing now"}},
    "withdraw-consent": {"withdrawal": {"told_by": "client", "told_on": "2026-11-03"}},
}
COMMANDS = sorted(set(EVENT_OF) - {"forward"})
"""Those that change the referral they are given to, and make no other."""

GOES_ON = ("send", "accept", "decline", "forward", "start", "hold", "resume", "complete", "fail", "close")
"""Commands that do not cut a story short."""

MOST = 3
"""Referrals in one story."""

ENDING_SHARE = 0.25
"""How often a command may be one that does."""

PEOPLE = ("adviser", "colleague", "desk", "bystander", "coordinator")


class Comparison(RuleBasedStateMachine):
    """One story. The platform lives in the event loop of the test; each step is carried over to it."""

    platform: Platform
    loop: asyncio.AbstractEventLoop
    given: ClassVar[Counter[str]]

    any_one = st.integers(0, 100)
    """Which of the referrals that there are."""
    people = st.sampled_from(PEOPLE)

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Referral] = []
        self.town: Town = self.wait(self._begin())

    async def _begin(self) -> Town:
        await self.platform.empty()
        return await small_town(self.platform)

    def wait(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """What `work` answers."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def one(self, which: int) -> Referral:
        """One of the referrals made so far."""
        return self.made[which % len(self.made)]

    def someone(self, name: str) -> Someone:
        """The member of that name."""
        who: Someone = getattr(self.town, name)
        return who

    def actor(self, name: str) -> Actor:
        """The same member, as the model knows it."""
        who = self.someone(name)
        return Actor(name, str(who.organization_id), frozenset(who.roles))

    @precondition(lambda self: len(self.made) < MOST)
    @rule(
        name=st.sampled_from(("adviser", "colleague", "bystander")),
        basis=st.sampled_from(("consent", "statute")),
        send=st.booleans(),
    )
    def create(self, name: str, basis: str, send: bool) -> None:
        request = new_referral(self.town, legal_basis=BASES[basis], send=send)
        answer = self.wait(at_work(self.platform, self.someone(name)).refer(request))
        assert answer.status_code == 201, answer.text
        source, target = str(self.someone(name).organization_id), str(self.town.business)
        made = Referral(answer.json()["id"], source, target, basis)
        made.created(send=send)
        self.made.append(made)
        self.compare_view(made, "source", answer.json())

    @precondition(lambda self: self.made)
    @rule(which=any_one, name=people, command=st.sampled_from(COMMANDS), behind=st.sampled_from((0, 0, 0, 1)))
    def command(self, which: int, name: str, command: str, behind: int) -> None:
        self.give(self.one(which), name, command, behind)

    def give(self, referral: Referral, name: str, command: str, behind: int = 0) -> None:
        """A command, and what comes of it here and there."""
        version = referral.version - behind
        seen = {"id": referral.id, "version": version}
        answer = self.wait(at_work(self.platform, self.someone(name)).give(command, seen, BODIES.get(command)))
        assert answer.status_code == referral.commanded(self.actor(name), command, version), answer.text
        if answer.status_code == 200:
            self.given[command] += 1
            self.compare_view(referral, str(referral.side_of(self.actor(name))), answer.json())

    @precondition(lambda self: self.made)
    @rule(which=any_one, seed=st.integers(0, 2**32))
    def give_what_is_offered(self, which: int, seed: int) -> None:
        """A random command is mostly refused; these are allowed, rare ones first, and mostly take the story further."""
        referral = self.one(which)
        # Evenly: what Hypothesis draws is mostly something that it has drawn before.
        chance = Random(f"{seed} {self.made.index(referral)} {referral.version}")
        for _ in range(6):
            any_kind = chance.random() < ENDING_SHARE
            possible = [
                (name, command)
                for name in PEOPLE
                if (side := referral.side_of(self.actor(name)))
                for command in sorted(referral.offers(side))
                if any_kind or command in GOES_ON
            ]
            if possible:
                rarest = min(self.given[command] for _, command in possible)
                self.go(referral, *chance.choice([each for each in possible if self.given[each[1]] == rarest]), chance)

    @precondition(lambda self: self.made)
    @rule(which=any_one, name=people)
    def look(self, which: int, name: str) -> None:
        referral = self.one(which)
        answer = self.wait(self.get(name, f"/referrals/{referral.id}"))
        side = referral.side_of(self.actor(name))
        assert answer.status_code == (200 if side else 404), answer.text
        if side:
            referral.looked_at(side)
            self.compare_view(referral, side, answer.json())

    @precondition(lambda self: self.made)
    @rule(which=any_one, name=people, basis=st.sampled_from(sorted(BASES, key=str)))
    def edit(self, which: int, name: str, basis: str | None) -> None:
        referral = self.one(which)
        client, headers = self.platform.client("referral", self.someone(name)), {"If-Match": f'"{referral.version}"'}
        change = {"legal_basis": BASES[basis]}
        answer = self.wait(client.patch(f"/referrals/{referral.id}", json=change, headers=headers))
        assert answer.status_code == referral.edited(self.actor(name), referral.version, basis), answer.text

    def go(self, referral: Referral, name: str, command: str, chance: Random) -> None:
        """A command that is offered; passing on makes another referral."""
        if command != "forward":
            self.give(referral, name, command)
        elif len(self.made) < 2 * MOST:
            self.pass_on(referral, name, chance.choice(("guidance", "advice")), chance.choice(("consent", "statute")))

    @precondition(lambda self: self.made)
    @rule(which=any_one, name=people, to=st.sampled_from(("guidance", "advice")))
    def forward(self, which: int, name: str, to: str) -> None:
        self.pass_on(self.one(which), name, to, "consent")

    def pass_on(self, referral: Referral, name: str, to: str, basis: str) -> None:
        """Passing a referral on, and the child that comes of it."""
        services = {
            "guidance": (self.town.guidance, self.town.kompassi),
            "advice": (self.town.advice, self.town.business),
        }
        service, organization = services[to]
        seen = {"id": referral.id, "version": referral.version}
        body = {"service_id": str(service), "legal_basis": BASES[basis]}
        answer = self.wait(at_work(self.platform, self.someone(name)).give("forward", seen, body))
        expected = referral.forwarded(self.actor(name), str(organization), referral.version)
        assert answer.status_code == expected, answer.text
        if expected == 201:
            self.given["forward"] += 1
            child = Referral(answer.json()["id"], referral.target, str(organization), basis, parent=referral)
            referral.children.append(child)
            child.created(send=True)
            self.made.append(child)
            self.compare_view(child, "source", answer.json())

    @precondition(lambda self: self.made)
    @rule(which=any_one, name=people, to_desk=st.booleans())
    def assign(self, which: int, name: str, to_desk: bool) -> None:
        referral = self.one(which)
        seen = {"id": referral.id, "version": referral.version}
        member = str(self.town.desk.id) if to_desk else None
        answer = self.wait(at_work(self.platform, self.someone(name)).give("assign", seen, {"member_id": member}))
        assert answer.status_code == referral.assigned_to(self.actor(name), member, referral.version), answer.text
        if answer.status_code == 200:
            assert answer.json()["assigned_member_id"] == member

    @precondition(lambda self: self.made)
    @rule(which=any_one, name=people)
    def write(self, which: int, name: str) -> None:
        referral = self.one(which)
        client = self.platform.client("referral", self.someone(name))
        answer = self.wait(client.post(f"/referrals/{referral.id}/messages", json={"text": "needs a ramp"}))
        assert answer.status_code == referral.written_to(self.actor(name)), answer.text

    def teardown(self) -> None:
        for name in PEOPLE:
            self.compare_lists(name)

    def compare_lists(self, name: str) -> None:
        """What `name` finds in the lists, against what exists for them."""
        who = self.actor(name)
        for query, holds in (("", None), ("?open=true", True), ("?open=false", False)):
            found = {row["id"]: row for row in self.wait(self.get(name, f"/referrals{query}")).json()["contents"]}
            mine = [each for each in self.made if each.side_of(who) and holds in (None, each.is_open())]
            assert set(found) == {each.id for each in mine}
            for each in mine:
                assert (found[each.id]["status"], found[each.id]["version"]) == (each.status, each.version)

    async def get(self, name: str, path: str) -> Any:
        """A GET as that member."""
        return await self.platform.client("referral", self.someone(name)).get(path)

    def compare_view(self, referral: Referral, side: str, shown: dict[str, Any]) -> None:
        """What a side was shown, against what it should have been."""
        knows = referral.knows_client(side)
        assert (shown["status"], shown["version"], shown["side"]) == (referral.status, referral.version, side)
        assert set(shown["commands"]) == referral.offers(side)
        assert (shown["client"] is not None) == knows
        assert (shown["reason"] is not None) == knows
        assert (shown["private_note"] is not None) == (side == "source" and referral.parent is None)
        assert (shown["legal_basis"] is not None) == ((knows or side == "source") and referral.basis is not None)
        moments = {
            "sent_at": referral.sent,
            "first_viewed_at": referral.viewed,
            "closed_at": referral.closed,
            "answer_seen_at": referral.answer_seen,
        }
        assert {name: shown[name] is not None for name in moments} == moments

    @invariant()
    def the_log_tells_what_happened_and_nothing_more(self) -> None:
        log = self.wait(self.platform.published("referral"))
        for referral in self.made:
            told = [_told(event) for event in log if event["subject"] == referral.id]
            assert told == [(each.event, each.sequence, each.status, each.side) for each in referral.log]
        assert len(log) == sum(len(referral.log) for referral in self.made)
        assert not any(secret in str(event) for event in log for secret in SECRETS)


def _told(event: dict[str, Any]) -> tuple[str, int, str, str | None]:
    state = event["data"].get("referral", event["data"])
    side = event["data"].get("side", state["by_side"])
    return event["type"].removeprefix("referral.").removesuffix(".v1"), event["sequence"], state["status"], side


async def test_the_service_does_what_its_model_does(platform: Platform) -> None:
    class OnThisPlatform(Comparison):
        loop = asyncio.get_running_loop()

    OnThisPlatform.platform = platform
    OnThisPlatform.given = Counter()
    chosen = settings(
        max_examples=25,
        stateful_step_count=40,
        deadline=None,  # the machine may be busy
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),  # shortening a story that differs takes minutes
    )
    await asyncio.to_thread(run_state_machine_as_test, OnThisPlatform, settings=chosen)
    assert set(OnThisPlatform.given) == set(EVENT_OF), "a command that never succeeded was not compared"
