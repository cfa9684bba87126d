"""Dead letters: all the poison, and nothing but the poison."""

from collections.abc import Iterator

from tests.faults.checks.expectations import Finding
from tests.faults.poison import Poison


def check_dead_letters(poison: Poison) -> Iterator[Finding]:
    """Each injected entry is a dead letter of each group that cannot take it, or was forgotten by the server before."""
    for mark, stream in poison.injected.items():
        for group in poison.groups[mark]:
            if (mark, group) not in poison.dead and mark not in poison.may_be_gone:
                yield Finding("lost", f"poison {mark} of {stream} is no dead letter of {group}")
    for stranger in poison.strangers:
        yield Finding("wrong", f"a dead letter that nobody poisoned: {stranger[:300]}")
