"""A process that has loaded one contender and forks a worker per line of standard input.

So that a run begins with workers that only have to connect, and imports are measured where they belong.
Each line is a JSON object: `role` (relay or consume) and what the contender's function of that name is given.
"""

import importlib
import json
import os
import sys
import traceback


def main() -> None:
    """`python -m bench.host MODULE`; answers each line with the worker's process id."""
    module = importlib.import_module(f"bench.{sys.argv[1]}")
    children: list[int] = []
    print("loaded", flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        if task["role"] == "reap":
            for child in children:
                os.waitpid(child, 0)
            children.clear()
            print("reaped", flush=True)
            continue
        child = os.fork()
        if child == 0:
            try:
                getattr(module, task["role"])(task)
            except BaseException:
                traceback.print_exc()
            os._exit(1)
        children.append(child)
        print(child, flush=True)


if __name__ == "__main__":
    main()
