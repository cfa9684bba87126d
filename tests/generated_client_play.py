"""Plays a referral with a client that was generated from the OpenAPI document; run in the generator's environment.

Reads from its input where to find what, as JSON; every answer is parsed by the generated models.
"""
# mypy: ignore-errors

import json
import sys
from datetime import date
from http import HTTPStatus
from uuid import UUID, uuid4

sys.path.insert(0, sys.argv[1])

from luotsi_client import AuthenticatedClient
from luotsi_client.api.messages import create_message, list_messages
from luotsi_client.api.referrals import (
    accept_referral,
    close_referral,
    complete_referral,
    create_referral,
    get_referral,
    get_timeline,
    list_referrals,
    send_referral,
    start_referral,
)
from luotsi_client.models import (
    Complete,
    Consent,
    ConsentHow,
    GivenOutcome,
    LegalBasis,
    LegalBasisKind,
    NewClient,
    NewMessage,
    NewReferral,
    Nothing,
    Outcome,
    ProblemDetails,
    ReferralView,
    Send,
    Status,
)

told = json.load(sys.stdin)
adviser, desk = (
    AuthenticatedClient(base_url=told["address"], token=told[who], raise_on_unexpected_status=True)
    for who in ("adviser", "desk")
)


def done(answer, status=HTTPStatus.OK, kind=ReferralView):
    """What was answered, parsed, when it is what was to come."""
    assert answer.status_code == status, answer.content
    assert isinstance(answer.parsed, kind), type(answer.parsed)
    return answer


consent = Consent(given_on=date.fromisoformat(told["today"]), how=ConsentHow.ORAL, scope="name and contact")
new = NewReferral(
    service_id=UUID(told["service_id"]),
    client=NewClient(language="fi", name="Esimerkki Asiakas", phone="040 765 4321"),
    reason="wants advice",
    legal_basis=LegalBasis(kind=LegalBasisKind.CONSENT, consent=consent),
    send=False,
)
key = str(uuid4())
draft = done(create_referral.sync_detailed(client=adviser, body=new, idempotency_key=key), HTTPStatus.CREATED)
again = done(create_referral.sync_detailed(client=adviser, body=new, idempotency_key=key), HTTPStatus.CREATED)
assert again.headers["Idempotency-Replayed"] == "true"
assert again.parsed.to_dict() == draft.parsed.to_dict()
assert draft.parsed.status is Status.DRAFT
referral_id = str(draft.parsed.id)


def give(command, who, body, version):
    """A command on the version that was seen; the referral after it."""
    return done(command.sync_detailed(referral_id, client=who, body=body, if_match=f'"{version}"')).parsed


sent = give(send_referral, adviser, Send(), draft.parsed.version)
seen = done(get_referral.sync_detailed(referral_id, client=desk)).parsed
assert seen.client is None
stale = accept_referral.sync_detailed(referral_id, client=desk, body=Nothing(), if_match='"1"')
assert isinstance(done(stale, HTTPStatus.PRECONDITION_FAILED, ProblemDetails).parsed, ProblemDetails)
accepted = give(accept_referral, desk, Nothing(), seen.version)
assert accepted.client.name == "Esimerkki Asiakas"
assert accepted.legal_basis.consent.how.value == "oral"
asked = create_message.sync_detailed(referral_id, client=desk, body=NewMessage(text="which day?"))
assert asked.status_code == HTTPStatus.CREATED
assert list_messages.sync(referral_id, client=adviser).contents[0].text == "which day?"
started = give(start_referral, desk, Nothing(), accepted.version)
outcome = Complete(outcome=GivenOutcome(code=Outcome.ENROLLED, text="begins in spring"))
completed = give(complete_referral, desk, outcome, started.version)
looked = done(get_referral.sync_detailed(referral_id, client=adviser)).parsed
closed = give(close_referral, adviser, Nothing(), looked.version)
assert closed.closed_at is not None
assert closed.outcome.code is Outcome.ENROLLED
events = [item.event_type for item in get_timeline.sync(referral_id, client=adviser).contents]
assert [str(each.id) for each in list_referrals.sync(client=adviser).contents] == [referral_id]
print(json.dumps(events))
