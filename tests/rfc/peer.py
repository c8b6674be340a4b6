"""How other servers fared when they were asked, on a day that is named.

Knows numbers that somebody has to renew by hand: `python3 dev.py conformance --url ...` prints
them. Each server was given an application that reads the body and answers 200 to all methods.
"""

from collections.abc import Iterator

DAY = "2026-11-22"
ASKED = 760
PEERS = (
    "japy",
    "gunicorn 27.0.1 (gthread)",
    "aiohttp 3.14.5",
    "nginx 1.22.1 (as a proxy)",
    "Node 20.20.2",
    "uvicorn 0.54.0 (httptools 0.9.0)",
    "uvicorn 0.54.0 (h11 0.16.0)",
    "Japronto 0.1.2",
)
SCORES = {  # by topic or level: how many rows there are, and how many of them each has passed
    "Message and version": (68, 68, 66, 66, 64, 66, 63, 64, 64),
    "Request line and method": (41, 41, 33, 40, 41, 40, 38, 33, 28),
    "Target": (55, 55, 42, 48, 49, 40, 40, 32, 47),
    "Host": (62, 62, 29, 32, 39, 28, 25, 29, 23),
    "Fields": (66, 66, 66, 66, 50, 66, 66, 66, 66),
    "Content-Length": (60, 60, 60, 60, 59, 59, 60, 60, 55),
    "Transfer-Encoding": (60, 60, 56, 56, 59, 55, 55, 60, 47),
    "Chunks": (114, 114, 113, 108, 82, 109, 108, 94, 72),
    "Incomplete messages": (32, 32, 26, 32, 32, 32, 32, 32, 32),
    "Connections": (43, 43, 42, 35, 40, 37, 42, 43, 28),
    "Pipelining": (11, 11, 11, 6, 11, 6, 7, 9, 5),
    "Expect and 100": (26, 26, 21, 24, 25, 25, 24, 26, 18),
    "Upgrade": (24, 24, 23, 8, 24, 6, 6, 22, 19),
    "Answers": (8, 8, 7, 8, 8, 7, 8, 7, 4),
    "Request smuggling": (90, 90, 89, 88, 85, 88, 88, 81, 61),
    "MUST": (466, 466, 411, 397, 436, 390, 391, 410, 351),
    "SHOULD": (228, 228, 210, 216, 168, 210, 206, 183, 154),
    "OUGHT": (2, 2, 1, 1, 1, 1, 1, 1, 2),
    "MAY": (64, 64, 62, 63, 63, 63, 64, 64, 62),
    "all": (760, 760, 684, 677, 668, 664, 662, 658, 569),
}
NOTE = f"""\
The {ASKED} rows that need neither limits nor routes of japy's, sent on {DAY} to servers with their
own settings. Whatever the RFC allows is passed. The table was made for japy and is not weighed: 33
rows are about hosts that cannot be. So compare topics, not totals."""


def comparison() -> Iterator[str]:
    """Yield the lines of the comparison."""
    yield "\n## Other servers\n"
    yield NOTE
    yield "\n| topic | rows | " + " | ".join(PEERS) + " |"
    yield "|---|" + "---|" * (len(PEERS) + 1)
    for topic, (asked, *scores) in SCORES.items():
        yield f"| {topic} | {asked} | " + " | ".join(map(str, scores)) + " |"
