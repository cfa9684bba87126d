"""What a request carries along: taken over from a caller that sent something sensible, made anew otherwise."""

import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.context import following, new_context
from shared.ids import new_id

ID = "0a7651f9-16cd-43dd-8448-eb211c80319c"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FRESH_TRACE = "00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01"


def test_what_a_caller_sent_is_carried_along() -> None:
    about = new_context(ID, TRACE, "vendor=value")
    assert (about.correlation_id, about.traceparent, about.tracestate) == (ID, TRACE, "vendor=value")
    assert about.actor == "system"


@pytest.mark.parametrize(
    "sent",
    [ID, ID.upper(), ID.replace("-", ""), str(new_id()), str(uuid4())],
    ids=["as it is", "in capitals", "without hyphens", "version 7", "version 4"],
)
def test_a_correlation_id_like_a_uuid_is_kept(sent: str) -> None:
    assert new_context(sent, TRACE).correlation_id == sent


@pytest.mark.parametrize(
    "sent",
    [
        *(None, "", "two words", "x" * 1000, "131052-308T", "order-7", "Esimerkki.Asiakas", "040-1234567", "client:7"),
        *(
            "131052308",
            "0401234567",
            ID[:-1],
            ID + "0",
            ID.replace("-", "", 1),
            f"{{{ID}}}",
            f"urn:uuid:{ID}",
            f" {ID}",
        ),
        *(ID + "\n", "a@mail.example", "\u0660" * 32, "g" * 32),
    ],
)
def test_a_correlation_id_that_may_not_be_kept_is_made_anew(sent: str | None) -> None:
    found = new_context(sent, TRACE).correlation_id
    assert found != sent
    assert UUID(found).version == 4
    assert new_context(found, TRACE).correlation_id == found


@given(st.text())
def test_no_text_is_kept_as_a_correlation_id(sent: str) -> None:
    assert re.fullmatch("[0-9a-fA-F-]{32,36}", new_context(sent).correlation_id)


def test_what_follows_from_an_earlier_request_keeps_its_correlation_id() -> None:
    assert following("order-7", TRACE, "vendor=value", "somebody").correlation_id == "order-7"


@pytest.mark.parametrize(
    "sent",
    [
        *(
            None,
            "",
            TRACE.upper(),
            TRACE + "-x",
            "00-" + "0" * 32,
            TRACE + "\n",
            " " + TRACE,
            TRACE[:-1],
            "ff" + TRACE[2:],
        ),
        f"00-{'0' * 32}-{'0' * 16}-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        f"01-{'0' * 32}-b7ad6b7169203331-01-more",
        f"01-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what",
    ],
)
def test_a_trace_that_follows_no_standard_is_begun_anew_without_its_state(sent: str | None) -> None:
    for about in (new_context(ID, sent, "vendor=value"), following(ID, sent, "vendor=value", "somebody")):
        assert about.traceparent != sent
        assert re.fullmatch(FRESH_TRACE, about.traceparent)
        assert about.tracestate is None


@pytest.mark.parametrize("sent", ["01" + TRACE[2:], "cc" + TRACE[2:-2] + "ff-and-more", "01" + TRACE[2:] + "-"])
def test_a_trace_of_a_later_version_goes_on_as_far_as_it_is_known(sent: str) -> None:
    assert new_context(ID, sent).traceparent == TRACE


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        ("a=1 ,\tb=2", "a=1,b=2"),
        ("a=1,,b=2,", "a=1,b=2"),
        ("fw529a3039@dt=FfAAA==", None),  # a value holds no equals sign
        ("0tenant@v=x", "0tenant@v=x"),
        ("a_b-c*d/e=with blanks inside", "a_b-c*d/e=with blanks inside"),
        *((value, None) for value in ("", " ", ",", "a", "=1", "a=", "A=1", "1a=1", "a=1,a=2", "a=ä", "a=1;b=2\n")),
        *((value, None) for value in ("a@=1", "@v=1", "a@b@c=1", f"a@{'v' * 15}=1", f"{'a' * 257}=1", "a=131052-308T")),
        ("a=" + "x" * 256, "a=" + "x" * 256),
        ("a=" + "x" * 257, None),
        (",".join(f"a{n}=1" for n in range(32)), ",".join(f"a{n}=1" for n in range(32))),
        (",".join(f"a{n}=1" for n in range(33)), None),
        (",".join(f"a{n}={'x' * 100}" for n in range(6)), None),
    ],
)
def test_a_state_that_follows_no_standard_is_dropped_and_its_trace_goes_on(sent: str, kept: str | None) -> None:
    about = new_context(ID, TRACE, sent)
    assert (about.traceparent, about.tracestate) == (TRACE, kept)
