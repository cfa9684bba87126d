"""The picture of who refers to whom: two columns of organisations, and bands between them as wide as what went there.

Plain geometry in the units of an SVG's view box; the template draws it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

WIDTH: Final = 760
_NAME_WIDTH: Final = 220
_NODE_WIDTH: Final = 12
_HEIGHT: Final = 320
"""Of all bands together, where nothing is in between"""
_WIDEST_OF_ONE: Final = 12
"""A band of one referral is no wider, so that a few do not fill the picture"""
_LEAST_SLOT: Final = 44
_LINE: Final = 17
_NARROWEST: Final = 1.5
MOST_NODES: Final = 8
_LETTERS: Final = 28
_LEFT: Final = _NAME_WIDTH + 8
_RIGHT: Final = WIDTH - _NAME_WIDTH - 8 - _NODE_WIDTH


@dataclass(frozen=True)
class Label:
    """One line of a name."""

    text: str
    x: float
    y: float


@dataclass(frozen=True)
class Node:
    """An organisation: a bar at (x, y), and its name in lines, anchored at `start` or `end`."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[Label, ...]
    anchor: str


@dataclass(frozen=True)
class Band:
    """What went from one organisation to another: the middle of the band as a path, and how wide it is."""

    path: str
    width: float


@dataclass(frozen=True)
class Flow:
    """The whole picture."""

    height: float
    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]
    width: float = WIDTH


def draw(sent: Mapping[tuple[str, str], int], others: str) -> Flow:
    """The picture of how many went from one name to another. Names beyond the largest are put together as `others`."""
    total = sum(sent.values())
    if not total:
        return Flow(0, (), ())
    sources = _largest(((source, number) for (source, _), number in sent.items()), others)
    targets = _largest(((target, number) for (_, target), number in sent.items()), others)
    joined: Counter[tuple[str, str]] = Counter()
    for (source, target), number in sent.items():
        joined[source if source in sources else others, target if target in targets else others] += number
    scale = min(_HEIGHT / total, _WIDEST_OF_ONE)
    left, right = _column(sources, scale), _column(targets, scale)
    nodes = [_node(name, left[name], sources[name] * scale, on_left=True) for name in sources]
    nodes += [_node(name, right[name], targets[name] * scale, on_left=False) for name in targets]
    height = max(_end(left, sources, scale), _end(right, targets, scale))
    return Flow(height, tuple(nodes), tuple(_bands(joined, left, right, scale)))


def _largest(numbers: Iterable[tuple[str, int]], others: str) -> dict[str, int]:
    """Name → number, the largest first; what is beyond the most that are shown comes last, as one."""
    counted: Counter[str] = Counter()
    for name, number in numbers:
        counted[name] += number
    shown = dict(counted.most_common(MOST_NODES if len(counted) <= MOST_NODES else MOST_NODES - 1))
    rest = counted.total() - sum(shown.values())
    return shown | ({others: shown.get(others, 0) + rest} if rest else {})


def _slot(number: int, scale: float) -> float:
    return max(number * scale, _LEAST_SLOT)


def _column(numbers: Mapping[str, int], scale: float) -> dict[str, float]:
    """Where the bar of each name begins."""
    at, found = 0.0, {}
    for name, number in numbers.items():
        slot = _slot(number, scale)
        found[name] = at + (slot - number * scale) / 2
        at += slot + 8
    return found


def _end(column: Mapping[str, float], numbers: Mapping[str, int], scale: float) -> float:
    return sum(_slot(number, scale) + 8 for number in numbers.values()) if column else 0


def _node(name: str, y: float, height: float, *, on_left: bool) -> Node:
    x, at = (_LEFT, _LEFT - 8) if on_left else (_RIGHT, _RIGHT + _NODE_WIDTH + 8)
    lines = wrap(name, _LETTERS, max_lines=2, placeholder=" …") or [name]
    first = y + height / 2 - (len(lines) - 1) * _LINE / 2 + 5
    labels = tuple(Label(line, at, round(first + number * _LINE, 1)) for number, line in enumerate(lines))
    return Node(x, round(y, 1), _NODE_WIDTH, round(max(height, _NARROWEST), 1), labels, "end" if on_left else "start")


def _bands(
    joined: Mapping[tuple[str, str], int], left: Mapping[str, float], right: Mapping[str, float], scale: float
) -> Iterable[Band]:
    """The bands in the order of their ends, so that few cross; each takes its share of both bars."""
    leaves, arrives = dict(left), dict(right)
    middle = (_LEFT + _NODE_WIDTH + _RIGHT) / 2
    for (source, target), number in sorted(joined.items(), key=lambda each: (left[each[0][0]], right[each[0][1]])):
        width = number * scale
        begin, end = leaves[source] + width / 2, arrives[target] + width / 2
        leaves[source] += width
        arrives[target] += width
        path = f"M{_LEFT + _NODE_WIDTH} {begin:.1f}C{middle:.0f} {begin:.1f} {middle:.0f} {end:.1f} {_RIGHT} {end:.1f}"
        yield Band(path, round(max(width, _NARROWEST), 1))
