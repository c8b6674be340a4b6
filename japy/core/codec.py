"""How the bodies of an application's requests are read, and how its JSON is written.

Knows which errors of a JSON library are its client's. Refuses to know any library, and forms:
`japy/application/codec.py` and `japy/application/form.py` do, and are handed in.

Invariant: the library is given UTF-8 without a byte order mark, whatever the client has sent.
"""

import json as stdlib_json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from mypy_extensions import mypyc_attr

from japy.core.charset import codec_name, decode_text
from japy.core.errors import MalformedJSON, MalformedText

if TYPE_CHECKING:
    from japy.application.form import File

Dumps = Callable[[Any], str | bytes]
Loads = Callable[[bytes], Any]

MARK: Final = b"\xef\xbb\xbf"  # RFC 8259 §8.1: a parser may ignore it
PLAIN: Final = ("utf_8", "utf_8_sig", "ascii")


@mypyc_attr(native_class=True)
class Form:
    """The fields of a form, and its files; None for a form that cannot have any."""

    def __init__(
        self, fields: list[tuple[str, str]], files: "list[tuple[str, File]] | None"
    ) -> None:
        self.fields: Final = fields
        self.files: Final = files


ReadForm = Callable[[str, bytes | None], Form | None]  # given the Content-Type and the body


@mypyc_attr(native_class=True)
class Codec:
    """How bodies are read and JSON is written; one per application.

    Args:
        dumps: encodes JSON.
        loads: decodes JSON, from UTF-8.
        read_form: reads a form, given the Content-Type and the body of a request; None if that is
            no form.
    """

    def __init__(self, dumps: Dumps, loads: Loads, read_form: ReadForm) -> None:
        self.dumps: Final = dumps
        # The standard library's accepts surrogates in UTF-8, and guesses other encodings.
        self.loads: Final = strict_loads if loads is stdlib_json.loads else loads
        self.read_form: Final = read_form

    def read_json(self, body: bytes, encoding: str | None) -> Any:
        """Return what a body says.

        Raises:
            MalformedJSON: it is no JSON, or not in that encoding.
            UnknownEncoding: there is no such encoding.
        """
        data = body
        if encoding and codec_name(encoding) not in PLAIN:
            data = self._in_utf_8(body, encoding)
        try:
            return self.loads(data.removeprefix(MARK))
        except ValueError as error:
            raise malformed(error, data) from error
        except RecursionError as error:
            raise MalformedJSON("nested too deeply", shown(data), None) from error

    def _in_utf_8(self, body: bytes, encoding: str) -> bytes:
        try:
            return decode_text(body, encoding).removeprefix("\ufeff").encode()
        except MalformedText as error:
            raise malformed(error, body) from error


def strict_loads(data: bytes) -> Any:
    """Decode JSON with the standard library."""
    return stdlib_json.loads(data.decode())


def malformed(error: ValueError, data: bytes) -> MalformedJSON:
    """Return the error that stands for one of a JSON library."""
    if isinstance(error, stdlib_json.JSONDecodeError):
        return MalformedJSON(error.msg, error.doc, error.pos)
    if isinstance(error, UnicodeDecodeError):
        return MalformedJSON(f"not {error.encoding}", shown(data), None)
    return MalformedJSON(str(error), shown(data), None)


def shown(data: bytes) -> str:
    """Return a body as text, for a person."""
    return data.decode("utf-8", "replace")
