"""What a run came to: it is told, its figures last, and may be recorded."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checks.expectations import Finding
from tests.faults.checks.watch import Watch
from tests.faults.ledger import Ledger
from tests.faults.record import Record, percentile
from tests.faults.schedule import Course

_SHOWN = 12
ENOUGH = 5
"""How often a named moment is to be hit in a run."""


@dataclass
class Outcome:
    """What a run came to."""

    course: Course
    ledger: Ledger
    hits: dict[str, int]
    findings: list[Finding]
    watch: Watch
    rest: float = 0.0
    needs_points: tuple[str, ...] = ()
    figures: dict[str, int] = field(default_factory=dict)
    overlooked: list[str] | None = None
    """Lies that no check has found, where any were told."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Kinds of fault that this machine cannot do, and why."""

    @property
    def never_hit(self) -> list[str]:
        """Named moments that nobody came to."""
        return [point for point in self.needs_points if not self.hits[point]]

    @property
    def not_measured(self) -> list[str]:
        """Kinds of fault of which no recovery was seen to its end."""
        return sorted(self.course.disturbances.begun - {name for _, name in self.course.recoveries})

    @property
    def well(self) -> bool:
        """Whether every promise was kept, and everything was tried; where lies were told, whether all were found."""
        if self.overlooked is not None:
            return not self.overlooked
        missing = self.course.never or self.never_hit or self.not_measured
        return self.watch.looks > 0 and not (self.findings or self.course.stuck or missing)

    def show(self) -> None:
        """Print it, the figures last."""
        for point, count in self.hits.items():
            print(f"  killed {count:3} times: {point}")
        for name, count in sorted(self.course.done.items()):
            print(f"  done   {count:3} times: {name}")
        kept = Counter(promise.event_type for promise in self.ledger.promises)
        print("  acknowledged: " + ", ".join(f"{count} {name}" for name, count in kept.most_common()))
        for answer, count in self.ledger.refused.most_common():
            print(f"  not acknowledged {count:5}: {answer}")
        print("  " + ", ".join(f"{count} {name}" for name, count in self.figures.items()))
        broken_off = f"{self.watch.broken_off} times broken off {self.watch.broken_off_by}".rstrip()
        print(f"  looked {self.watch.looks} times at everything meanwhile, {broken_off}")
        self._show_findings()
        for name, why in self.left_out.items():
            print(f"  left out: {name}, for {why}")
        print(f"  undisturbed, all was dealt with everywhere after {self.course.disturbances.undisturbed:.1f} s")
        print(self._last_line())

    def _show_findings(self) -> None:
        for finding in self.findings[:_SHOWN]:
            print(f"  {finding.kind}: {finding.what}")
        if len(self.findings) > _SHOWN:
            print(f"  and {len(self.findings) - _SHOWN} more")
        for lie in self.overlooked or ():
            print(f"  nobody has found that {lie}")
        for name in (*self.course.stuck, *self.course.never):
            print(f"  {name}")
        for point in self.never_hit:
            print(f"  never hit: {point}")
        if self.not_measured:
            print(f"  no recovery was seen to its end: {', '.join(self.not_measured)}")
        if seldom := [f"{point} ({self.hits[point]})" for point in self.needs_points if self.hits[point] < ENOUGH]:
            print(f"  hit fewer than {ENOUGH} times: {', '.join(seldom)}")

    def record(self) -> None:
        """Add the run to the record of all."""
        record = Record.read()
        faults = self.course.done + Counter({f"killed {point}": count for point, count in self.hits.items()})
        found = Counter(finding.kind for finding in self.findings) + Counter(stuck=len(self.course.stuck))
        record.add(faults, self.course.recoveries, found, len(self.ledger.promises))
        record.write()

    def _last_line(self) -> str:
        kinds = Counter(finding.kind for finding in self.findings)
        longest, after = max(self.course.recoveries, default=(0.0, "nothing"))
        faults = sum(self.course.done.values()) + sum(self.hits.values())
        return (
            f"{self._verdict}: {faults} faults injected, "
            f"{len(self.ledger.promises)} commands acknowledged, "
            f"{kinds['lost']} lost, {kinds['doubled']} doubled, {kinds['stuck'] + len(self.course.stuck)} stuck, "
            f"{kinds['wrong']} wrong, {self.watch.looks} looks meanwhile, "
            f"longest recovery {longest:.1f} s ({after}), at rest after {self.rest:.1f} s, "
            f"p99 of the recoveries of each kind (in s, and its bound): {', '.join(self._recoveries()) or 'none'}"
        )

    @property
    def _verdict(self) -> str:
        if self.overlooked is not None:
            return "EVERY LIE FOUND" if self.well else "LIES OVERLOOKED"
        return "KEPT" if self.well else "BROKEN"

    def _recoveries(self) -> Iterator[str]:
        by_kind: dict[str, list[float]] = {}
        for seconds, name in self.course.recoveries:
            by_kind.setdefault(name, []).append(seconds)
        for name, recoveries in sorted(by_kind.items()):
            yield f"{name} {percentile(recoveries, 99):.1f} ({self.course.disturbances.limit(name):.0f})"

    def keep(self, root: Path, folder: Path) -> None:
        """Leave the logs and the ledger where somebody can look at them."""
        shutil.copytree(root / "logs", folder, dirs_exist_ok=True)
        self.ledger.save(folder / "ledger.jsonl")
        (folder / "findings.txt").write_text("".join(f"{one.kind}: {one.what}\n" for one in self.findings))
