"""Secrets out of files: which variables, how a file is read, and what is said of one that is of no use."""

import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, Secret, SecretStr
from typer.testing import CliRunner

from luotsi.backup.settings import BackupSettings
from luotsi.cli import app
from luotsi.platform.process import PlatformError
from luotsi.platform.process_specs import fork_server
from luotsi.platform.target import find_target
from services.notifications.settings import NotificationsSettings
from services.portal.settings import PortalSettings
from services.referral.settings import ReferralSettings
from shared.secret_files import SecretFaults, is_secret, with_secrets
from shared.settings import Settings, from_environment

ROOT = Path(__file__).resolve().parents[2]
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def is_hidden(annotation: Any) -> bool:
    """Whether a setting of that type is never shown."""
    if isinstance(annotation, type):
        return issubclass(annotation, SecretStr | Secret)
    return any(is_hidden(part) for part in get_args(annotation)) or "Secret" in str(annotation)


@pytest.mark.parametrize("model", [Settings, ReferralSettings, NotificationsSettings, PortalSettings, BackupSettings])
def test_every_secret_setting_may_lie_in_a_file(model: type[BaseModel]) -> None:
    hidden = {name.upper() for name, field in model.model_fields.items() if is_hidden(field.annotation)}
    assert hidden
    assert {name for name in hidden if not is_secret(name)} == set()


@pytest.mark.parametrize("name", ["SMTP_KEY", "SMTP_CA", "CLOCK", "HEARTBEAT", "RETENTION"])
def test_settings_that_are_files_by_themselves_are_left_alone(name: str) -> None:
    given = {f"{name}_FILE": "/nowhere"}
    assert with_secrets(given) == given


@pytest.mark.parametrize("written", [KEY, f"{KEY}\n", f"{KEY}\r\n"])
def test_a_file_is_read_without_the_end_of_its_line(tmp_path: Path, written: str) -> None:
    (tmp_path / "key").write_bytes(written.encode())
    read = with_secrets({"MASTER_KEY_FILE": str(tmp_path / "key"), "MASTER_KEY": "", "INDEX_KEY_FILE": "", "A": "1"})
    assert read == {"MASTER_KEY": KEY, "A": "1"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe", "holds something else than text"),
    ],
)
def test_a_file_of_no_use_is_named_and_says_why(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SecretFaults, match=f"^MASTER_KEY_FILE: {path} {said}$"):
        with_secrets({"MASTER_KEY_FILE": str(path)})


def test_a_folder_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(SecretFaults, match="cannot be read: Is a directory"):
        with_secrets({"BOUNCE_SECRET_FILE": str(tmp_path)})


def test_a_secret_in_two_places_is_refused_without_a_value(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("FROMFILE")
    with pytest.raises(SecretFaults) as refused:
        with_secrets({"MASTER_KEY": "FROMVARIABLE", "MASTER_KEY_FILE": str(tmp_path / "key")})
    assert refused.value.faults == ["MASTER_KEY_FILE: MASTER_KEY is set as well: leave one of the two out"]


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("postgresql://catalog@db:5432/catalog?a=@b", "postgresql://catalog:p%2F%40%3A@db:5432/catalog?a=@b"),
        ("postgresql://catalog@one:1,two:2/catalog", "postgresql://catalog:p%2F%40%3A@one:1,two:2/catalog"),
        ("redis://cache", "redis://:p%2F%40%3A@cache"),
    ],
)
def test_an_address_is_given_its_password(tmp_path: Path, url: str, whole: str) -> None:
    (tmp_path / "password").write_text("p/@:\n")
    given = {"CATALOG_DATABASE_URL": url, "CATALOG_DATABASE_PASSWORD_FILE": str(tmp_path / "password")}
    assert with_secrets(given) == {"CATALOG_DATABASE_URL": whole}
    assert with_secrets({"REDIS_URL": url, "REDIS_PASSWORD": "p/@:"}) == {"REDIS_URL": whole}


def test_a_password_takes_the_place_of_another_in_every_address_of_its_server() -> None:
    given = {"DATABASE_URL": "postgresql://a:old@db/x", "DATABASE_POOLER_URL": "postgresql://a@pooler/x"}
    assert with_secrets({**given, "DATABASE_PASSWORD": "new"}) == {
        "DATABASE_URL": "postgresql://a:new@db/x",
        "DATABASE_POOLER_URL": "postgresql://a:new@pooler/x",
    }


def test_the_file_of_a_password_without_its_address_is_refused(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("word")
    with pytest.raises(SecretFaults, match=r"^SMTP_PASSWORD_FILE: it belongs into SMTP_URL, which is not set$"):
        with_secrets({"SMTP_PASSWORD_FILE": str(tmp_path / "word"), "SMTP_URL": ""})


def test_a_password_that_only_containers_need_is_left_as_it_is() -> None:
    given = {"CATALOG_REDIS_PASSWORD": "as .env has it"}
    assert with_secrets(given) == given


def test_a_service_takes_its_secrets_out_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MASTER_KEY", "INDEX_KEY", "AUDIT_KEY"):
        (tmp_path / name).write_text(f"{KEY}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    (tmp_path / "word").write_text("word\n")
    monkeypatch.setenv("DATABASE_URL", "postgresql://referral@db/referral")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "word"))
    monkeypatch.setenv("REDIS_URL", "redis://u:p@redis")
    monkeypatch.setenv("JWKS", "keys")
    settings = from_environment(ReferralSettings)
    assert settings.master_key.get_secret_value() == b"0123456789abcdef0123456789abcdef"
    assert settings.database_url.get_secret_value() == "postgresql://referral:word@db/referral"
    assert settings.redis_url.get_secret_value() == "redis://u:p@redis"


def test_a_service_that_cannot_read_a_secret_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", "/nowhere/url")
    with pytest.raises(SystemExit) as ended:
        from_environment(Settings)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "DATABASE_URL_FILE: /nowhere/url cannot be read: No such file or directory\n"


def test_the_command_line_takes_its_secrets_out_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "word").write_text("word\n")
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("CATALOG_OWNER_DATABASE_URL", "postgresql://catalog_owner@db/catalog")
    monkeypatch.setenv("CATALOG_OWNER_DATABASE_PASSWORD_FILE", str(tmp_path / "word"))
    monkeypatch.setenv("PORTAL_KEY_FILE", str(tmp_path / "key"))
    target = find_target(tmp_path)
    assert target.owner_url("catalog") == "postgresql://catalog_owner:word@db/catalog"
    assert target.key("PORTAL_KEY") == b"0123456789abcdef0123456789abcdef"
    monkeypatch.setenv("PORTAL_KEY", KEY)
    with pytest.raises(PlatformError, match="PORTAL_KEY is set as well"):
        find_target(tmp_path)


def test_a_test_of_the_mail_server_takes_its_password_out_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("nonsense://mail\n")
    monkeypatch.setenv("SMTP_URL_FILE", str(tmp_path / "url"))
    monkeypatch.delenv("SMTP_URL", raising=False)
    said = CliRunner().invoke(app, ["mail", "test", "somebody@luotsi.example"])
    assert "SMTP_URL must look like" in str(said.exception)


def test_luotsi_up_gives_its_processes_what_lies_in_files_and_no_key_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("MASTER_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("SMTP_URL_FILE", str(tmp_path / "key"))
    given = fork_server().env
    assert given["SMTP_URL"] == KEY
    assert not {"MASTER_KEY", "MASTER_KEY_FILE", "SMTP_URL_FILE"} & given.keys()


def entered(tmp_path: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """What the entrypoint of the image makes of an environment."""
    script = (
        (ROOT / "deploy" / "image" / "entrypoint").read_text(encoding="utf-8").replace("/run/luotsi", str(tmp_path))
    )
    (tmp_path / "entrypoint").write_text(script)
    command = ["sh", str(tmp_path / "entrypoint"), "env"]
    return subprocess.run(command, env={"PATH": "/usr/bin:/bin", **given}, capture_output=True, text=True, check=False)


def test_the_image_takes_signing_keys_as_variables_or_as_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("{}")
    done = entered(tmp_path, JWKS_JSON='{"keys": []}', SIGNING_KEY_JSON_FILE=str(tmp_path / "key"), SIGNING_KEY_JSON="")
    names = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert names["SIGNING_KEY"] == str(tmp_path / "key")
    assert Path(names["JWKS"]).read_text() == '{"keys": []}\n'
    assert not [name for name in names if "JSON" in name]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"JWKS_JSON": "a", "JWKS_JSON_FILE": "/b"},
            "JWKS_JSON_FILE: JWKS_JSON is set as well: leave one of the two out",
        ),
        ({"JWKS_JSON_FILE": "/nowhere"}, "JWKS_JSON_FILE: /nowhere cannot be read, or is empty"),
        ({"SIGNING_KEY_JSON_FILE": "/dev/null"}, "SIGNING_KEY_JSON_FILE: /dev/null cannot be read, or is empty"),
    ],
)
def test_the_image_does_not_start_without_a_key_that_it_was_to_have(
    tmp_path: Path, given: dict[str, str], said: str
) -> None:
    done = entered(tmp_path, **given)
    assert (done.returncode, done.stderr, done.stdout) == (2, f"{said}\n", "")
