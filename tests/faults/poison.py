"""What was put onto the streams that no consumer can take, and where it turned up."""

from dataclasses import dataclass, field
from typing import Final

MARK: Final = b"poison"
COPIED: Final = b"copied"
REPLAYED: Final = b"replayed"
MARKS: Final = frozenset({MARK, COPIED, REPLAYED})
"""What entries carry, beside all else, that no relay has put onto a stream."""


@dataclass
class Poison:
    """What was injected: mark → its stream; for which groups it is poison; and where it turned up as a dead letter."""

    injected: dict[str, str] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    may_be_gone: set[str] = field(default_factory=set)
    dead: set[tuple[str, str]] = field(default_factory=set)
    strangers: list[str] = field(default_factory=list)
