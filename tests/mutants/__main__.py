"""`make mutants`: each planted mistake is to be noticed, by name and in time; exit status 0 when all are."""

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from tests.mutants.planting import DoesNotApply, FaultRun, Mutant, NamedTests, read_all, select, write_seen
from tests.mutants.trying import Verdict, copy_of_the_tree, run, try_out

_START_SECONDS: Final = 240.0
"""How long it may take, on a busy machine, until servers for tests have started, and have ended."""


def main() -> None:
    """Read the arguments, try, report."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="those with this word in their name or sentence")
    parser.add_argument("--by", choices=("tests", "faults"), default="", help="what tests, or fault runs, must notice")
    parser.add_argument("--part", type=_part, default=(1, 1), help="a share of them: 2/4")
    parser.add_argument("--record", action="store_true", help="write down when each was noticed, and after how long")
    parser.add_argument("--list", action="store_true", help="say which there are, and try none")
    asked = parser.parse_args()
    mutants = select(read_all(), asked.only, asked.by, asked.part)
    if not mutants:
        sys.exit("there is no such mistake: --list names them")
    if asked.list:
        for mutant in mutants:
            print(f"{mutant.name:42} {mutant.breaks}")
            for way in mutant.noticed_by:
                print(f"{'':42} by {_by(way)}: {way.seen or 'not seen yet'}")
        return
    sys.exit(0 if _sound(mutants) and _try_all(mutants, record=asked.record) else 1)


def _sound(mutants: list[Mutant]) -> bool:
    """Whether the tests are green without any mistake: else their failing would say nothing."""
    ids = sorted(
        {each for mutant in mutants for way in mutant.noticed_by if isinstance(way, NamedTests) for each in way.ids}
    )
    if not ids:
        return True
    with copy_of_the_tree() as root:
        verdict = run(NamedTests(tuple(ids), _START_SECONDS + 30.0 * len(ids)), root)
    well = verdict.what == "survived"
    print(f"without any mistake: {'green' if well else verdict.what} after {verdict.seconds:.0f} s: {verdict.said}")
    return well


def _try_all(mutants: list[Mutant], *, record: bool) -> bool:
    counted: Counter[str] = Counter()
    slowest = (0.0, "none")
    for mutant in mutants:
        try:
            for way, verdict in try_out(mutant):
                _show(mutant, way, verdict)
                counted[verdict.what] += 1
                if verdict.what == "noticed":
                    slowest = max(slowest, (verdict.seconds, mutant.name))
                    if record:
                        write_seen(mutant, way, f"{datetime.now(UTC):%Y-%m-%d}, after {verdict.seconds:.0f} s")
        except DoesNotApply as error:
            counted["do not apply"] += 1
            print(f"{'does not apply':11} {mutant.name}: {error}", flush=True)
    figures = ", ".join(
        f"{counted[what]} {what}" for what in ("noticed", "survived", "hung", "no verdict", "do not apply")
    )
    print(f"{len(mutants)} mistakes planted: {figures}; the slowest notice took {slowest[0]:.0f} s ({slowest[1]})")
    return set(counted) == {"noticed"}


def _show(mutant: Mutant, way: NamedTests | FaultRun, verdict: Verdict) -> None:
    print(
        f"{verdict.what:11} {mutant.name} ({_by(way)}, {verdict.seconds:.0f} of {way.within:.0f} s): {verdict.said}",
        flush=True,
    )
    if verdict.what != "noticed":
        print(f"{'':11} {mutant.breaks}", flush=True)


def _by(way: NamedTests | FaultRun) -> str:
    return "faults" if isinstance(way, FaultRun) else "tests"


def _part(given: str) -> tuple[int, int]:
    number, _, parts = given.partition("/")
    try:
        found = (int(number), int(parts))
    except ValueError:
        raise argparse.ArgumentTypeError("say which part of how many: 2/4") from None
    if not 1 <= found[0] <= found[1]:
        raise argparse.ArgumentTypeError("parts are counted from 1 to how many there are: 2/4")
    return found


if __name__ == "__main__":
    main()
