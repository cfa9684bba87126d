"""An upgrade of the platform in containers: rehearsed, rolled in while people work, or behind a page of maintenance."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from shared.version import VERSION
from tests.journeys.compose_stack import Stack, require_engine, wait_until
from tests.journeys.older_tables import MAKE_OLDER
from tests.journeys.test_compose import ADVISER, send_referral
from tests.services_by_hand import PROCESSES

pytestmark = pytest.mark.compose

LANGUAGES = ("Luotsia huolletaan", "Underhåll pågår", "Luotsi is being maintained")


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file by which maintenance is turned on."""
    folder = tmp_path_factory.mktemp("maintenance")
    for each in (folder, *list(folder.parents)[:3]):
        each.chmod(0o755)
    return folder / "on"


@pytest.fixture(scope="module")
def stack(switch: Path) -> Iterator[Stack]:
    """The platform with accounts, a switch of its own, and no limit that the tests' requests would meet."""
    require_engine()
    stack = Stack()
    stack.settle(MAINTENANCE_DIR=str(switch.parent), SHOW_ACCOUNTS="true")
    stack.settle(ACCOUNT_REQUESTS_PER_MINUTE="100000", ADDRESS_REQUESTS_PER_MINUTE="100000")
    try:
        stack.compose("build", "migrate", seconds=900)
        stack.up(profile="demo")
        yield stack
    finally:
        stack.remove()


class Load:
    """People who go on working: each kind of request all the while, and what came of it."""

    def __init__(self, stack: Stack) -> None:
        self._stop = Event()
        self.outcomes: Counter[str] = Counter()
        self.failures: list[str] = []
        self.longest = 0.0
        self.sent: list[str] = []
        token = {"Authorization": f"Bearer {stack.token(ADVISER)}"}
        self._api = httpx2.Client(base_url=stack.url, headers=token, timeout=30)
        self._service = self._api.get("/api/catalog/services", params={"accepting": "true"}).json()["contents"][0]["id"]
        works = {"search": self._search, "page": self._page, "notices": self._notices, "referral": self._refer}
        self._threads = [Thread(target=self._go_on, args=item) for item in works.items()]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._api.close()

    def _search(self) -> httpx2.Response:
        return self._api.get("/api/catalog/services", params={"query": "työ"})

    def _page(self) -> httpx2.Response:
        return self._api.get("/")

    def _notices(self) -> httpx2.Response:
        return self._api.get("/api/notifications/notices")

    def _refer(self) -> httpx2.Response:
        answer = send_referral(self._api, str(uuid4()), service_id=self._service)
        if answer.status_code == 201:
            self.sent.append(answer.json()["id"])
        return answer

    def _go_on(self, kind: str, work: Callable[[], httpx2.Response]) -> None:
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                answer = work()
                self.outcomes[f"{kind} {answer.status_code}"] += 1
                if answer.status_code >= 400:
                    self.failures.append(f"{kind} {answer.status_code} {answer.text[:200]}")
            except httpx2.HTTPError as error:
                self.failures.append(f"{kind} {error!r}")
            self.longest = max(self.longest, time.monotonic() - begun)
            self._stop.wait(0.1)


def ids(stack: Stack) -> dict[str, Any]:
    found = stack.containers()
    return {name: {known["Id"] for known in found[name]} for name in PROCESSES}


def test_the_version_is_told(stack: Stack) -> None:
    assert stack.compose("run", "--rm", "-T", "cli", "--version").stdout == f"luotsi {VERSION}\n"
    for service in ("catalog", "referral", "notifications"):
        assert httpx2.get(f"{stack.url}/api/{service}/livez").json()["version"] == VERSION


def test_a_rehearsal_leaves_nothing_and_touches_nothing(stack: Stack, capsys: Any) -> None:
    said = stack.compose("run", "--rm", "-T", "rehearsal").stdout
    assert "referral: nothing to change" in said
    taken = re.search(r"in ([\d.]+) s; the copy is gone", said)
    assert taken is not None
    names = stack.inside("postgres", "psql -U postgres -Atc 'SELECT datname FROM pg_database'")
    assert "referral" in names
    assert "rehearsal" not in names
    with capsys.disabled():
        print(f"\nrehearsed in {taken[1]} s")


def test_tables_change_after_a_backup_and_it_comes_back(stack: Stack, capsys: Any) -> None:
    stack.compose("stop", *PROCESSES, "retention")
    stack.inside("postgres", f'psql -U postgres -d referral -v ON_ERROR_STOP=1 -c "{MAKE_OLDER}"')
    said = stack.compose("run", "--rm", "-T", "migrate").stdout
    assert "backed up before anything changes: " in said
    assert "in /var/lib/luotsi/backups/before-upgrade" in said
    begun = time.monotonic()
    back = stack.compose("run", "--rm", "-T", "restore", "before-upgrade").stdout
    restored = time.monotonic() - begun
    assert "restored from" in back
    stack.up(profile="demo")
    with capsys.disabled():
        print(f"\nthe way back: restored in {restored:.1f} s, at work after {time.monotonic() - begun:.1f} s")


def test_each_process_is_replaced_and_no_request_fails(stack: Stack, capsys: Any) -> None:
    before = ids(stack)
    begun = time.monotonic()
    with Load(stack) as load:
        time.sleep(3)
        stack.roll()
        time.sleep(3)
    took = time.monotonic() - begun - 6
    after = ids(stack)
    with capsys.disabled():
        print(f"\nrolled in {took:.0f} s; {dict(load.outcomes)}; longest {load.longest:.1f} s")
    assert load.failures == []
    assert min(load.outcomes.values()) > 20
    assert all(not before[name] & after[name] and len(after[name]) == 1 for name in PROCESSES)
    # What was sent meanwhile has gone its whole way, over workers that were replaced.
    wait_until(lambda: stack.compose("run", "--rm", "-T", "cli", "doctor", check=False).returncode == 0, "all well", 90)
    told = "SELECT count(DISTINCT referral_id) FROM notices WHERE referral_id IN ('" + "','".join(load.sent) + "')"
    script = f'psql -U postgres -d notifications -Atc "{told}"'
    wait_until(lambda: stack.inside("postgres", script) == str(len(load.sent)), "notices of all referrals")


def test_a_new_one_that_does_not_become_healthy_goes_and_the_old_one_stays(stack: Stack) -> None:
    before = ids(stack)
    stack.settle(LOG_LEVEL="NONSENSE")
    try:
        done = stack.roll(check=False)
    finally:
        stack.settle(LOG_LEVEL="INFO")
    assert done.returncode == 1
    assert "catalog-web: the new one did not become healthy, so the old one stays" in done.stderr
    assert "mend the new version and roll again, or roll the former one" in done.stderr
    assert ids(stack) == before
    assert httpx2.get(f"{stack.url}/api/catalog/services").status_code == 200


def test_what_is_broken_off_takes_the_new_one_with_it(stack: Stack) -> None:
    before = ids(stack)
    with stack.rolling() as process:
        wait_until(lambda: len(stack.containers()["catalog-web"]) > 1, "a new one beside the old one", 120)
        process.terminate()
        said = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert "broken off" in said
    assert ids(stack) == before


def test_maintenance_is_a_page_in_three_languages_and_a_problem_for_programs(stack: Stack, switch: Path) -> None:
    try:
        switch.touch()
        for path in ("/", "/sign-in", "/static/tokens.css", "/referrals?query=x"):
            page = httpx2.get(stack.url + path)
            assert (page.status_code, page.headers["Retry-After"]) == (503, "120")
            assert page.headers["Content-Type"].startswith("text/html")
            assert all(words in page.text for words in LANGUAGES)
            assert "<script" not in page.text
            assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert page.headers["Cache-Control"] == "no-store"
        for answer in (
            httpx2.get(f"{stack.url}/api/catalog/services"),
            httpx2.post(f"{stack.url}/api/referral/referrals", json={}),
        ):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["title"] == "Under maintenance"
        assert httpx2.get(f"{stack.url}/healthz").text == "ok"
    finally:
        switch.unlink()
    assert httpx2.get(f"{stack.url}/api/catalog/services").status_code == 200
    assert httpx2.get(stack.url).status_code == 200
