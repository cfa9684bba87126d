"""What all recorded runs come to: how often each kind of fault was got over, how quickly, and what was found."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parent / "record.json"
PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
_TABLE: Final = re.compile(r"(?<=<!-- record -->\n).*?(?=<!-- end of record -->)", re.S)
KINDS: Final = ("lost", "doubled", "stuck", "wrong")


@dataclass
class Record:
    """`faults` by kind, `recoveries` in seconds where a run waited for them, and `found` by kind of finding."""

    runs: int = 0
    acknowledged: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    found: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, file: Path = FILE) -> "Record":
        """What was recorded so far; nothing where there is no file."""
        if not file.exists():
            return cls()
        kept = json.loads(file.read_text())
        return cls(**kept | {"faults": Counter(kept["faults"]), "found": Counter(kept["found"])})

    def add(
        self,
        faults: Counter[str],
        recoveries: Sequence[tuple[float, str]],
        found: Counter[str],
        acknowledged: int,
    ) -> None:
        """One run more."""
        self.runs += 1
        self.acknowledged += acknowledged
        self.faults += faults
        self.found += found
        for seconds, kind in recoveries:
            self.recoveries.setdefault(kind, []).append(round(seconds, 1))

    def write(self, file: Path = FILE, page: Path = PAGE) -> None:
        """Keep it, and put the totals into the page."""
        kept = {each.name: getattr(self, each.name) for each in fields(self)}
        file.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
        page.write_text(_TABLE.sub(lambda _: self.as_text(), page.read_text()))

    def as_text(self) -> str:
        """The totals as they stand in the page."""
        found = " / ".join(f"{self.found[kind]} {kind}" for kind in KINDS)
        lines = [
            f"{self.runs} runs, {self.faults.total()} faults, {self.acknowledged} acknowledged commands: {found}.",
            "",
            "| fault | how often | recoveries looked at | median | p99 |",
            "|---|---|---|---|---|",
        ]
        for kind, times in sorted(self.faults.items()):
            seconds = self.recoveries.get(kind, [])
            figures = f"{percentile(seconds, 50):.1f} s | {percentile(seconds, 99):.1f} s" if seconds else "none | none"
            lines.append(f"| {kind} | {times} | {len(seconds)} | {figures} |")
        return "\n".join(lines) + "\n"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that at least so many percent of them do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
