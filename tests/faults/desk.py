"""What a desk does with many referrals at once."""

import random
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from tests.contract import EVENT_OF
from tests.faults.people import JSON, Somebody

_AT_MOST: Final = 4
_TOO_LATE: Final = 0.5
"""How often one of them is answered on the version before."""


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
        key = str(uuid4())
        answer = await who.insist("referral", "POST", "/referrals/bulk", body, Idempotency_Key=key)
        if answer.status_code != 200:
            who.ledger.contradictions.append(f"many answers at once were refused with {answer.text[:200]}")
            return
        for one, result in zip(chosen, answer.json()["contents"], strict=True):
            self._judge(who, command, one, given[one["id"]], result)
        if self._lot.random() < 0.3:
            again = await who.insist("referral", "POST", "/referrals/bulk", body, Idempotency_Key=key)
            if again.text != answer.text:
                told = f"{answer.text[:200]} and with {again.text[:200]}"
                who.ledger.contradictions.append(f"many answers under key {key} were answered with {told}")

    def _judge(self, who: Somebody, command: str, referral: JSON, given: int, result: dict[str, Any]) -> None:
        if result["id"] != referral["id"]:
            who.ledger.contradictions.append(f"answered {result['id']} where {referral['id']} was asked for")
        elif result["status"] != 200:
            who.ledger.refused[f"{command} among many {result['status']}"] += 1
        elif given != referral["version"]:
            who.ledger.contradictions.append(f"{command} of {referral['id']} was carried out on version {given}")
        else:
            self._promise(who, referral, EVENT_OF[command], result["version"])
