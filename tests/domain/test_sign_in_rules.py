"""Rules of signing in: codes that people type, who somebody is to a provider, two factors, who signs in by what."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyotp
import pytest

from services.portal.domain.codes import (
    accepted_step,
    bare_recovery_code,
    digits_of,
    enrolment_address,
    mail_code,
    recovery_code,
)
from services.portal.domain.identities import (
    Identity,
    UnfitIdentity,
    UnfitIssuer,
    clean_issuer,
    identity_of,
    is_reachable_address,
)
from services.portal.domain.two_factors import asserts_two_factors
from services.portal.domain.ways import Membership, open_to_local, refused_reset

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOON = datetime(2026, 11, 30, 12, 0, 10, tzinfo=UTC)
STEP = int(NOON.timestamp()) // 30
TENANT = "11111111-2222-3333-4444-555555555555"
ENTRA = f"https://login.microsoftonline.com/{TENANT}/v2.0"


def _code(step: int) -> str:
    return pyotp.TOTP(SECRET).generate_otp(step)


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_code_of_an_app_may_be_half_a_minute_off(off: int) -> None:
    assert accepted_step(SECRET, _code(STEP + off), NOON, 0) == STEP + off


@pytest.mark.parametrize("off", [-3, -2, 2, 3])
def test_a_code_of_another_time_is_none(off: int) -> None:
    assert accepted_step(SECRET, _code(STEP + off), NOON, 0) is None


def test_a_code_is_accepted_once_and_none_before_it_either() -> None:
    assert accepted_step(SECRET, _code(STEP), NOON, STEP - 1) == STEP
    assert accepted_step(SECRET, _code(STEP), NOON, STEP) is None
    assert accepted_step(SECRET, _code(STEP - 1), NOON, STEP) is None
    later = NOON + timedelta(seconds=30)
    assert accepted_step(SECRET, _code(STEP + 1), later, STEP) == STEP + 1


@pytest.mark.parametrize("typed", ["", "abc", "12345", "0000000", "１２"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert accepted_step(SECRET, typed, NOON, 0) is None


def test_codes_are_taken_however_they_are_grouped() -> None:
    code = _code(STEP)
    assert accepted_step(SECRET, f" {code[:3]} {code[3:]} ", NOON, 0) == STEP
    assert digits_of("１２３4-5 6") == "123456"


def test_a_code_in_a_mail_has_eight_digits() -> None:
    assert mail_code(12) == "0000 0012"
    assert mail_code(10**20 + 12345678) == "1234 5678"


def test_recovery_codes_are_read_as_people_write_them() -> None:
    code = recovery_code(bytes(range(7, 23)))
    assert len(bare_recovery_code(code)) == 12
    assert bare_recovery_code(code.upper().replace("-", " ")) == bare_recovery_code(code)
    assert bare_recovery_code("O1l-I") == "0111"
    assert not set("ilou") & {letter for byte in range(256) for letter in recovery_code(bytes([byte] * 12))}


def test_the_picture_names_the_platform_and_the_account() -> None:
    address = enrolment_address(SECRET, "adviser@navigaattori.example", "Luotsi")
    assert address.startswith("otpauth://totp/Luotsi:adviser%40navigaattori.example?secret=" + SECRET)


@pytest.mark.parametrize(
    "typed",
    [ENTRA, "https://id.kuopio.example", "https://id.kuopio.example/", "https://id.kuopio.example:8443/realms/staff"],
)
def test_an_issuer_is_kept_as_it_is_written(typed: str) -> None:
    assert clean_issuer(f" {typed} ", loopback=False) == typed
    address = f"{typed.removesuffix('/')}/.well-known/openid-configuration"
    assert clean_issuer(address, loopback=False) == typed.removesuffix("/")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "not_an_address"),
        ("kuopio", "not_an_address"),
        ("https://id.kuopio.example/?tenant=1", "not_an_address"),
        ("https://id.kuopio.example/#a", "not_an_address"),
        ("https://user@id.kuopio.example", "not_an_address"),
        ("https://id.kuopio.example:http", "not_an_address"),
        ("https://id.kuopio.example/a\r\nX-Evil: 1", "not_an_address"),
        ("http://id.kuopio.example", "not_https"),
        ("ftp://id.kuopio.example", "not_https"),
        ("http://localhost:5000", "not_https"),
        ("https://localhost:5000", "no_name"),
        ("https://referral-web:8000", "no_name"),
        ("https://169.254.169.254", "no_name"),
        ("https://[::1]", "no_name"),
        ("https://127.1", "no_name"),
        ("https://0x7f.1", "no_name"),
        ("https://0177.0.0.1", "no_name"),
        ("https://127.0.0.1.", "no_name"),
        ("https://localhost.", "no_name"),
        ("https://id..example", "no_name"),
        ("https://login.microsoftonline.com/common/v2.0", "common"),
        ("https://login.microsoftonline.com/Organizations/v2.0", "common"),
        ("https://login.microsoftonline.com/consumers/v2.0", "common"),
        ("https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", "common"),
        ("https://login.microsoftonline.com", "common"),
        ("https://accounts.google.com", "common"),
    ],
)
def test_an_issuer_of_everybody_or_of_nobody_is_refused(typed: str, reason: str) -> None:
    with pytest.raises(UnfitIssuer) as refused:
        clean_issuer(typed, loopback=False)
    assert refused.value.reason == reason


def test_on_one_machine_an_issuer_may_be_without_encryption() -> None:
    assert clean_issuer("http://localhost:5000", loopback=True) == "http://localhost:5000"
    assert is_reachable_address("http://127.0.0.1:5000/token", loopback=True)
    assert not is_reachable_address("http://127.0.0.1:5000/token", loopback=False)


@pytest.mark.parametrize("address", ["http://id.kuopio.example/token", "https://10.0.0.1/", "", None, "file:///etc"])
def test_a_provider_s_endpoint_has_to_be_one_of_the_web(address: object) -> None:
    assert not is_reachable_address(address, loopback=False)
    assert is_reachable_address("https://id.kuopio.example/token", loopback=False)


def test_somebody_is_issuer_and_subject() -> None:
    claims = {"sub": "Abc", "email": "adviser@navigaattori.example", "oid": "x", "tid": "y"}
    assert identity_of("https://id.kuopio.example", claims) == Identity("https://id.kuopio.example", "Abc")


def test_in_entra_somebody_is_tenant_and_object() -> None:
    claims = {"sub": "differs-by-application", "tid": TENANT, "oid": "ABC"}
    assert identity_of(ENTRA, claims) == Identity(ENTRA, f"{TENANT}/abc")


@pytest.mark.parametrize(
    ("issuer", "claims", "reason"),
    [
        ("https://id.kuopio.example", {}, "no_subject"),
        ("https://id.kuopio.example", {"sub": ""}, "no_subject"),
        ("https://id.kuopio.example", {"sub": 7}, "no_subject"),
        ("https://id.kuopio.example", {"sub": "a" * 256}, "no_subject"),
        (ENTRA, {"sub": "a", "tid": TENANT}, "no_oid"),
        (ENTRA, {"sub": "a", "oid": "a"}, "no_oid"),
        (ENTRA, {"sub": "a", "oid": "a", "tid": "66666666-2222-3333-4444-555555555555"}, "other_tenant"),
    ],
)
def test_a_token_that_does_not_say_who_somebody_is_is_refused(
    issuer: str, claims: dict[str, object], reason: str
) -> None:
    with pytest.raises(UnfitIdentity) as refused:
        identity_of(issuer, claims)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("claims", "two"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"amr": ["pwd", "otp"]}, True),
        ({"amr": ["pin", "hwk"]}, True),
        ({"amr": ["fpt", "swk"]}, True),
        ({"acr": "https://refeds.org/profile/mfa"}, True),
        ({"acr": "http://eidas.europa.eu/LoA/substantial", "amr": ["pwd"]}, True),
        ({"amr": ["pwd"]}, False),
        ({"amr": ["otp", "sms"]}, False),
        ({"amr": ["pwd", "pin", "kba"]}, False),
        ({"amr": "mfa"}, False),
        ({"amr": [["mfa"], None]}, False),
        ({"acr": "1"}, False),
        ({"acr": "http://eidas.europa.eu/LoA/low"}, False),
        ({}, False),
    ],
)
def test_two_factors_are_two_of_different_kinds(claims: dict[str, object], two: bool) -> None:
    assert asserts_two_factors(claims) is two


def test_local_sign_in_is_closed_where_the_organisation_has_a_provider() -> None:
    closed, free, left = (Membership(uuid4(), uuid4(), active) for active in (True, True, False))
    assert open_to_local([closed, free, left], {closed.organization_id}) == [free]


def test_an_organisation_resets_its_own_people_alone() -> None:
    own, other = (Membership(uuid4(), uuid4(), active=True) for _ in range(2))
    admin = own.organization_id
    assert refused_reset(admin, of_platform=False, roles=["admin"], memberships=[own]) is None
    assert refused_reset(admin, of_platform=False, roles=["admin"], memberships=[own, other]) == "other_organization"
    assert refused_reset(admin, of_platform=False, roles=["adviser", "coordinator"], memberships=[own]) == "coordinator"
    assert refused_reset(uuid4(), of_platform=True, roles=["coordinator"], memberships=[own, other]) is None
