"""What creating and sending a referral costs the referral service's web process in processor time."""

import psutil

from bench.notices import Load
from luotsi.demo.platform import DemoPlatform

WARM_UP = 50


async def processor_ms(platform: DemoPlatform, load: Load, count: int) -> float:
    """Milliseconds of processor time a referral, of `count` that are sent one after the other."""
    process = web_process(platform, "referral")
    await load.one_by_one(WARM_UP)  # connections are opened and statements prepared
    before = sum(process.cpu_times()[:2])
    await load.one_by_one(count)
    return 1000 * (sum(process.cpu_times()[:2]) - before) / count


def web_process(platform: DemoPlatform, service: str) -> psutil.Process:
    """The process that answers for a service."""
    root = psutil.Process(platform.target.platform["pid"])
    return next(each for each in root.children(recursive=True) if f"{service}-web" in " ".join(each.cmdline()))
