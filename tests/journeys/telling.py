"""A program for the fork server: says what kind of process it is, then ends as it was told, or waits."""

import json
import os
import signal
import sys


def main() -> None:
    """Arguments: `exit CODE`, `signal NUMBER`, `raise` or `wait`."""
    facts = {
        "pid": os.getpid(),
        "session": os.getsid(0),
        "cwd": os.getcwd(),
        "arguments": sys.argv,
        "environment": dict(os.environ),
        "files": [os.readlink(f"/proc/self/fd/{number}") for number in range(3)],
        "ignored": [number for number in signal.valid_signals() if signal.getsignal(number) == signal.SIG_IGN],
    }
    print(json.dumps(facts))
    match sys.argv[1:]:
        case ["exit", code]:
            sys.exit(int(code))
        case ["signal", number]:
            os.kill(os.getpid(), int(number))
        case ["raise"]:
            raise RuntimeError("as it was told")
        case ["wait"]:
            signal.pause()
