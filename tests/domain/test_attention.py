"""What keeps an ended referral open: every status by who ended it, whether it was seen, and whether it was closed."""

from itertools import product

import pytest

from services.referral.domain.attention import Attention, attention, is_answer
from services.referral.domain.lifecycle import OPEN, Side, Status, is_open

ANSWERED = {"completed", "failed", "rejected"}


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("ended_by", [Side.SOURCE, Side.TARGET, None])
def test_news_to_the_source_is_what_it_did_not_do_itself(status: Status, ended_by: Side | None) -> None:
    expected = status in ANSWERED or (status == "cancelled" and ended_by != "source")
    assert is_answer(status, ended_by) == expected


@pytest.mark.parametrize("status", list(Status))
def test_attention_is_needed_exactly_while_an_ended_referral_is_open(status: Status) -> None:
    flags = (True, False)
    for was_sent, is_closed, seen, ended_by in product(flags, flags, flags, (*Side, None)):
        needed = attention(status, was_sent=was_sent, is_closed=is_closed, ended_by=ended_by, answer_seen=seen)
        ended_and_open = status not in OPEN and is_open(status, was_sent=was_sent, is_closed=is_closed)
        assert (needed is not None) == ended_and_open
        if needed is not None:
            unseen = is_answer(status, ended_by) and not seen
            assert needed == (Attention.ANSWER_UNSEEN if unseen else Attention.NOT_CLOSED)
