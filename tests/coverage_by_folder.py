"""Prints what `make coverage` measured: lines and branches by folder, and what no test ran.

`python -m tests.coverage_by_folder REPORT` reads the report that `coverage json` writes.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

Report = dict[str, Any]


def by_folder(report: Report) -> dict[str, Counter[str]]:
    """Folder → `num_statements`, `covered_lines`, `num_branches` and `covered_branches` of the files in it."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, file in report["files"].items():
        for folder in (str(PurePosixPath(name).parent), "all"):
            found[folder].update({what: int(number) for what, number in file["summary"].items()})
    return dict(sorted(found.items(), key=lambda item: (item[0] == "all", item[0])))


def never_run(report: Report) -> Iterator[str]:
    """What no test ran, a line each. In a file: whole functions by name, then other lines, then jumps over lines."""
    for name, file in sorted(report["files"].items()):
        if file["missing_lines"] and not file["executed_lines"]:
            yield f"{name} (all of it)"
            continue
        functions = [one | {"name": function} for function, one in file["functions"].items()]
        never = [one for one in functions if one["name"] and one["missing_lines"] and not one["executed_lines"]]
        yield from (f"{name}:{one['start_line']} {one['name']}" for one in never)
        missing = set(file["missing_lines"])
        for first, last in _runs(
            file["executed_lines"], missing - {line for one in never for line in one["missing_lines"]}
        ):
            yield f"{name}:{first}" + (f"-{last}" if last > first else "")
        for start, end in sorted(file["missing_branches"]):
            if not {start, end} & missing:
                yield f"{name}:{start} never goes on " + (f"at line {end}" if end > 0 else "to the end of its function")


def _runs(executed: list[int], missing: set[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of those `missing` lines that no executed line stands between."""
    for is_missing, lines in groupby(sorted({*executed, *missing}), missing.__contains__):
        if is_missing:
            first, *others = lines
            yield first, (others or [first])[-1]


def table(report: Report) -> Iterator[str]:
    """The lines of the table."""
    folders = by_folder(report)
    width = max(map(len, folders))
    yield f"{'folder':{width}}  lines   run  branches   run"
    for folder, of in folders.items():
        lines = _share(of["covered_lines"], of["num_statements"])
        branches = _share(of["covered_branches"], of["num_branches"])
        yield f"{folder:{width}}  {of['num_statements']:5} {lines}  {of['num_branches']:8} {branches}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:5.0%}" if whole else "    -"


def main() -> None:
    """Print the report that is named on the command line."""
    report: Report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print("\n".join(["Never run:", *never_run(report), "", *table(report)]))


if __name__ == "__main__":
    main()
