"""`python -m bench.filling --data DIR 100000`: fill the platform that runs in a directory, to look at it when large."""

import argparse
import asyncio
import time
from pathlib import Path

from bench.filling import Size, fill
from luotsi.platform.referral_work import vault
from luotsi.platform.target import find_target
from shared.services import service_names


def main() -> None:
    """Fill, and say how long it took and whom a token may be asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.filling", description=__doc__)
    parser.add_argument("referrals", type=int)
    parser.add_argument("--data", type=Path, default=Path(".luotsi"), help="data directory of a running platform")
    parser.add_argument("--organizations", type=int, default=500)
    parser.add_argument("--services", type=int, default=10_000, help="all together; a multiple of the organisations")
    parser.add_argument(
        "--lean", action="store_true", help="logs of events with the newest event of each referral only"
    )
    asked = parser.parse_args()
    target, begun = find_target(asked.data), time.monotonic()
    size = Size(asked.referrals, asked.organizations, asked.services, lean=asked.lean)
    owners = {service: target.owner_url(service) for service in service_names()}
    asyncio.run(fill(owners, size, vault(target)))
    print(
        f"filled in {time.monotonic() - begun:.0f} s. Whom `luotsi token` knows now: adviser1@o0.example refers much,"
    )
    print(
        "recipient3@o1.example is the desk that gets it, recipient4@o2.example a quieter one; coordinator5@o0.example"
    )


if __name__ == "__main__":
    main()
