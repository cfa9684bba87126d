"""What `luotsi up` says when it is ready: where to look first, and as whom."""

from pathlib import Path
from uuid import uuid4

import pytest

from luotsi.platform import ready_message
from luotsi.platform.process_specs import Addresses
from luotsi.platform.tokens import Member
from shared.services import service_names


def test_people_are_led_to_the_portal_first(capsys: pytest.CaptureFixture[str]) -> None:
    addresses = Addresses(8000, {}, {}, {})
    facts = {service: addresses.url(service) for service in service_names()} | {"mail_dir": "mail"}
    adviser = Member(uuid4(), "adviser@navigaattori.example", uuid4(), "navigaattori", ["adviser"], active=True)
    ready_message.as_text(Path(".luotsi"))(facts, [adviser])
    said = capsys.readouterr().out
    assert said.startswith("Luotsi is ready. Open http://localhost:8000 in a browser, and choose an account.\n")
    assert "http://localhost:8000/docs" not in said
    for port in (8001, 8002, 8003):
        assert f"http://127.0.0.1:{port}/docs" in said
    assert adviser.email in said
