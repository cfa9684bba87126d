"""The worker process of the referral service."""

from functools import partial

from services.referral.consumers import ReferralConsumers
from services.referral.jobs.answer_times import AnswerTimes
from services.referral.jobs.deadline_scheduler import DeadlineScheduler
from services.referral.jobs.disclosure_sealer import DisclosureSealer
from services.referral.jobs.key_check import refuse_other_keys
from services.referral.jobs.statistics_publisher import StatisticsPublisher
from services.referral.queries.health import seals, timers
from services.referral.settings import ReferralSettings, vault_of
from services.referral.use_cases.key_check import opens_some
from services.referral.use_cases.service_statistics import FACTS
from shared.clock import Clock, utc_now
from shared.consuming.worker import Worker, run
from shared.database.connections import Database
from shared.key_check import keys_look
from shared.publishing.outbox import Outbox
from shared.settings import from_environment


def build_worker(settings: ReferralSettings, clock: Clock = utc_now) -> Worker:
    """The worker; `clock` may be moved by tests."""
    vault = vault_of(settings)
    outbox = Outbox("referral", settings.epoch)
    consumers = ReferralConsumers(outbox, vault, clock)
    database = Database.of(settings, pool_size=5)
    deadline_scheduler = DeadlineScheduler(database, outbox, vault, clock)
    publisher = StatisticsPublisher(database, outbox, vault, settings.worker_name, clock)
    sealer = DisclosureSealer(database, settings.audit_key.get_secret_value(), settings.worker_name, clock)
    answer_times = AnswerTimes(database, outbox, vault, clock)
    jobs = [deadline_scheduler.run, publisher.run, sealer.run, answer_times.run]
    worker = Worker("referral", settings, database, consumers.consumers(), jobs)
    worker.watching(timers, seals, keys_look("referral", partial(opens_some, vault=vault)))
    return worker.packing_events(leaving=[FACTS])


def main() -> None:
    """Run the worker until it is stopped; settings come from the environment."""
    settings = from_environment(ReferralSettings)
    refuse_other_keys(settings)
    run("referral", settings, lambda: build_worker(settings, settings.clock))


if __name__ == "__main__":
    main()
