"""Settings: what is wrong is said in a line each, and no value is ever repeated."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.portal.settings import PortalSettings
from services.referral.settings import ReferralSettings
from shared.clock import utc_now
from shared.settings import from_environment


def test_a_refused_start_names_the_settings_and_tells_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("REDIS_URL", "JWKS", "AUDIT_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://r:DBSECRET@host/x")
    monkeypatch.setenv("MASTER_KEY", "TOPSECRETKEY")
    monkeypatch.setenv("INDEX_KEY", "not base64 SECRET")
    with pytest.raises(SystemExit) as ended:
        from_environment(ReferralSettings)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "SECRET" not in said.out + said.err
    assert {line.partition(":")[0] for line in said.err.splitlines()} == {
        "REDIS_URL",
        "JWKS",
        "MASTER_KEY",
        "INDEX_KEY",
        "AUDIT_KEY",
    }


@pytest.mark.parametrize(
    ("setting", "value", "said"), [("PUBLIC_URL", "http://x", "https://"), ("CLOCK_FILE", "/clock", "real time")]
)
def test_production_asks_for_an_encrypted_address_and_the_real_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str, value: str, said: str
) -> None:
    key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    known = {"DATABASE_URL": "postgresql://h/x", "REDIS_URL": "redis://h", "JWKS": "keys", "MASTER_KEY": key}
    others = {
        "INDEX_KEY": key,
        "AUDIT_KEY": key,
        "ENVIRONMENT": "production",
        "PUBLIC_URL": "https://x",
        setting: value,
    }
    for name, given in (known | others).items():
        monkeypatch.setenv(name, given)
    with pytest.raises(SystemExit):
        from_environment(ReferralSettings)
    assert said in capsys.readouterr().err


def test_a_former_key_that_is_empty_is_none_and_a_clock_may_be_ahead(tmp_path: Path) -> None:
    ahead = tmp_path / "clock"
    ahead.write_text("3600")
    key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    given = dict.fromkeys(("database_url", "jwks"), "unused") | {"redis_url": "redis://unused"}
    given |= dict.fromkeys(("master_key", "index_key", "audit_key"), key)
    settings = ReferralSettings.model_validate({**given, "master_key_previous": "", "clock_file": ahead})
    assert settings.master_key_previous is None
    assert settings.clock() - utc_now() > timedelta(minutes=59)


PORTAL = {
    "database_url": "postgresql://h/x",
    "redis_url": "redis://h",
    "jwks": "keys",
    "portal_key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "signing_key": "key",
    "catalog_url": "http://c",
    "referral_url": "http://r",
    "notifications_url": "http://n",
    "smtp_url": "smtp://h",
}


@pytest.mark.parametrize(
    ("environment", "public_url", "taken"),
    [
        ("development", "http://localhost:8000", True),
        ("development", "http://127.0.0.1:8000", True),
        ("development", "https://luotsi.kuopio.fi", False),
        ("development", "https://localhost.kuopio.fi", False),
        ("production", "https://localhost", False),
    ],
)
def test_accounts_without_a_password_are_shown_on_this_machine_alone(
    environment: str, public_url: str, *, taken: bool
) -> None:
    settings = {**PORTAL, "environment": environment, "public_url": public_url}
    PortalSettings.model_validate(settings)
    if taken:
        assert PortalSettings.model_validate({**settings, "show_accounts": "true"}).show_accounts
    else:
        with pytest.raises(ValidationError, match="SHOW_ACCOUNTS lets anybody in"):
            PortalSettings.model_validate({**settings, "show_accounts": "true"})


def test_the_portal_has_to_have_a_key_of_32_bytes() -> None:
    with pytest.raises(ValidationError, match="must be 32 bytes in base64url, and has 3"):
        PortalSettings.model_validate({**PORTAL, "portal_key": "YWJj"})
