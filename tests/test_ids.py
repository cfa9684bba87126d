"""Identifiers: no two alike, in whichever processes they are made."""

import subprocess
import sys
from pathlib import Path

_TWO_COPIES = """
import os
from shared.ids import new_id
new_id()  # what state there is, is there before the copies are made; an id's last 32 bits are nothing but random
for _ in range(2):
    if os.fork() == 0:
        print(*(new_id().hex[-8:] for _ in range(200)), flush=True)
        os._exit(0)
    os.wait()
"""


def test_copies_of_a_process_never_make_the_same_ids() -> None:
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run([sys.executable, "-c", _TWO_COPIES], cwd=root, capture_output=True, text=True, check=True)
    first, second = (set(line.split()) for line in done.stdout.splitlines())
    assert len(first) == len(second) == 200
    assert first & second == set()
