"""The compiled heart of japy: bytes in, bytes out, no input and no output of its own (sans-I/O).

Private: what users may rely on is listed in `japy/__init__.py`. Every other module of this package
is compiled by mypyc as one group and must behave the same when it is interpreted. The modules know
the standard library's pure parts and each other; sockets, the event loop, the clock and the log are
handed in by `japy/serving/worker.py`.
"""

from typing import Final

from japy.core import protocol

COMPILED: Final = not (protocol.__file__ or "").endswith(".py")
