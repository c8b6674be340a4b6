"""The application under attack: that of `bench/memory`, big answers, and a loud log.

Errors that nobody asked for go to stderr, where the bench finds them. `/trim` gives freed memory
back to the kernel, so that what is resident afterwards is in use.
"""

import contextlib
import ctypes
import logging
import sys
from pathlib import Path

from japy import Request, Response

sys.path.append(str(Path(__file__).resolve().parents[3]))  # `bench` is nowhere installed

from bench.memory.servers.japy_app import app

ASKED_FOR = "as asked"  # what the handlers of /fail say


def is_news(record: logging.LogRecord) -> bool:
    """Tell whether no request has asked for what is logged."""
    error = record.exc_info and record.exc_info[1]
    return not (isinstance(error, LookupError) and ASKED_FOR in str(error))


alarm = logging.StreamHandler()
alarm.setLevel(logging.WARNING)
logging.getLogger("japy.error").addHandler(alarm)
logging.getLogger("japy.error").addFilter(is_news)


@app.route("/fresh/{size}")
def fresh(request: Request) -> Response:
    return request.Response(body=b"x" * int(request.match_dict["size"]))


@app.route("/fresh/async/{size}")
async def fresh_async(request: Request) -> Response:
    return fresh(request)


@app.route("/trim")
def trim(request: Request) -> Response:
    with contextlib.suppress(AttributeError, OSError):  # no glibc
        ctypes.CDLL(None).malloc_trim(0)
    return request.Response(text="trimmed")
