"""How soon the platform has to be over each kind of fault, and why so."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from tests.faults.fault_injectors.surroundings import JUMP_SECONDS
from tests.faults.injection_points import POINTS
from tests.faults.process import MIN_IDLE


class Bound(NamedTuple):
    """Seconds that something takes by its own limits, on a machine that does everything else in no time."""

    seconds: float
    reason: str


_AT_ONCE: Final = Bound(2, "nothing has to be waited for but the next look, each second")
_AGAIN: Final = Bound(11, "a process starts again after 5 s at most, and the lease of the one before lasts 6 s")
_NAMED: Final = Bound(20, "a name that two processes want is used 10 s after it is free, twice here")
_TAKEN_UP: Final = Bound(
    2 + MIN_IDLE.total_seconds(),
    "what was in hand is taken up after the janitor's wait, which here is 10 s, and it looks every 2 s",
)
_NO_ANSWER: Final = Bound(
    5 + _TAKEN_UP.seconds, "an answer of the streams is waited for 5 s; then what was in hand is taken up, after 12 s"
)
_VANISHED: Final = Bound(
    45, "an answer of a database is waited for 20 s, and it keeps the locks of whoever vanished for 25 s"
)
_AHEAD: Final = Bound(JUMP_SECONDS, "what somebody has claimed whose clock was ahead is free so much later")

BOUNDS: Final[Mapping[str, Bound]] = {
    "kill_some_process": _AGAIN,
    "kill_all_services": _AGAIN,
    "ask_worker_to_stop": _AGAIN,
    "freeze_worker": _TAKEN_UP,
    "freeze_all_workers": _TAKEN_UP,
    "scale_out_and_in": _TAKEN_UP,
    "two_versions": _AGAIN,
    "two_of_one_name": _NAMED,
    "cut_one_worker_off": _TAKEN_UP,
    "roll_from_former": _AGAIN,
    "kill_valkey": _TAKEN_UP,
    "restart_valkey": _TAKEN_UP,
    "stall_valkey": _NO_ANSWER,
    "flush_valkey": _TAKEN_UP,
    "destroy_group": _TAKEN_UP,
    "delete_stream": _TAKEN_UP,
    "turn_read_only": _TAKEN_UP,
    "demand_replicas": _TAKEN_UP,
    "run_out_of_memory": _TAKEN_UP,
    "cut_file": _TAKEN_UP,
    "replace_by_empty": _TAKEN_UP,
    "send_copies": _AT_ONCE,
    "reverse_order": _TAKEN_UP,
    "poison": _AT_ONCE,
    "tell_states_in_disorder": _AT_ONCE,
    "fill_valkey_disk": _TAKEN_UP,
    "cut_power": _TAKEN_UP,
    "slow_syncs": _TAKEN_UP,
    "kill_postgres": _AGAIN,
    "restart_postgres": _AGAIN,
    "drop_connections": _TAKEN_UP,
    "take_all_connections": _TAKEN_UP,
    "slow_wire": _TAKEN_UP,
    "cut_wire": _TAKEN_UP,
    "half_open_valkey": _NO_ANSWER,
    "half_open_postgres": _VANISHED,
    "let_answers_be_overdue": _AT_ONCE,
    "jump_clocks": _AHEAD,
    "step_database_clock": _TAKEN_UP,
    "close_mail_server": _AT_ONCE,
    "expire_certificate": _AT_ONCE,
    "fill_postgres_disk": _AGAIN,
    "fill_mail_disk": _AGAIN,
    "restore_referral": _VANISHED,
    "restore_catalog": _VANISHED,
    "restore_notifications": _VANISHED,
    "restore_portal": _VANISHED,
    "promote_standby": _VANISHED,
    "long_outage": _AGAIN,
    **{f"killed {point}": _AGAIN for point in POINTS},
}

SLACK: Final = 60.0
FACTOR: Final = 20.0
MOST: Final = 240.0


def deadline_after(kind: str, undisturbed: float) -> float:
    """Seconds after the end of a fault within which all has to be over it.

    Its bound, a minute for what other work on the machine takes, and more where the machine is slow: `undisturbed` is
    what everything takes there in this very run while nothing is wrong. Four minutes at most.
    """
    return min(BOUNDS[kind].seconds + SLACK + FACTOR * undisturbed, MOST)
