"""What was measured, as one table: a line a route or job, the sizes side by side."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from rich.table import Table

from bench.growth.costs import Cost

Costs = dict[str, dict[int, Cost]]
"""By name, by the number of referrals."""


def table(costs: Costs, sizes: Sequence[int]) -> Table:
    """Medians in milliseconds, and how much the largest size takes of the smallest in processor time."""
    made = Table(title="p50, ms", title_justify="left", box=None, padding=(0, 1))
    made.add_column("what")
    for size in sizes:
        for head in (f"{size:,}: processor", "wall", "held"):
            made.add_column(head, justify="right")
    made.add_column("times", justify="right")
    for name, by_size in costs.items():
        cells = [cell for size in sizes for cell in _cells(by_size.get(size))]
        made.add_row(name, *cells, _growth(by_size, sizes))
    return made


def _cells(cost: Cost | None) -> tuple[str, str, str]:
    if cost is None or not cost.waited:
        return "-", "-", "-"
    wall = f"{median(cost.waited):,.1f}"
    return f"{cost.processor:,.1f}", f"{wall} ({cost.failed})" if cost.failed else wall, f"{cost.held:,.1f}"


def _growth(by_size: Mapping[int, Cost], sizes: Sequence[int]) -> str:
    least, most = by_size.get(sizes[0]), by_size.get(sizes[-1])
    if not (least and most and least.processor) or least.failed or most.failed:
        return "-"
    return f"{most.processor / least.processor:.2f}"


def as_document(machine: dict[str, Any], costs: Costs) -> dict[str, Any]:
    """Everything, sample by sample."""
    return {
        "machine": machine,
        "costs": {name: {str(size): vars(cost) for size, cost in found.items()} for name, found in costs.items()},
    }
