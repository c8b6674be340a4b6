"""Forms: urlencoded and multipart ones as browsers send them, and whatever else may come."""

from pathlib import Path
from time import process_time
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from japy.application.form import File, read_form
from japy.core.codec import Form
from japy.core.errors import BadRequest, MalformedForm, MalformedText, UnknownEncoding
from japy.core.limits import Limits
from tests.support.strategies import tokens

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
LIMITS = Limits()
TANGLED = (b"%&=+3aF8e;") * 25 + b"%&=+3a"  # bytes to those that matter
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def read_any(content_type: str, body: bytes | None, limits: Limits = LIMITS) -> Form | None:
    """Return the form that a body is, or None."""
    return read_form(limits, content_type, body)


def read(content_type: str, body: bytes | None, limits: Limits = LIMITS) -> Form:
    """Return the form that a body has to be."""
    form = read_any(content_type, body, limits)
    assert form is not None
    return form


def part(content: bytes, *headers: str) -> bytes:
    """Return a part of a multipart body with the boundary `b`."""
    head = "\r\n".join(["--b", *headers, "", ""])
    return head.encode() + content + b"\r\n"


def field(name: str, content: bytes, *headers: str, parameters: str = "") -> bytes:
    """Return a part that is a field of a form."""
    return part(content, f'Content-Disposition: form-data; name="{name}"{parameters}', *headers)


@pytest.mark.parametrize("mime_type", ["", "text/plain", "multipart/mixed; boundary=b", ";"])
def test_other_types_are_no_forms(mime_type: str) -> None:
    assert read_any(mime_type, b"a=1") is None
    assert read_any(mime_type, None) is None


# urlencoded


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (None, []),
        (b"", []),
        (b"&&", []),
        (b"a", [("a", "")]),
        (b"a=", [("a", "")]),
        (b"=a", [("", "a")]),
        (b"a=1&a=2&b=3", [("a", "1"), ("a", "2"), ("b", "3")]),
        (b"a=+%2B%26%3D", [("a", " +&=")]),
        (b"%C3%A9=%c3%a9", [("é", "é")]),
        ("é=é".encode(), [("é", "é")]),
        (b"a=%ff\xff", [("a", "\ufffd\ufffd")]),
        (b"a=%zz%", [("a", "%zz%")]),
        (b"a=b;c=d", [("a", "b;c=d")]),
    ],
)
def test_urlencoded_fields_come_in_order(body: bytes | None, fields: list[tuple[str, str]]) -> None:
    form = read(URLENCODED, body)
    assert form.fields == fields
    assert form.files is None


def test_urlencoded_fields_may_be_in_another_charset() -> None:
    form = read(f"{URLENCODED}; charset=iso-8859-1", b"a=\xe9%E9")
    assert form.fields == [("a", "éé")]
    with pytest.raises(UnknownEncoding):
        read_any(f"{URLENCODED}; charset=no-such", b"")


def test_there_are_limits_to_urlencoded_fields() -> None:
    assert (
        len(read(URLENCODED, b"a=1&" * (LIMITS.form_fields - 1)).fields) == LIMITS.form_fields - 1
    )
    with pytest.raises(MalformedForm) as caught:
        read_any(URLENCODED, b"a=1&" * LIMITS.form_fields)
    assert caught.value.status == 400
    assert caught.value.name == "malformed form: more than 1000 fields"


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_urlencoded_fields_come_back(fields: list[tuple[str, str]]) -> None:
    assert read(URLENCODED, urlencode(fields).encode()).fields == fields


@given(st.binary(max_size=60).map(lambda data: data.translate(TANGLED)))
@example(b"%83e=%e3%83%86&a=%e3%83")
def test_urlencoded_bytes_mean_what_they_mean_to_the_standard_library(body: bytes) -> None:
    for codec in ("utf-8", "latin-1", "shift_jis"):
        text = body.decode("latin-1")
        expected = parse_qsl(text, keep_blank_values=True, encoding=codec, errors="replace")
        assert read(f"{URLENCODED}; charset={codec}", body).fields == expected


def test_urlencoded_text_may_be_in_a_charset_of_its_own() -> None:
    assert read(f"{URLENCODED}; charset=utf-16", "a=é&b=%41".encode("utf-16")).fields == [
        ("a", "é"),
        ("b", "A"),
    ]


def test_escapes_that_escape_nothing_take_no_time() -> None:
    limits = Limits(form_text=16_000_000)
    before = process_time()
    for body in (b"%" * 16_000_000, b"%41" * 5_000_000):
        read(URLENCODED, body, limits)
    assert process_time() - before < 5, "urllib takes 15 s"


# multipart


def test_a_browser_s_form() -> None:
    body = (
        b"------WebKitFormBoundaryX\r\n"
        b'Content-Disposition: form-data; name="title"\r\n\r\n'
        b"caf\xc3\xa9\r\n"
        b"------WebKitFormBoundaryX\r\n"
        b'Content-Disposition: form-data; name="photo"; filename="a%22b.png"\r\n'
        b"Content-Type: image/png\r\n\r\n"
        b"\x89PNG\r\n\x1a\n\r\n"
        b"------WebKitFormBoundaryX--\r\n"
    )
    form = read("multipart/form-data; boundary=----WebKitFormBoundaryX", body)
    assert form.fields == [("title", "café")]
    assert form.files == [("photo", File("image/png", b"\x89PNG\r\n\x1a\n", 'a"b.png'))]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (['Content-Disposition: form-data; name="a"'], None),
        (["content-disposition: FORM-DATA; NAME=a"], None),
        (['CONTENT-DISPOSITION:form-data;name="a"', "X-Other: y"], None),
        (['Content-Disposition: form-data; name="a"; filename="b"'], File(None, b"1", "b")),
        (['Content-Disposition: form-data; filename="b"; name="a"'], File(None, b"1", "b")),
        (['Content-Disposition: form-data; name="a"; filename=""'], File(None, b"1", "")),
        (
            ["content-type: Text/Plain; charset=x", "Content-Disposition: form-data; name=a"],
            File("text/plain", b"1", None),
        ),
        (
            ['Content-Disposition: form-data; name="a"; filename="../é"', "Content-Type: a/b"],
            File("a/b", b"1", "../é"),
        ),
        # RFC 7578 §4.2: filename* is not for forms
        (["Content-Disposition: form-data; name=\"a\"; filename*=UTF-8''b"], None),
    ],
)
def test_a_part_with_a_file_name_or_a_type_is_a_file(
    headers: list[str], expected: File | None
) -> None:
    form = read(MULTIPART, part(b"1", *headers) + b"--b--")
    if expected is None:
        assert (form.fields, form.files) == ([("a", "1")], [])
    else:
        assert (form.fields, form.files) == ([], [("a", expected)])


@pytest.mark.parametrize(
    ("content_type", "head"),
    [
        ('multipart/form-data; boundary="b"', b""),
        ("Multipart/Form-Data;BOUNDARY=b; charset=utf-8", b""),
        (MULTIPART, b"a preamble\r\n"),
    ],
)
def test_a_boundary_is_found(content_type: str, head: bytes) -> None:
    body = head + field("a", b"x--b\r\n--bb--b--") + b"--b--\r\nan epilogue --b"
    with pytest.raises(MalformedForm, match="after boundary"):
        read_any(content_type, body)
    body = head + field("a", b"x--b\r\n --b--\r\n-b") + b"--b--\r\nan epilogue --b"
    assert read(content_type, body).fields == [("a", "x--b\r\n --b--\r\n-b")]


def test_without_a_body_there_is_nothing_to_read() -> None:
    form = read("multipart/form-data", None)
    assert (form.fields, form.files) == ([], [])
    form = read(MULTIPART, b"--b--\r\n")
    assert (form.fields, form.files) == ([], [])


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("multipart/form-data", b"--b--", "no boundary"),
        ("multipart/form-data; boundary=", b"--b--", "no boundary"),
        ('multipart/form-data; boundary=""', b"----", "no boundary"),
        ("multipart/form-data; boundary=" + 71 * "b", b"--b--", "boundary over 70"),
        ("multipart/form-data; boundary=c", field("a", b"1") + b"--b--", "not found"),
        (MULTIPART, b"", "end of multipart"),
        (MULTIPART, b"--b", "end of multipart"),
        (MULTIPART, b"--b\r\n", "end of multipart"),
        (MULTIPART, field("a", b"1"), "end of multipart"),
        (MULTIPART, field("a", b"1") + b"--b", "end of multipart"),
        (MULTIPART, b"x" + field("a", b"1") + b"--b--", "in front of first boundary"),
        (MULTIPART, field("a", b"1").replace(b"\r\n", b"\n") + b"--b--", "line break"),
        (MULTIPART, part(b"1") + b"--b--", "Content-Disposition"),
        (MULTIPART, part(b"1", "X-A: b") + b"--b--", "Content-Disposition"),
        (MULTIPART, part(b"1", "Content-Disposition: form-data") + b"--b--", "name"),
        (MULTIPART, part(b"1", 'Content-Disposition: file; name="a"') + b"--b--", "type"),
        (MULTIPART, field("a", b"1", "no colon") + b"--b--", "header"),
        (MULTIPART, field("a", b"1", " folded: x") + b"--b--", "continuation"),
        (MULTIPART, field("a", b"1", "Content-Length: 2") + b"--b--", "Content-Length"),
    ],
)
def test_a_malformed_body_is_a_bad_request(content_type: str, body: bytes, reason: str) -> None:
    with pytest.raises(MalformedForm, match=reason) as caught:
        read_any(content_type, body)
    assert caught.value.status == 400
    assert caught.value.name.startswith("malformed form: ")


def test_there_are_limits_to_parts() -> None:
    most = field("a", b"") * LIMITS.form_fields + b"--b--"
    assert len(read(MULTIPART, most).fields) == LIMITS.form_fields
    with pytest.raises(MalformedForm, match="count"):
        read_any(MULTIPART, field("a", b"") + most)
    with pytest.raises(MalformedForm, match="count"):
        read_any(MULTIPART, field("a", b"", *[f"X-{n}: y" for n in range(8)]) + b"--b--")
    with pytest.raises(MalformedForm, match="length"):
        read_any(MULTIPART, field("a", b"", "X: " + LIMITS.part_head * "y") + b"--b--")
    with pytest.raises(MalformedForm, match="length"):
        read_any(MULTIPART, b"--b\r\n" + (LIMITS.part_head + 1) * b"y")
    with pytest.raises(MalformedForm, match="text field over"):
        read_any(MULTIPART, field("a", (LIMITS.form_text + 1) * b"y") + b"--b--")
    form = read(MULTIPART, field("a", LIMITS.form_text * b"y") + b"--b--")
    assert len(form.fields[0][1]) == LIMITS.form_text
    form = read(
        MULTIPART, field("a", (LIMITS.form_text + 1) * b"y", "Content-Type: a/b") + b"--b--"
    )
    assert form.files is not None
    assert len(form.files[0][1].body) == LIMITS.form_text + 1


def test_the_limits_are_those_of_the_application() -> None:
    limits = Limits(form_fields=2, form_text=3, part_fields=1, part_head=64)
    assert len(read(URLENCODED, b"a&b", limits).fields) == 2
    with pytest.raises(MalformedForm, match="urlencoded form over 3 bytes"):
        read(URLENCODED, b"a&bc", limits)
    with pytest.raises(MalformedForm, match="more than 2 fields"):
        read(URLENCODED, b"&&&", limits)
    assert len(read(MULTIPART, field("a", b"123") * 2 + b"--b--", limits).fields) == 2
    for body in (field("a", b"") * 3, field("a", b"1234"), field("a", b"", "X: y")):
        with pytest.raises(MalformedForm):
            read(MULTIPART, body + b"--b--", limits)


def test_a_text_field_is_utf_8_unless_another_field_says_otherwise() -> None:
    with pytest.raises(MalformedText):
        read_any(MULTIPART, field("a", b"\xe9") + b"--b--")
    body = field("a", b"\xe9") + field("_charset_", b"iso-8859-1") + b"--b--"
    assert read(MULTIPART, body).fields == [("a", "é"), ("_charset_", "iso-8859-1")]
    with pytest.raises(UnknownEncoding):
        read_any(MULTIPART, field("_charset_", b"\xff\r\n") + b"--b--")


def test_a_name_that_is_no_utf_8_is_malformed() -> None:
    body = field("N", b"").replace(b"N", b"\xff") + b"--b--"
    with pytest.raises(MalformedForm) as caught:
        read_any(MULTIPART, body)
    assert caught.value.name == "malformed form: Segment header failed to decode"


class Sent(NamedTuple):
    """A part, before and after its way."""

    name: str
    type: str | None
    body: bytes
    filename: str | None

    def data(self, boundary: str) -> bytes:
        """Return the part as browsers write it."""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{quoted(self.name)}"'
        if self.filename is not None:
            head += f'; filename="{quoted(self.filename)}"'
        if self.type is not None:
            head += f"\r\nContent-Type: {self.type}"
        return head.encode() + b"\r\n\r\n" + self.body + b"\r\n"


def quoted(text: str) -> str:
    """Return a parameter as browsers quote it (WHATWG HTML, multipart form data)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="%\\"))
MEDIA_TYPES = st.sampled_from([None, "text/plain", "image/png"])
PARTS = st.builds(Sent, PLAIN, MEDIA_TYPES, st.binary(), st.none() | PLAIN)


@given(st.lists(PARTS, max_size=5), tokens(20))
@example([Sent("a\r\nb", "a/b", b"\r\n--", '"')], "x")
def test_parts_come_back(parts: list[Sent], boundary: str) -> None:
    parts = [part for part in parts if f"--{boundary}".encode() not in b"\r\n" + part.body]
    body = b"".join(part.data(boundary) for part in parts) + f"--{boundary}--\r\n".encode()
    texts = [part for part in parts if part.type is None and part.filename is None]
    try:
        form = read(f'multipart/form-data; boundary="{boundary}"', body)
    except MalformedText:
        with pytest.raises(UnicodeDecodeError):
            b"\n".join(part.body for part in texts).decode()
        return
    assert form.fields == [(part.name, part.body.decode()) for part in texts]
    assert form.files == [
        (part.name, File(part.type, part.body, part.filename))
        for part in parts
        if part not in texts
    ]


def is_answered(content_type: str, body: bytes) -> bool:
    """Tell whether a body is a form or a bad request, and nothing else."""
    try:
        return read_any(content_type, body) is not None
    except BadRequest as error:
        return error.status == 400 and error.name.isascii() and error.name.isprintable()


PIECES = [b"--b", b"--", b"\r\n", b"\n", b'Content-Disposition: form-data; name="a"', b'"', b"\\"]
PIECES += [
    b"; filename=",
    b"Content-Type: ",
    b"a/b",
    b"; charset=",
    b":",
    b" ",
    b"Content-Length: ",
]


@given(
    st.sampled_from([MULTIPART, "multipart/form-data; boundary", URLENCODED]),
    st.lists(st.sampled_from(PIECES) | st.binary(max_size=4)).map(b"".join),
)
def test_whatever_comes_it_is_a_form_or_a_bad_request(content_type: str, body: bytes) -> None:
    assert is_answered(content_type, body)


@given(st.text(st.characters(max_codepoint=255)))
@example('multipart/form-data; boundary="')
def test_whatever_type_comes_it_is_a_form_or_a_bad_request(parameters: str) -> None:
    for mime_type in ("multipart/form-data", URLENCODED):
        assert is_answered(f"{mime_type}; {parameters}", b"--b--")


# Files


def test_a_file_is_a_tuple_of_three() -> None:
    file = File("text/plain", b"x", "a.txt")
    kind, body, name = file
    assert (kind, body, name) == ("text/plain", b"x", "a.txt")
    assert (file.type, file.body, file.name) == (kind, body, name)
    assert isinstance(file, tuple)
    assert len(file) == 3
    assert file.read() == file.read() == b"x"


def test_a_file_is_saved_where_the_caller_says(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    file = File(None, b"\x00\r\n", "../there")
    file.save(tmp_path / "here" / "a")
    file.save(str(tmp_path / "here" / "b"))
    (tmp_path / "here" / "b").write_bytes(b"longer than it")
    file.save(str(tmp_path / "here" / "b"))
    for name in ("a", "b"):
        assert (tmp_path / "here" / name).read_bytes() == b"\x00\r\n"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "here"]


@pytest.mark.parametrize("name", ["a.txt", "/etc/passwd", "../a.txt", "", None])
def test_a_file_is_not_saved_under_the_client_s_name(tmp_path: Path, name: str | None) -> None:
    with pytest.raises(IsADirectoryError, match="Name the file") as caught:
        File(None, b"x", name).save(tmp_path)
    assert caught.value.filename == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_saved_where_no_directory_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        File(None, b"x", "a").save(tmp_path / "missing" / "a")
    with pytest.raises(TypeError):
        File(None, b"x", "a").save(1)  # type: ignore[arg-type]  # a descriptor is no path
