"""JSON by any library: what it is given, and what becomes of its errors."""

import json
from functools import partial

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy.application.form import read_form as read_limited
from japy.core.codec import Codec, Dumps, Form, Loads
from japy.core.errors import BadRequest, MalformedJSON, UnknownEncoding
from japy.core.limits import Limits

LIBRARIES: list[tuple[Dumps, Loads]] = [
    (json.dumps, json.loads),
    (orjson.dumps, orjson.loads),
    (msgspec.json.encode, msgspec.json.decode),
]
READ_FORM = partial(read_limited, Limits())
every_library = pytest.mark.parametrize(
    "codec",
    [Codec(*library, READ_FORM) for library in LIBRARIES],
    ids=["json", "orjson", "msgspec"],
)
MARK = b"\xef\xbb\xbf"


@every_library
@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ('["é"]'.encode(), None),
        ('["é"]'.encode(), ""),
        ('["é"]'.encode(), "UTF-8"),
        (MARK + '["é"]'.encode(), None),
        (MARK + '["é"]'.encode(), "utf-8"),
        (MARK + '["é"]'.encode(), "utf-8-sig"),
        (b'["\\u00e9"]', "ascii"),
        (b'["\xe9"]', "latin-1"),
        ('["é"]'.encode("utf-16"), "utf-16"),
        ('["é"]'.encode("utf-16-le"), "utf-16le"),
        ('\ufeff["é"]'.encode("utf-16-be"), "utf-16be"),
        ('["é"]'.encode("utf-32"), "utf-32"),
    ],
)
def test_a_body_is_read_in_its_encoding(codec: Codec, body: bytes, encoding: str | None) -> None:
    assert codec.read_json(body, encoding) == ["é"]


@every_library
@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"", None),
        (MARK, None),
        (MARK + MARK + b"1", None),
        (b"{", None),
        (b"[1,]", None),
        (b"\xff", None),
        (b'"\xff"', None),
        (b'"\xed\xa0\x80"', None),
        (b'["\xe9"]', "utf-8"),
        ("[]".encode("utf-16"), None),
        (b"[]]", "utf-16"),
        (b"\xff", "utf-16"),
        (b"[" * 100_000, None),
        (b"nul\r\nl", None),
        ("é\r\n".encode(), "latin-1"),
    ],
)
def test_what_is_no_json_is_a_bad_request(codec: Codec, body: bytes, encoding: str | None) -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        codec.read_json(body, encoding)
    error = caught.value
    assert isinstance(error, MalformedJSON)
    assert isinstance(error, BadRequest)
    assert error.status == 400
    assert error.name.startswith("malformed JSON: ")
    assert error.name.isprintable()
    assert error.name.isascii()
    assert isinstance(error.msg, str)
    assert isinstance(error.doc, str)
    assert error.pos <= len(error.doc)


@every_library
def test_an_unknown_encoding_is_told(codec: Codec) -> None:
    with pytest.raises(UnknownEncoding):
        codec.read_json(b"1", "no-such")


def test_a_number_with_too_many_digits_is_malformed() -> None:
    with pytest.raises(MalformedJSON, match="digits"):
        Codec(json.dumps, json.loads, READ_FORM).read_json(b"1" * 5000, None)


def test_the_place_of_an_error_is_kept_if_it_is_known() -> None:
    with pytest.raises(MalformedJSON) as caught:
        Codec(json.dumps, json.loads, READ_FORM).read_json(b"[1,\n x]", None)
    assert (caught.value.msg, caught.value.lineno, caught.value.colno) == ("Expecting value", 2, 2)
    assert str(caught.value) == "Expecting value: line 2 column 2 (char 5)"
    assert caught.value.name == "malformed JSON: Expecting value at line 2 column 2"
    with pytest.raises(MalformedJSON) as caught:
        Codec(msgspec.json.encode, msgspec.json.decode, READ_FORM).read_json(b"[1,\n x]", None)
    assert "line" not in caught.value.name
    assert str(caught.value) == caught.value.msg


def test_errors_that_are_not_the_clients_pass() -> None:
    def fail(data: bytes) -> object:
        raise KeyError(data)

    with pytest.raises(KeyError):
        Codec(json.dumps, fail, READ_FORM).read_json(b"1", None)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@every_library
@given(value=VALUES, encoding=st.sampled_from(["utf-8", "utf-16", "utf-32-be"]))
def test_what_one_library_writes_every_library_reads(
    codec: Codec, value: object, encoding: str
) -> None:
    text = json.dumps(value)
    if "\\ud" not in text:  # halves of a surrogate pair are for the standard library only
        assert codec.read_json(text.encode(encoding), encoding) == value


def test_a_form_is_read_by_who_was_handed_in() -> None:
    form = Form([("a", "1")], None)
    codec = Codec(json.dumps, json.loads, lambda content_type, body: form)
    assert codec.read_form("", None) is form
    assert (form.fields, form.files) == ([("a", "1")], None)
