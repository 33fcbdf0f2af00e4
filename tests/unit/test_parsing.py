"""Whatever is wrong with JSON is one error, wherever it is read."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.entries import Change, read_change
from captioner.parsing import read
from captioner.records import CaptionRecord, from_json
from tests.support.records import record_of

DEEP = b'{"x":' + b"[" * 100_000
NOT_TEXT = b'{"image": {"name": "\xff"}}'


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", DEEP, NOT_TEXT, b"[]", b'{"image": 1e999}'])
@pytest.mark.parametrize("kind", [CaptionRecord, Change])
def test_what_is_wrong_is_a_decode_error(data: bytes, kind: type) -> None:
    with pytest.raises(msgspec.DecodeError):
        read(data, msgspec.json.Decoder(kind))


@pytest.mark.parametrize("read_one", [from_json, read_change])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_decode_error(read_one, data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_one(data)


def test_what_is_as_it_should_be_is_read() -> None:
    record = record_of("a.jpg")
    assert read(msgspec.json.encode(record), msgspec.json.Decoder(CaptionRecord)) == record
