"""What a request carries along: taken over from a caller that sent something sensible, made anew otherwise."""

import re

import pytest

from shared.context import new_context

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_what_a_caller_sent_is_carried_along() -> None:
    about = new_context("order-7", TRACE)
    assert (about.correlation_id, about.traceparent, about.actor) == ("order-7", TRACE, "system")


@pytest.mark.parametrize("sent", [None, "", "two words", "x" * 1000, "131052-308T"])
def test_a_correlation_id_that_may_not_be_kept_is_made_anew(sent: str | None) -> None:
    assert re.fullmatch("[0-9a-f]{16}", new_context(sent, TRACE).correlation_id)


@pytest.mark.parametrize("sent", [None, "", TRACE.upper(), TRACE + "-x", "00-" + "0" * 32])
def test_a_trace_that_follows_no_standard_is_begun_anew(sent: str | None) -> None:
    found = new_context("order-7", sent).traceparent
    assert found != sent
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", found)
