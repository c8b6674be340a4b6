"""The forms that a browser sends: urlencoded (WHATWG URL §5.1) or multipart (RFC 7578).

Knows the two media types and what a client may ask for. The grammar of multipart bodies is left to
the library `multipart`, which is imported with the first of them.

Invariants:
- Whatever a client sends, reading it ends in a Form or in a BadRequest.
- The name that a client gives to a file is passed on as text, and never used as a path.
"""

import errno
import os
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from japy.core.charset import UTF_8, codec_name, decode_text
from japy.core.codec import Form
from japy.core.errors import MalformedForm
from japy.core.limits import Limits
from japy.core.response import charset_of

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
CHARSET_FIELD = "_charset_"  # RFC 7578 §4.6: names the charset of the other fields

ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
MAX_BOUNDARY = 70  # RFC 2046 §5.1.1


class File(NamedTuple):
    """A file that was uploaded.

    Attributes:
        type: media type that the client says, in lower case and without parameters; None if it
            says none.
        body: the content.
        name: file name that the client says; None if it says none. It can be anything, also the
            path of another file: show it, but do not open it.
    """

    type: str | None
    body: bytes
    name: str | None

    def read(self) -> bytes:
        """Return the content."""
        return self.body

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the content to a file, which is replaced if it is there.

        Args:
            path: of the file; the name that the client gave is not used.

        Raises:
            IsADirectoryError: the path is a directory.
        """
        target = os.fspath(path)
        if os.path.isdir(target):
            reason = "Name the file to write, not its directory (the client's name is not used)"
            raise IsADirectoryError(errno.EISDIR, reason, target)
        with open(target, "wb") as file:
            file.write(self.body)


def read_form(limits: Limits, content_type: str, body: bytes | None) -> Form | None:
    """Return the form that a body is; None if it is none by its type.

    Args:
        limits: what a form is held to.
        content_type: of the body.
        body: None if there is none.

    Raises:
        MalformedForm: it breaks the grammar of its type, or a limit.
        MalformedText: a field is not in the encoding it is said to be in.
        UnknownEncoding: there is no such encoding.
    """
    mime_type = content_type.partition(";")[0].strip().lower()
    if mime_type == URLENCODED:
        encoding = charset_of(content_type) or UTF_8
        return Form(read_urlencoded(body or b"", encoding, limits), None)
    if mime_type == MULTIPART:
        return Form([], []) if body is None else read_multipart(body, content_type, limits)
    return None


def read_urlencoded(body: bytes, encoding: str, limits: Limits) -> list[tuple[str, str]]:
    """Return the fields in order; bytes that are not in the encoding become U+FFFD."""
    if len(body) > limits.form_text:
        raise MalformedForm(f"urlencoded form over {limits.form_text} bytes")
    if body.count(b"&") >= limits.form_fields:
        raise MalformedForm(f"more than {limits.form_fields} fields")
    codec = codec_name(encoding)
    if "&".encode(codec, "replace") != b"&":  # such as UTF-16: only the text can be taken apart
        body, codec = body.decode(codec, "replace").encode("utf-8", "replace"), UTF_8
    pairs = (field.partition(b"=") for field in body.split(b"&") if field)
    return [(unquoted(name, codec), unquoted(value, codec)) for name, _, value in pairs]


def unquoted(data: bytes, codec: str) -> str:
    """Return the text that a name or a value stands for; "%" without two digits stays."""
    # PERF: the standard library takes 0.8 us for each "%": 13 s of a worker for 16 MB of them.
    if b"%" in data:
        data = ESCAPES.sub(unescape, data.replace(b"+", b" "))
    else:
        data = data.replace(b"+", b" ")
    return data.decode(codec, "replace")


def unescape(match: re.Match[bytes]) -> bytes:
    """Return the bytes that escapes in a row stand for."""
    return bytes.fromhex(match[0].replace(b"%", b"").decode("ascii"))


def read_multipart(body: bytes, content_type: str, limits: Limits) -> Form:
    """Return fields and files in order."""
    import multipart  # type: ignore[import-untyped]  # it has no types

    boundary = multipart.parse_options_header(content_type)[1].get("boundary", "")
    if not boundary:
        raise MalformedForm("no boundary in Content-Type")
    if len(boundary) > MAX_BOUNDARY:
        raise MalformedForm(f"boundary over {MAX_BOUNDARY} characters")
    parser = multipart.PushMultipartParser(
        boundary,
        max_segment_count=limits.form_fields,
        max_header_count=limits.part_fields,
        max_header_size=limits.part_head,
        strict=True,
    )
    try:
        with parser:
            return read_parts(parser.parse(body), limits.form_text)
    except multipart.MultipartError as error:
        raise MalformedForm(str(error.args[0])) from error


def read_parts(events: Iterable[Any], max_text: int) -> Form:
    """Return fields and files in order; a part with a file name or a type is a file.

    Args:
        events: for each part its head, bytes of its content, and None.
        max_text: bytes of the longest text field.
    """
    texts: list[tuple[str, bytes]] = []
    files: list[tuple[str, File]] = []
    chunks: list[bytes] = []
    part: Any = None
    for event in events:
        if isinstance(event, bytes):
            chunks.append(event)
        elif event is not None:
            part = event
            chunks.clear()
        elif part.filename is not None or part.content_type is not None:
            content = b"".join(chunks)
            files.append((part.name, File(part.content_type, content, part.filename)))
        else:
            texts.append((part.name, b"".join(chunks)))
    return Form(decoded(texts, max_text), files)


def decoded(texts: list[tuple[str, bytes]], max_text: int) -> list[tuple[str, str]]:
    """Return the text fields of a multipart form as text."""
    if any(len(data) > max_text for _, data in texts):
        raise MalformedForm(f"text field over {max_text} bytes")
    encoding = UTF_8
    for name, data in texts:
        if name == CHARSET_FIELD:
            encoding = data.decode("ascii", "replace")
    return [(name, decode_text(data, encoding)) for name, data in texts]
