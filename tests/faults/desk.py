"""What a desk does with many referrals at once."""

import random
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from tests.contract import EVENT_OF
from tests.faults.ledger import Answers
from tests.faults.people import JSON, Somebody

_AT_MOST: Final = 4
_TOO_LATE: Final = 0.5
"""How often one of them is answered on the version before."""
_AGAIN: Final = 0.3
"""How often the same is sent once more after it was answered."""


class Desk:
    """`promise` writes down who was told that what happened to which referral, and its version then."""

    def __init__(self, lot: random.Random, promise: Callable[[Somebody, JSON, str, int], None]) -> None:
        self._lot = lot
        self._promise = promise

    async def answer_many(self, who: Somebody) -> None:
        """Accept or decline some that wait, with one key however often it takes, and perhaps once more with it."""
        listed = await who.ask("referral", "GET", "/referrals?box=received&open=true&limit=20")
        found = listed.json()["contents"] if listed.status_code == 200 else []
        waiting = [referral for referral in found if referral["status"] == "requested"]
        if not waiting:
            return
        command = self._lot.choice(("accept", "accept", "decline"))
        chosen = self._lot.sample(waiting, min(len(waiting), _AT_MOST))
        given = {one["id"]: one["version"] - (self._lot.random() < _TOO_LATE) for one in chosen}
        body: JSON = {"command": command, "referrals": [{"id": key, "version": given[key]} for key in given]}
        if command == "decline":
            body["reason"] = {"code": "no_capacity"}
        names = {"Idempotency_Key": str(uuid4()), "X_Correlation_ID": str(uuid4())}
        answer = await who.insist("referral", "POST", "/referrals/bulk", body, **names)
        if answer.status_code != 200:
            who.ledger.contradictions.append(f"many answers at once were refused with {answer.text[:200]}")
            return
        results = answer.json()["contents"]
        for one, result in zip(chosen, results, strict=True):
            self._judge(who, command, one, given[one["id"]], result)
        who.ledger.answers.append(_written_down(names["X_Correlation_ID"], command, results))
        if self._lot.random() < _AGAIN:
            again = await who.insist("referral", "POST", "/referrals/bulk", body, **names)
            if again.text != answer.text:
                told = f"{answer.text[:200]} and with {again.text[:200]}"
                who.ledger.contradictions.append(f"one request for many was answered with {told}")

    def _judge(self, who: Somebody, command: str, referral: JSON, given: int, result: dict[str, Any]) -> None:
        """Nothing but somebody who was quicker, and so another version, is a reason to refuse one of them."""
        if result["id"] != referral["id"]:
            who.ledger.contradictions.append(f"answered {result['id']} where {referral['id']} was asked for")
        elif result["status"] != 200:
            who.ledger.refused[f"{command} among many {result['status']}"] += 1
            if result["status"] != 412 or result["version"] == given:
                told = f"{result['status']} in version {result['version']}"
                who.ledger.contradictions.append(
                    f"{command} of {referral['id']} on version {given} was refused: {told}"
                )
        elif given != referral["version"]:
            who.ledger.contradictions.append(f"{command} of {referral['id']} was carried out on version {given}")
        else:
            self._promise(who, referral, EVENT_OF[command], result["version"])


def _written_down(correlation: str, command: str, results: list[dict[str, Any]]) -> Answers:
    done = frozenset((each["id"], each["version"]) for each in results if each["status"] == 200)
    refused = frozenset(each["id"] for each in results if each["status"] != 200)
    return Answers(correlation, f"referral.{EVENT_OF[command]}.v1", done, refused)
