"""What was measured, as tables beside the targets, and as one JSON document."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.notices import Samples
from bench.path import Result, Setup
from bench.peers import PEERS
from bench.platform import Memory

OWN, MINIMUM = "backbone", "minimum"
Runs = dict[Setup, list[Result | None]]
"""One result a round for each setup; None where it did not finish."""


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which `share` of all lie; nan without any."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def ratio(runs: Runs, setup: Setup, other: Setup) -> float | None:
    """Median over the rounds of how much quicker `setup` was than `other` in the same round."""
    pairs = zip(runs.get(setup, []), runs.get(other, []), strict=True)
    quotients = [own.rate / its.rate for own, its in pairs if own and its]
    return median(quotients) if quotients else None


def path_table(runs: Runs) -> Table:
    """The event path: a line per contender and shape."""
    table = _table("Outbox to committed effect", "workers", "batch", "contender", "events/s", "CPU µs/event", "rounds")
    table.add_column("Luotsi is", justify="right")
    for setup in sorted(runs, key=lambda setup: (setup.workers, -(setup.batch or 0), setup.contender)):
        done = [result for result in runs[setup] if result]
        rate = f"{median(result.rate for result in done):,.0f}" if done else "-"
        cost = f"{median(result.cpu_us for result in done):,.0f}" if done else "-"
        own = Setup(OWN, setup.workers, setup.batch or 100)
        times = ratio(runs, own, setup) if setup.contender != OWN else None
        shape = (str(setup.workers), str(setup.batch or "one by one"), setup.contender)
        table.add_row(*shape, rate, cost, f"{len(done)}/{len(runs[setup])}", f"{times:.2f} x" if times else "")
    return table


def notice_table(samples: dict[int, list[Samples]]) -> Table:
    """Send to notice: a line per rate."""
    table = _table("Sent to notice in the desk's inbox, ms", "a second", "p50", "p99", "p50 of rounds", "answer p50")
    table.add_column("notices / missing / unanswered / refused", justify="right")
    for rate, rounds in samples.items():
        all_of_it = [ms for each in rounds for ms in each.notice_ms]
        answers = [ms for each in rounds for ms in each.answer_ms]
        halves = [quantile(each.notice_ms, 0.5) for each in rounds]
        lost, unanswered = sum(each.lost for each in rounds), sum(each.unanswered for each in rounds)
        refused: Counter[int] = sum((Counter(each.refused) for each in rounds), Counter())
        by_status = ", ".join(f"{count} x {status}" for status, count in sorted(refused.items())) or "0"
        figures = [quantile(all_of_it, 0.5), quantile(all_of_it, 0.99), median(halves), quantile(answers, 0.5)]
        table.add_row(
            str(rate), *(f"{ms:.1f}" for ms in figures), f"{len(all_of_it)} / {lost} / {unanswered} / {by_status}"
        )
    return table


def target_table(
    runs: Runs,
    samples: dict[int, list[Samples]],
    starts: Sequence[tuple[float, Memory, float]],
    costs: Sequence[float],
) -> Table:
    """Each target beside what was measured, as far as it was."""
    table = _table("Targets", "what", "target", "measured")
    shapes = sorted(
        {(setup.batch, setup.workers) for setup in runs if setup.batch}, key=lambda shape: (-shape[0], shape[1])
    )
    for batch, workers in shapes:
        its = ratio(runs, Setup(OWN, workers, batch), Setup(MINIMUM, workers, batch))
        table.add_row(f"of the minimum, batch {batch}, {workers} workers", "≥ 0.7", f"{its:.2f}" if its else "-")
    for workers in sorted({setup.workers for setup in runs}):
        found = {peer: ratio(runs, Setup(OWN, workers, 100), Setup(peer, workers)) for peer in PEERS}
        times = min((value, peer) for peer, value in found.items() if value) if any(found.values()) else None
        measured = f"{times[0]:.1f} x {times[1]}" if times else "-"
        table.add_row(f"times the best peer, {workers} workers", "≥ 5", measured)
    if 50 in samples:
        all_of_it = [ms for each in samples[50] for ms in each.notice_ms]
        for share, limit in ((0.5, 40), (0.99, 150)):
            name = f"notice p{100 * share:.0f} at 50/s"
            table.add_row(name, f"≤ {limit} ms", f"{quantile(all_of_it, share):.1f} ms")
    if costs:
        # Its target is a ratio: no more than 1.15 times what the version before took, in turns on one machine.
        table.add_row("processor time of creating a referral", "", f"{median(costs):.2f} ms")
    if starts:
        table.add_row("start until ready", "≤ 8 s", f"{median(seconds for seconds, _, _ in starts):.1f} s")
        # RSS has no target: it counts a page that forks share once for each of them.
        for kind, target in (("pss", "≤ 900 MB"), ("rss", "")):
            held = median(getattr(memory, kind) for _, memory, _ in starts)
            table.add_row(f"resident, sum of {kind.upper()}", target, f"{held * 1.048576:.0f} MB")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1))
    for column in columns:
        table.add_column(column, justify="left" if column in ("contender", "what") else "right")
    return table


def as_document(
    machine: dict[str, Any],
    runs: Runs,
    samples: dict[int, list[Samples]],
    starts: Sequence[tuple[float, Memory, float]],
    costs: Sequence[float],
) -> dict[str, Any]:
    """Everything, round by round."""
    return {
        "machine": machine,
        "path": [asdict(setup) | {"runs": [each and asdict(each) for each in runs[setup]]} for setup in runs],
        "creation": list(costs),
        "notices": [asdict(each) for rounds in samples.values() for each in rounds],
        "starts": [{"seconds": seconds, **asdict(memory), "load": load} for seconds, memory, load in starts],
    }


def show(console: Console, *tables: Table) -> None:
    """Print the tables."""
    for table in tables:
        console.print(table)
        console.print()
