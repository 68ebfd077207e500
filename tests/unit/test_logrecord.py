"""Records of the log: whatever bytes come, they are read or refused, and nothing else happens."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie import sealing
from crosstie.errors import Rejected
from crosstie.logrecord import Headers, head_of, headers, opened
from crosstie.network.facts import DECODERS, Contact, Described

ANN, BOB = "A" * 16, "B" * 16
CONTACT = "org.crosstie.contact.made.v1"
GOOD = headers("s", "1", CONTACT, 1_700_000_000_000_000, sealed=False)
SEALED = headers("s", "1", CONTACT, 1_700_000_000_000_000, sealed=True)
TIE = f"tie/{ANN}/{BOB}".encode()


def replaced(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(each, value if each == name else text) for each, text in GOOD]


@pytest.mark.parametrize(
    ("key", "given_headers"),
    [
        (TIE, [*GOOD, ("x", None)]),
        (TIE, [*GOOD, ("\udcff", b"1")]),
        (TIE, [*GOOD, ("x", b"\xff")]),
        (TIE, replaced("ce_id", None)),
        (TIE, replaced("ce_time", b"0001-01-01T00:00:00+23:00")),
        (TIE, replaced("ce_time", b"9999-12-31T23:59:59-23:00")),
        (TIE, replaced("ce_time", b"2026-01-01T00:00:00")),
        (TIE, SEALED),
        (None, GOOD),
        (b"tie/x", GOOD),
        (b"member/x", GOOD),
        (f"tie/{BOB}/{ANN}".encode(), GOOD),
        (f"tie/{ANN}/{ANN}".encode(), GOOD),
        (f"member/{ANN}/{BOB}".encode(), GOOD),
        (f"member/{ANN}\n".encode(), GOOD),
        (b"\xff", GOOD),
    ],
)
def test_what_ingestion_would_not_write_is_refused(
    key: bytes | None, given_headers: Headers
) -> None:
    assert head_of(TIE, b"{}", GOOD).id == "1"
    with pytest.raises(Rejected):
        head_of(key, b"{}", given_headers)


@pytest.mark.parametrize("weight", ["1e308", "-1", "0", "NaN"])
def test_numbers_that_no_row_can_hold_are_refused(weight: str) -> None:
    value = f'{{"members":["{ANN}","{BOB}"],"channel":"met","weight":{weight}}}'.encode()
    with pytest.raises(Rejected):
        opened(head_of(TIE, value, GOOD), {})


@pytest.mark.parametrize(
    "value",
    [
        f'{{"members":["{ANN}","{BOB}"],"channel":"'.encode() + b'\xff"}',
        b'{"x":' + b"[" * 100_000,
        b'{"x":' + b'{"x":' * 100_000 + b"1" + b"}" * 100_001,
    ],
    ids=["no UTF-8 in a text", "deep lists", "deep objects"],
)
def test_what_makes_a_decoder_raise_an_error_of_another_kind_is_refused(value: bytes) -> None:
    with pytest.raises(Rejected):
        opened(head_of(TIE, value, GOOD), {})


NOON = 1_760_000_000_000_000
DESCRIBED = "org.crosstie.member.described.v1"
MET = f'{{"members":["{ANN}","{BOB}"],"channel":"met","weight":0.5}}'.encode()


@pytest.mark.parametrize(
    ("sealed", "media"),
    [(True, b"application/vnd.crosstie.sealed+json"), (False, b"application/json")],
)
def test_a_logged_event_has_the_headers_of_cloudevents_binary_mode(
    sealed: bool, media: bytes
) -> None:
    assert headers("urn:é", "e/1", CONTACT, NOON + 5, sealed=sealed) == [
        ("ce_specversion", b"1.0"),
        ("ce_source", "urn:é".encode()),
        ("ce_id", b"e/1"),
        ("ce_type", CONTACT.encode()),
        ("ce_time", b"2025-10-09T08:53:20.000005Z"),
        ("content-type", media),
    ]


def test_what_was_logged_in_plain_is_read_as_it_was_said() -> None:
    event = opened(head_of(TIE, MET, headers("s", "e1", CONTACT, NOON, sealed=False)), {})
    assert (event.source, event.id, event.type, event.time) == ("s", "e1", CONTACT, NOON)
    assert event.key == TIE.decode()
    assert event.data == Contact((ANN, BOB), "met", weight=0.5)


def sealed(payload: bytes, key: bytes, subject: str = ANN, id: str = "e1") -> Any:
    value = sealing.seal(payload, key, "s", "e1")
    given = headers("s", id, DESCRIBED, NOON, sealed=True)
    return head_of(f"member/{subject}".encode(), value, given)


def test_what_was_sealed_is_opened_with_the_key_of_its_subject_and_else_redacted() -> None:
    key = sealing.new_key()
    head = sealed(f'{{"member":"{ANN}","sector":"housing"}}'.encode(), key)
    assert (head.sealed, head.sealed_subject) == (True, ANN)
    event, redacted = opened(head, {ANN: key}), opened(head, {BOB: key})
    assert event.data == Described(ANN, sector="housing")
    assert redacted.data is None
    assert redacted.body == event.body
    assert redacted.key == event.key == f"member/{ANN}"


def test_a_payload_sealed_for_another_event_or_about_somebody_else_is_refused() -> None:
    key = sealing.new_key()
    payload = f'{{"member":"{ANN}"}}'.encode()
    with pytest.raises(Rejected):
        opened(sealed(payload, key, id="e2"), {ANN: key})
    with pytest.raises(Rejected, match=f"member/{ANN}, whom the data is about"):
        opened(sealed(payload, key, subject=BOB), {BOB: key})


def test_the_digest_of_a_body_is_of_type_time_and_payload_and_stays_through_upgrades() -> None:
    def body(type: str = CONTACT, time: int = NOON, value: bytes = MET, id: str = "e1") -> bytes:
        return opened(head_of(TIE, value, headers("s", id, type, time, sealed=False)), {}).body

    assert body().hex() == "ec6d38ff59f4f92df3a0f471e3fe65a6"
    assert body(id="e2") == body()
    assert len({body(), body(time=NOON + 1), body(value=MET + b" ")}) == 3


OF_HEADERS = "must be headers of a logged CloudEvent; send it through ingestion"
OF_KEYS = "must be member/<subject>, or tie/<a>/<b> in plain; send it through ingestion"
OF_DATA = f"must be the data of {CONTACT}; see the AsyncAPI document"
OF_TYPES = "must be a type this version knows; upgrade, then replay the quarantine"
CHIDI = "C" * 16
OF_PEOPLE = f"must be tie/{BOB}/{CHIDI}, whom the data is about; send it through ingestion"
OLD = b"1899-12-31T23:59:59Z"
NO_ID = [each for each in GOOD if each[0] != "ce_id"]
ONE, THREE = b'{"members":["secret"]}', MET.replace(b'"met"', b"3")
TEA = b"org.crosstie.tea.drunk.v9"


@pytest.mark.parametrize(
    ("key", "value", "given", "found", "expected"),
    [
        (TIE, MET, replaced("ce_time", None), '/headers is "ce_time without a value"', OF_HEADERS),
        (TIE, MET, NO_ID, "/headers is \"'ce_id'\"", OF_HEADERS),
        (TIE, MET, replaced("ce_time", OLD), f'/headers is "ce_time {OLD.decode()}"', OF_HEADERS),
        (TIE, MET, replaced("ce_type", TEA), f'/type is "{TEA.decode()}"', OF_TYPES),
        (f"tie/{BOB}/{ANN}".encode(), MET, GOOD, f'/key is "tie/{BOB}/{ANN}"', OF_KEYS),
        (b"tie/x", MET, GOOD, "/key is text of 5 characters", OF_KEYS),
        (None, MET, GOOD, "/key is text of 0 characters", OF_KEYS),
        (TIE, ONE, GOOD, '/data is "Expected `array` of length 2 - at `$.members`"', OF_DATA),
        (TIE, THREE, GOOD, '/data is "Expected `str`, got `int` - at `$.channel`"', OF_DATA),
        (TIE, None, GOOD, '/data is "Input data was truncated"', OF_DATA),
        (TIE, MET.replace(ANN.encode(), CHIDI.encode()), GOOD, f'/key is ""{TIE.decode()}""', OF_PEOPLE),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_wrong_what_may_be_and_what_to_do(
    key: bytes | None, value: bytes | None, given: Headers, found: str, expected: str
) -> None:
    with pytest.raises(Rejected) as refused:
        opened(head_of(key, value, given), {})
    assert str(refused.value) == f"{found}, {expected}"


def test_no_word_of_a_payload_is_in_its_refusal() -> None:
    key = sealing.new_key()
    payload = f'{{"member":"{ANN}","level":"canary"}}'.encode()
    with pytest.raises(Rejected) as refused:
        opened(sealed(payload, key), {ANN: key})
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value", "given"),
    [
        (b"canary", MET, GOOD),
        (b"member/canary", MET, GOOD),
        (TIE, MET, replaced("ce_type", b"canary")),
        (TIE, MET, replaced("ce_type", b"org.crosstie.a canary.sings.v1")),
        (TIE, MET, replaced("ce_time", b"canary")),
        (TIE, MET, [*GOOD, ("canary", None)]),
        (TIE, MET.replace(ANN.encode(), b"canary"), GOOD),
    ],
)
def test_whatever_else_holds_a_word_its_refusal_holds_none(
    key: bytes, value: bytes, given: Headers
) -> None:
    with pytest.raises(Rejected) as refused:
        opened(head_of(key, value, given), {})
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (msgspec.ValidationError("Invalid value 'canary' - at `$.x`"), "Invalid value (withheld) - at `$.x`"),
        (msgspec.ValidationError("Invalid value 'can\nary'"), "Invalid value (withheld)"),
        (UnicodeDecodeError("utf-8", b"canary", 0, 1, "canary"), "UnicodeDecodeError"),
        (RecursionError("canary"), "RecursionError"),
    ],
)  # fmt: skip
def test_of_a_decoder_s_error_only_words_that_are_not_of_the_payload_are_told(
    error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(_: bytes) -> None:
        raise error

    monkeypatch.setattr("crosstie.logrecord.DECODERS", {CONTACT: SimpleNamespace(decode=decode)})
    with pytest.raises(Rejected) as refused:
        opened(head_of(TIE, MET, GOOD), {})
    assert str(refused.value) == f'/data is "{reason}", {OF_DATA}'


@pytest.mark.parametrize("time", [b"1900-01-01T00:00:00Z", b"9998-12-31T23:59:59.999999Z"])
def test_times_that_can_be_written_again_are_read(time: bytes) -> None:
    head = head_of(TIE, MET, replaced("ce_time", time))
    again = headers("s", "1", CONTACT, head.time, sealed=False)
    assert dict(again)["ce_time"] == time
    with pytest.raises(Rejected):
        head_of(TIE, MET, replaced("ce_time", b"9999-01-01T00:00:00Z"))


_names = st.sampled_from([name for name, _ in GOOD]) | st.text(max_size=5)
_values = st.none() | st.binary(max_size=12) | st.sampled_from([text for _, text in GOOD])
_types = st.sampled_from(sorted(DECODERS)).map(str.encode)
_keys = st.none() | st.binary(max_size=30) | st.sampled_from([TIE, f"member/{ANN}".encode()])


@given(_keys, st.none() | st.binary(max_size=40), st.lists(st.tuples(_names, _values)), _types)
def test_any_record_is_read_or_refused(
    key: bytes | None, value: bytes | None, more: list[Any], type: bytes
) -> None:
    try:
        opened(head_of(key, value, [*replaced("ce_type", type), *more]), {ANN: bytes(32)})
    except Rejected as refusal:
        str(refusal).encode()
