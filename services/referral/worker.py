"""The worker process of the referral service."""

from services.referral.clockwork import Clockwork
from services.referral.consumers import Learning
from services.referral.fact_keeper import FactKeeper
from services.referral.sealer import Sealer
from services.referral.settings import ReferralSettings, vault_of
from shared.clock import Clock, utc_now
from shared.db import Database
from shared.outbox import Outbox
from shared.settings import from_environment
from shared.worker import Worker, run


def build_worker(settings: ReferralSettings, clock: Clock = utc_now) -> Worker:
    """The worker; `clock` may be moved by tests."""
    vault = vault_of(settings)
    outbox = Outbox("referral", settings.epoch)
    learning = Learning(outbox, vault, clock)
    database = Database(settings.database_url.get_secret_value(), pool_size=5)
    clockwork = Clockwork(database, outbox, vault, clock)
    keeper = FactKeeper(database, outbox, vault, settings.worker_name, clock)
    sealer = Sealer(database, settings.audit_key.get_secret_value(), settings.worker_name, clock)
    return Worker("referral", settings, database, learning.consumers(), jobs=[clockwork.run, keeper.run, sealer.run])


def main() -> None:
    """Run the worker until it is told to stop; settings come from the environment."""
    settings = from_environment(ReferralSettings)
    run("referral", settings, lambda: build_worker(settings, settings.clock))


if __name__ == "__main__":
    main()
