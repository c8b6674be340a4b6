"""The floor: what uvloop and the kernel cost when nobody parses anything.

Answers of a GET are counted by the blank lines that arrive, those of a POST by its bytes: a
connection sends one kind of request only, so its first bytes say which. Sends no `Date`.
"""

import asyncio
import sys
from typing import cast

import uvloop

BLANK = b"\r\n\r\n"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


def answer(body: bytes, mime_type: str = TEXT) -> bytes:
    """Return a whole response."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nContent-Type: {mime_type}\r\n\r\n"
    return head.encode() + body


HELLO = answer(b"Hello world!")
ANSWERS = {
    b"/json": answer(b'{"message":"Hello world!"}', JSON),
    b"/users/42": answer(b"42"),
    b"/post": answer(b"Ada Lovelace"),
    b"/upload": answer(b"1048576"),
}


def size_of_upload(first: bytes) -> int:
    """Return the size of one request with a body, 0 for a GET; `first` holds its whole head."""
    head, _, _ = first.partition(BLANK)
    _, found, value = head.lower().partition(b"content-length:")
    return len(head) + len(BLANK) + int(value.split(b"\r\n", 1)[0]) if found else 0


class Floor(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = cast("asyncio.Transport", transport).write
        self.answer = b""  # set by the first bytes
        self.size = 0  # of one request, where requests have a body
        self.received = 0  # bytes of the request that is arriving, where requests have a body
        self.rest = b""  # the head that has not ended, where requests have no body

    def data_received(self, data: bytes) -> None:
        if not self.answer:
            self.size = size_of_upload(data)
            self.answer = ANSWERS.get(data.split(b" ", 2)[1], HELLO)
        if self.size:
            count, self.received = divmod(self.received + len(data), self.size)
        else:
            if self.rest:
                data = self.rest + data
            count = data.count(BLANK)
            self.rest = b"" if data.endswith(BLANK) else data[data.rfind(BLANK) + 4 :]
        if count:
            self.write(self.answer * count)


async def serve(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Floor, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
