"""What the compose file promises, read without an engine: access rules, secrets, and how far each container is shut."""

import re
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from luotsi.commands.env import EXAMPLE, fill, missing, new_secrets, write_env
from luotsi.platform.redis_acl import USERS, acl_rules
from shared.services import SERVICES, get_service, service_names
from shared.settings import Settings
from tests.services_by_hand import PREFIXES, PROCESSES, SECRETS, SIGNING, WEB_SECRETS, WORKER_SECRETS

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
# What is laid over it where servers are elsewhere.
OVERLAYS = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "deploy").glob("*.yml"))}
ALL_TEXT = "".join([TEXT, *OVERLAYS.values()])
# In YAML a mapping reads the same whether it was written out or merged in.
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"databases", "migrate", "seed", "seed-accounts", "cli", "demo", "restore", "rehearsal"}
LASTING = sorted(CONTAINERS.keys() - ONE_SHOT)
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_]+)(:[?+-][^}]*)?\}")


def variables_of(container: str) -> set[str]:
    """The variables of `.env` whose values a container is given."""
    return {name for name, _ in VARIABLE.findall(yaml.safe_dump(CONTAINERS[container]["environment"], width=10_000))}


def example_values() -> dict[str, str]:
    lines = re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(lines)


def test_access_rules_are_those_of_the_code() -> None:
    placeholders = {user: f"${{{user.upper()}_REDIS_PASSWORD:?is not set, run make env}}" for user in USERS}
    assert CONTAINERS["redis"]["environment"]["ACL_RULES"].splitlines() == acl_rules(placeholders)


def test_the_example_names_every_variable_and_no_other() -> None:
    assert {name for name, _ in VARIABLE.findall(ALL_TEXT)} == example_values().keys()


def test_every_variable_of_the_example_is_explained_or_stands_below_one_that_is() -> None:
    previous = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        assert line == "" or line.startswith("# ") or (line[0].isupper() and previous != ""), line
        previous = line


def test_a_secret_that_is_not_set_stops_compose_with_a_word_on_what_to_do() -> None:
    secrets = new_secrets().keys()
    modifiers = [(name, modifier) for name, modifier in VARIABLE.findall(ALL_TEXT) if name in secrets]
    assert {name for name, _ in modifiers} == secrets
    assert {modifier for _, modifier in modifiers} == {":?is not set, run make env"}


def test_defaults_in_the_compose_file_are_those_of_the_example() -> None:
    example = example_values()
    defaults = {name: modifier[2:] for name, modifier in VARIABLE.findall(ALL_TEXT) if modifier.startswith(":-")}
    assert defaults == {name: example[name] for name in defaults}
    assert example.keys() - defaults.keys() == new_secrets().keys()


@pytest.mark.parametrize("container", sorted(CONTAINERS))
def test_each_container_is_shut_as_far_as_it_goes(container: str) -> None:
    settings = CONTAINERS[container]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert settings.get("cap_add", []) == (["NET_BIND_SERVICE"] if container == "edge" else [])
    assert "container_name" not in settings
    assert "privileged" not in settings
    # The application image names its own user, as its Dockerfile shows.
    assert settings.get("user", "10001:10001" if "luotsi" in settings["image"] else "root") not in {"root", "0"}


def test_the_application_image_runs_as_a_user_without_rights() -> None:
    assert re.findall(r"^USER (.*)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE) == [
        "10001:10001"
    ]


def megabytes(text: str) -> int:
    """A size as compose and Redis write it."""
    number, unit = re.fullmatch(r"(\d+)(m|mb|g|gb)", text, re.I).groups()  # type: ignore[union-attr]
    return int(number) * (1024 if unit[0].lower() == "g" else 1)


@pytest.mark.parametrize("container", sorted(CONTAINERS))
def test_each_container_may_take_only_so_much_memory(container: str) -> None:
    assert 128 <= megabytes(CONTAINERS[container]["mem_limit"]) <= 2048


def test_redis_is_full_before_it_is_killed() -> None:
    full = re.search(r"--maxmemory (\w+) --maxmemory-policy noeviction", CONTAINERS["redis"]["command"][-1])
    assert full is not None
    assert megabytes(full[1]) * 1.25 <= megabytes(CONTAINERS["redis"]["mem_limit"])


@pytest.mark.parametrize("container", LASTING)
def test_what_runs_on_has_a_health_check_and_comes_back(container: str) -> None:
    assert CONTAINERS[container]["healthcheck"]["test"]
    assert CONTAINERS[container]["restart"] == "unless-stopped"


def test_the_command_line_starts_nothing_that_was_stopped() -> None:
    assert "depends_on" not in CONTAINERS["cli"]


def test_each_service_has_the_processes_of_its_record() -> None:
    processes = {name for service in SERVICES for name in service.process_names}
    assert processes == set(PROCESSES)
    assert set(LASTING) == processes | {"postgres", "redis", "edge", "retention", "backup"}


def test_the_edge_compresses_answers_and_neither_streams_nor_pages() -> None:
    edge = (ROOT / "deploy" / "edge" / "Caddyfile").read_text(encoding="utf-8")
    [compressed] = re.findall(r"encode zstd gzip \{\s+match \{(.*?)\}", edge, re.S)
    types = re.findall(r"header Content-Type (\S+)", compressed)
    assert [kind.rstrip("*") for kind in types] == [
        "application/json",
        "application/fhir+json",
        "application/problem+json",
        "text/csv",
    ]


def test_the_edge_logs_neither_addresses_nor_headers_of_requests() -> None:
    edge = (ROOT / "deploy" / "edge" / "Caddyfile").read_text(encoding="utf-8")
    logs = re.findall(r"^(\t+)log \{\n(.*?)^\1\}", edge, re.M | re.S)
    assert logs
    for _, log in logs:
        assert {"request>uri delete", "request>headers delete"} <= {line.strip() for line in log.splitlines()}


def test_only_the_edge_can_be_reached_from_outside() -> None:
    assert [name for name, settings in CONTAINERS.items() if "ports" in settings] == ["edge"]
    outside = {name for name, settings in CONTAINERS.items() if "outside" in settings["networks"]}
    to_a_bucket = {"backup", "restore", "migrate", "rehearsal"}
    assert outside == {"edge", "notifications-worker", "portal-web"} | to_a_bucket, "where backups may go"
    assert all(COMPOSE["networks"][name]["internal"] for name in ("data", "web"))


@pytest.mark.parametrize("service", service_names())
def test_a_service_is_given_its_own_secrets_only(service: str) -> None:
    record = get_service(service)
    own = {f"{service.upper()}_DB_PASSWORD", f"{service.upper()}_REDIS_PASSWORD", "JWKS_JSON", *SECRETS[service]}
    assert set(record.secrets) == SECRETS[service]
    for name in record.process_names:
        kept_from_it = WORKER_SECRETS if name.endswith("-web") else WEB_SECRETS
        signing = {"SIGNING_KEY_JSON"} if name in SIGNING else set()
        assert variables_of(name) & new_secrets().keys() == own - kept_from_it | signing


@pytest.mark.parametrize("service", service_names())
def test_a_service_has_its_database_and_those_who_run_it_know_it(service: str) -> None:
    name = service.upper()
    script = (ROOT / "deploy" / "postgres" / "databases.sh").read_text(encoding="utf-8")
    assert f'create {service} "${{{name}_DB_PASSWORD:?}}" "${{{name}_OWNER_DB_PASSWORD:?}}"\n' in script
    assert {f"{name}_DATABASE_URL", f"{name}_OWNER_DATABASE_URL"} <= CONTAINERS["migrate"]["environment"].keys()
    assert {f"{name}_DATABASE_URL", f"{name}_OWNER_DATABASE_URL", f"{name}_URL"} <= CONTAINERS["cli"][
        "environment"
    ].keys()
    assert f"{service}-web" in CONTAINERS["edge"]["depends_on"]


class Overlay(yaml.SafeLoader):
    """Reads compose's own tags, such as !reset, as what they hold."""


Overlay.add_multi_constructor("!", lambda loader, _, node: loader.construct_mapping(node))


def overlaid(name: str) -> dict[str, Any]:
    """What a file of `deploy/` lays over the compose file."""
    known: dict[str, Any] = yaml.load(OVERLAYS[name], Overlay)
    return known


def test_who_speaks_to_a_postgresql_elsewhere_has_the_certificates() -> None:
    laid_over = overlaid("external-postgres.yml")
    speaking = {name for name, settings in CONTAINERS.items() if "POSTGRES_SERVER" in yaml.safe_dump(settings)}
    assert {name for name, settings in laid_over["services"].items() if "volumes" in settings} == speaking
    assert laid_over["services"].keys() - speaking == {"postgres"}
    assert laid_over["services"]["databases"]["depends_on"] == {}
    [waiting] = [name for name, settings in CONTAINERS.items() if "postgres" in settings.get("depends_on", {})]
    assert waiting == "databases", "whoever else waited for the container would wait for ever"
    assert laid_over["networks"] == {"data": {"internal": False}}


def test_databases_that_others_make_are_left_to_them() -> None:
    script = ROOT / "deploy" / "postgres" / "databases.sh"
    done = subprocess.run(["bash", script], env={"PGUSER": "none"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_who_speaks_to_a_redis_elsewhere_has_the_certificates_and_waits_for_no_container() -> None:
    laid_over = overlaid("external-redis.yml")
    speaking = {name for name, settings in CONTAINERS.items() if "REDIS_SERVER" in yaml.safe_dump(settings)}
    assert {name for name, settings in laid_over["services"].items() if "volumes" in settings} == speaking
    waiting = {name for name, settings in CONTAINERS.items() if "redis" in settings.get("depends_on", {})}
    alone = {name for name, settings in laid_over["services"].items() if "depends_on" in settings}
    assert alone == waiting
    for name in alone:
        assert laid_over["services"][name]["depends_on"]["redis"]["required"] is False
    assert laid_over["services"].keys() - speaking - waiting == {"redis"}
    assert laid_over["networks"] == {"data": {"internal": False}}


@pytest.mark.parametrize("service", service_names())
def test_by_a_pooler_a_service_comes_to_its_own_database_with_its_own_password(service: str) -> None:
    laid_over = overlaid("pooler.yml")["services"]
    assert laid_over.keys() == set(PROCESSES)
    for name in get_service(service).process_names:
        direct = CONTAINERS[name]["environment"]["DATABASE_URL"]
        pooled = direct.replace("POSTGRES_SERVER:-postgres:5432", "POSTGRES_POOLER:-pgbouncer:6432")
        pooled = pooled.replace("POSTGRES_OPTIONS", "POSTGRES_POOLER_OPTIONS")
        assert laid_over[name]["environment"] == {"DATABASE_POOLER_URL": pooled}


@pytest.mark.parametrize("service", service_names())
def test_the_edge_publishes_a_service_below_the_prefix_of_its_record(service: str) -> None:
    prefix = PREFIXES[service]
    assert get_service(service).prefix == prefix
    assert CONTAINERS[f"{service}-web"]["environment"]["ROOT_PATH"] == prefix
    edge = (ROOT / "deploy" / "edge" / "Caddyfile").read_text(encoding="utf-8")
    where = rf"\thandle_path {prefix}/\*" if prefix else r"^\thandle"  # the root: what nothing else takes
    assert re.search(rf"{where} \{{[^{{]*reverse_proxy {service}-web:8000 ", edge, re.M)


def test_the_private_key_goes_to_the_portal_and_the_command_line_alone() -> None:
    holders = {name for name in CONTAINERS if name != "edge" and "SIGNING_KEY_JSON" in variables_of(name)}
    assert holders == {"cli", "demo"} | SIGNING


def test_the_portal_lets_nobody_in_unasked_unless_it_is_told_to() -> None:
    assert example_values()["SHOW_ACCOUNTS"] == "false"
    assert {name for name in CONTAINERS if "SHOW_ACCOUNTS" in variables_of(name)} == {"portal-web"}


def test_the_image_carries_the_version_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"ARG VERSION={version}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_documented_update_fetches_every_image_that_is_not_made_here() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    update = manual.partition("## Upgrade")[2].partition("### Rehearsal")[0]
    pulled = re.findall(r"^ +docker compose pull ([a-z ]+?)  ", update, re.M)[0].split()
    others = {settings["image"] for settings in CONTAINERS.values() if "luotsi" not in settings["image"]}
    assert {CONTAINERS[name]["image"] for name in pulled} == others
    assert " docker compose build --pull migrate" in update
    assert "--pull" not in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_nothing_enters_the_image_but_what_is_named() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not [rule for rule in rules if rule.startswith("!") and (".env" in rule or rule in {"!.", "!*"})]


def test_the_file_of_secrets_is_complete_and_private(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert write_env(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert missing(path) == []
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE))
    empty = [name for name, value in values.items() if not value]
    servers = ["POSTGRES_OPTIONS", "POSTGRES_POOLER_OPTIONS", "REDIS_OPTIONS"]
    former = ["MASTER_KEY_PREVIOUS", "INDEX_KEY_PREVIOUS", "PORTAL_KEY_PREVIOUS"]
    files = ["SMTP_CA_FILE", "SMTP_CERTIFICATE_FILE", "SMTP_KEY_FILE"]
    returned = ["MAIL_RETURN_PATH", "BOUNCE_SECRET"]
    backups = ["BACKUP_RECIPIENTS", "BACKUP_BUCKET_ENDPOINT", "BACKUP_BUCKET_ACCESS_KEY", "BACKUP_BUCKET_SECRET_KEY"]
    traces = "OTEL_EXPORTER_OTLP_ENDPOINT"
    assert empty == [traces, "SMTP_URL", *files, *returned, "FEEDBACK_EMAIL", *backups, *servers, *former]
    secrets = [values[name] for name in new_secrets()]
    assert len(set(secrets)) == len(secrets)


def test_secrets_in_use_are_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    write_env(path)
    first = path.read_bytes()
    assert not write_env(path)
    assert path.read_bytes() == first


def test_force_sets_the_old_secrets_aside_and_never_loses_them(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    write_env(path)
    first = path.read_bytes()
    assert write_env(path, force=True)
    assert (tmp_path / ".env.old").read_bytes() == first
    second = path.read_bytes()
    assert second != first
    with pytest.raises(FileExistsError):
        write_env(path, force=True)
    assert path.read_bytes() == second


def test_a_file_of_an_older_version_is_told_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("LUOTSI_PORT=8080\n", encoding="utf-8")
    assert missing(path) == sorted(example_values().keys() - {"LUOTSI_PORT"})


def test_the_superuser_and_the_owners_are_for_what_answers_nobody() -> None:
    owners = {name for name in new_secrets() if name.endswith("_OWNER_DB_PASSWORD")}
    assert len(owners) == len(SERVICES)
    holders = {name for name in CONTAINERS if name != "edge" and variables_of(name) & owners}
    assert holders == {"databases", "migrate", "rehearsal", "cli", "retention", "backup", "restore"}
    assert CONTAINERS["retention"]["networks"] == ["data"], "it reaches the databases, and nobody reaches it"
    holders = {name for name in CONTAINERS if name != "edge" and "POSTGRES_PASSWORD" in variables_of(name)}
    assert holders == {"postgres", "databases", "rehearsal"}


@pytest.mark.parametrize("container", ["backup", "migrate", "rehearsal"])
def test_what_makes_backups_can_open_nothing(container: str) -> None:
    keys = {name for service in SERVICES for name in service.secrets} | {"SIGNING_KEY_JSON"}
    assert variables_of(container) & keys == set()


def test_a_secret_that_the_example_forgot_is_an_error() -> None:
    with pytest.raises(KeyError, match="INDEX_KEY"):
        fill("MASTER_KEY=\n", {"MASTER_KEY": "a", "INDEX_KEY": "b"})


def test_the_edge_waits_only_so_long_and_says_whose_address_it_is() -> None:
    edge = (ROOT / "deploy" / "edge" / "Caddyfile").read_text(encoding="utf-8")
    limits = dict(re.findall(r"^\t+(read_header|read_body|idle|write) (\d+)s$", edge, re.M))
    assert limits.keys() == {"read_header", "read_body", "idle"}, "a limit for writing would end the stream of notices"
    assert int(limits["read_body"]) > Settings.model_fields["body_seconds"].default
    assert "remote_ip {$TRUSTED_PROXIES:private_ranges}\n" in edge
    # One address, and not what the caller sent: web processes believe all that is in it.
    assert re.search(r"\(upstream\) \{[^)]*header_up X-Forwarded-For \{http\.vars\.client_address\}", edge)
    assert {CONTAINERS[f"{name}-web"]["environment"]["FORWARDED_ALLOW_IPS"] for name in service_names()} == {"*"}
